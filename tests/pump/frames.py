"""Builds WebSocket frames octet by octet, valid ones and those that break a rule of RFC 6455."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN: Final = 0x80
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
MASK: Final = b"\x5a\xa5\x0f\xf0"


@dataclass(frozen=True)
class Frame:
    """One frame, right unless a member says otherwise."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    reserved: int = 0
    """Reserved bits, such as RSV1 | RSV3."""
    wrong_mask: bool = False
    """Whether it is unmasked from a client, or masked from a server."""
    length_octets: int = 0
    """Octets of the extended length: 2 or 8; 0: as few as possible."""

    def octets(self, *, from_client: bool) -> bytes:
        """Return the octets on the wire (section 5.2)."""
        masked = from_client is not self.wrong_mask
        flag, extended = self._length()
        head = (
            bytes([(FIN if self.fin else 0) | self.reserved | self.opcode, (0x80 if masked else 0) | flag]) + extended
        )
        if not masked:
            return head + self.payload
        return head + MASK + bytes(octet ^ MASK[at % 4] for at, octet in enumerate(self.payload))

    def _length(self) -> tuple[int, bytes]:
        octets = len(self.payload)
        extended = self.length_octets or (0 if octets < 126 else 2 if octets < 65536 else 8)
        if not extended:
            return octets, b""
        return {2: 126, 8: 127}[extended], octets.to_bytes(extended)


def close(code: int, reason: bytes = b"") -> Frame:
    """Return a close frame."""
    return Frame(CLOSE, code.to_bytes(2) + reason)


def closing(code: int) -> bytes:
    """Return the payload of a close frame without a reason."""
    return code.to_bytes(2)


@dataclass(frozen=True)
class Broken:
    """Frames that break a rule, and how the connection ends."""

    frames: tuple[Frame, ...]
    code: int
    """Of the close frame that answers them."""
    rule: str = "frame"
    detail: str = ""
    """A part of the report's detail."""


BAD_UTF8: Final = {
    "a lone octet": b"\xff",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond the last code point": b"\xf4\x90\x80\x80",
    "cut": b"\xce",
    "latin-1": "Jürgen".encode("latin-1"),
}

INVALID_CODES: Final = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
VALID_CODES: Final = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)

BROKEN: Final[dict[str, Broken]] = {
    # Section 5.2: reserved bits
    "RSV1 on a text": Broken((Frame(TEXT, b"{}", reserved=RSV1),), 1002, detail="RSV1 set without an extension"),
    "RSV2 on a binary": Broken((Frame(BINARY, b"{}", reserved=RSV2),), 1002, detail="RSV2 set"),
    "RSV3 on a ping": Broken((Frame(PING, reserved=RSV3),), 1002, detail="RSV3 set"),
    "RSV1 on a pong": Broken((Frame(PONG, reserved=RSV1),), 1002, detail="RSV1 set"),
    "all three on a close": Broken(
        (Frame(CLOSE, closing(1000), reserved=RSV1 | RSV2 | RSV3),), 1002, detail="RSV1, RSV2, RSV3 set"
    ),
    "RSV2 on a first fragment": Broken((Frame(TEXT, b"{", fin=False, reserved=RSV2),), 1002, detail="RSV2 set"),
    "RSV3 on a continuation": Broken(
        (Frame(TEXT, b"{", fin=False), Frame(CONTINUATION, b"}", reserved=RSV3)), 1002, detail="RSV3 set"
    ),
    # Section 5.2: opcodes, masks and lengths
    **{f"opcode {opcode:x}": Broken((Frame(opcode),), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "the wrong mask": Broken((Frame(TEXT, b"{}", wrong_mask=True),), 1002),
    "the wrong mask on a ping": Broken((Frame(PING, wrong_mask=True),), 1002),
    "2 octets for a short length": Broken((Frame(TEXT, b"{}", length_octets=2),), 1002),
    "8 octets for a short length": Broken((Frame(TEXT, b"{}", length_octets=8),), 1002),
    # Section 5.4: fragments
    "a continuation without a beginning": Broken((Frame(CONTINUATION, b"{}"),), 1002, "fragments"),
    "a first fragment without a beginning": Broken((Frame(CONTINUATION, b"{", fin=False),), 1002, "fragments"),
    "a text within fragments": Broken((Frame(TEXT, b"{", fin=False), Frame(TEXT, b"{}")), 1002, "fragments"),
    "a binary within fragments": Broken((Frame(TEXT, b"{", fin=False), Frame(BINARY, b"{}")), 1002, "fragments"),
    "two beginnings": Broken((Frame(BINARY, b"{", fin=False), Frame(TEXT, b"{", fin=False)), 1002, "fragments"),
    # Section 5.5: control frames
    **{
        f"a control frame {opcode:x} in fragments": Broken((Frame(opcode, fin=False),), 1002)
        for opcode in (CLOSE, PING, PONG)
    },
    **{
        f"a control frame {opcode:x} of 126 octets": Broken((Frame(opcode, bytes(126)),), 1002)
        for opcode in (CLOSE, PING, PONG)
    },
    # Section 5.5.1 and 7.4: close frames
    "a close frame of 1 octet": Broken((Frame(CLOSE, b"\x03"),), 1002),
    **{f"the close code {code}": Broken((close(code),), 1002) for code in INVALID_CODES},
    "a reason that is not UTF-8": Broken((close(1000, b"\xff"),), 1007),
    # Section 8.1: texts
    **{
        f"text with {name}": Broken((Frame(TEXT, b'{"event":"' + octets + b'"}'),), 1007, "utf8", "octet 1")
        for name, octets in BAD_UTF8.items()
    },
    "fragments with a cut character": Broken(
        (Frame(TEXT, b'"\xc3', fin=False), Frame(CONTINUATION, b'"')), 1007, "utf8", "octet 1: "
    ),
}


async def next_frame(reader: asyncio.StreamReader) -> Frame:
    """Read a frame without a mask."""
    first, second = await reader.readexactly(2)
    octets = second & 0x7F
    if octets > 125:
        octets = int.from_bytes(await reader.readexactly(2 if octets == 126 else 8))
    mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
    masked = await reader.readexactly(octets)
    payload = bytes(octet ^ mask[at % 4] for at, octet in enumerate(masked))
    return Frame(first & 0x0F, payload, fin=bool(first & FIN), reserved=first & 0x70)


async def frames_to_end(reader: asyncio.StreamReader) -> list[Frame]:
    """Read frames until the connection ends."""
    found = []
    while True:
        try:
            found.append(await next_frame(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            return found
