"""The headers of WebSocket frames: reads and checks those of a client, and builds those of a server. No I/O.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-------+-+-------------+-------------------------------+
    |F|R|R|R| opcode|M| length (7)  |  length of 16 bits (length    |
    |I|S|S|S|  (4)  |A|             |  126) or of 64 bits (127)     |
    |N|V|V|V|       |S|             |                               |
    | |1|2|3|       |K|             |                               |
    +-+-+-+-+-------+-+-------------+-------------------------------+
    |  masking key of 32 bits, if M is set  |  payload              |
    +---------------------------------------+-----------------------+

RFC 6455 section 5.2.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from rtpcodec.pump.frame_rules import BrokenFrame, reserved_bits
from rtpcodec.stream.fragments import MESSAGE_TOO_BIG, PROTOCOL_ERROR

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

FIN: Final = 0x80
MASKED: Final = 0x80
MAX_CONTROL_OCTETS: Final = 125
"""Limit on the payload of a control frame (section 5.5), and on a length without extension."""
MAX_SHORT_OCTETS: Final = 0xFFFF
"""Limit on a length of 16 bits."""

_KNOWN: Final = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_SHORT: Final = Struct("!BBH")
_LONG: Final = Struct("!BBQ")


class FrameHeader(NamedTuple):
    """The header of a received frame."""

    flags: int
    """Its first octet: FIN, reserved bits, opcode."""
    masked: bool
    payload_at: int
    """Where the payload begins, counted from the first octet of the header."""
    end: int
    """Where the frame ends, counted from the same octet."""
    minimal: bool
    """Whether the length is encoded in as few octets as possible."""

    @property
    def opcode(self) -> int:
        """Return the opcode, which may be an unknown one."""
        return self.flags & 0x0F

    @property
    def fin(self) -> bool:
        """Return whether the frame ends its message."""
        return self.flags >= FIN

    @property
    def payload_octets(self) -> int:
        """Return the octets of the payload."""
        return self.end - self.payload_at


def read_header(octets: bytes | bytearray, at: int = 0) -> FrameHeader | None:
    """Return the header that begins at `at`; None: some of its octets are missing. It is not checked."""
    available = len(octets) - at
    if available < 2:
        return None
    flags, second = octets[at], octets[at + 1]
    mask_octets = 4 if second & MASKED else 0
    length, header_octets, minimal = second & 0x7F, 2, True
    if length > MAX_CONTROL_OCTETS:
        header_octets = 4 if length == MAX_CONTROL_OCTETS + 1 else 10
        if available < header_octets:
            return None
        limit = MAX_CONTROL_OCTETS if header_octets == 4 else MAX_SHORT_OCTETS
        length = int.from_bytes(octets[at + 2 : at + header_octets])
        minimal = length > limit
    payload_at = header_octets + mask_octets
    if available < payload_at:
        return None
    return FrameHeader(flags, bool(mask_octets), payload_at, payload_at + length, minimal)


def header_fault(header: FrameHeader, max_octets: int) -> BrokenFrame | None:
    """Return the rule that the header of a client's frame breaks; None: none.

    Args:
        header: of a client's frame, not checked yet.
        max_octets: limit on the payload.
    """
    if header.flags & 0x70:
        return reserved_bits(header.flags & 0x40, header.flags & 0x20, header.flags & 0x10)
    detail = _detail(header)
    if detail:
        return BrokenFrame("frame", detail, PROTOCOL_ERROR)
    if header.payload_octets > max_octets:
        return BrokenFrame("size", f"a frame has more than {max_octets} octets", MESSAGE_TOO_BIG)
    return None


def _detail(header: FrameHeader) -> str:
    """Return in words what is wrong with a header without reserved bits; "" if it is valid."""
    octets, is_control = header.payload_octets, header.opcode >= CLOSE
    if header.opcode not in _KNOWN:
        return f"a frame has the unknown opcode {header.opcode}"
    if not header.masked:
        return "a client's frame is not masked"
    if not header.minimal:
        return f"the length {octets} of a frame is encoded in more octets than needed"
    if is_control and not header.fin:
        return "a control frame is fragmented"
    if is_control and octets > MAX_CONTROL_OCTETS:
        return f"a control frame has {octets} octets, at most {MAX_CONTROL_OCTETS} are allowed"
    return ""


def server_frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole frame of a server, which is not masked (section 5.1)."""
    octets = len(payload)
    if octets <= MAX_CONTROL_OCTETS:
        return bytes((FIN | opcode, octets)) + payload
    if octets <= MAX_SHORT_OCTETS:
        return _SHORT.pack(FIN | opcode, 126, octets) + payload
    return _LONG.pack(FIN | opcode, 127, octets) + payload
