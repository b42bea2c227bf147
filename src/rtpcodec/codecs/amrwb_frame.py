"""AMR-WB frames in their storage form: one octet `0 FT(4) Q(1) 00`, then octets of speech (RFC 4867 section 5.3)."""

from __future__ import annotations

from rtpcodec.errors import PayloadError

FRAME_SAMPLES = 320
"""20 ms at 16 kHz, also in ticks of the RTP clock (RFC 4867 section 4.1)."""
MODES = 9
"""Frame types 0 to 8 are the speech modes, 6.60 to 23.85 kbit/s."""
DEFAULT_MODE = 2
"""12.65 kbit/s, which an encoder uses unless a mode is given: carriers' own switches use modes 0 to 2, and higher ones
were heard choppy behind them."""
SID = 9
"""Frame type of comfort noise."""
SPEECH_LOST = 14
"""Frame type that stands for a lost speech frame."""
NO_DATA = 15
"""Frame type that stands for nothing sent or nothing received."""

SPEECH_BITS = {
    **dict(enumerate((132, 177, 253, 285, 317, 365, 397, 461, 477))),
    SID: 40,
    SPEECH_LOST: 0,
    NO_DATA: 0,
}
"""Bits after the header of each frame type there is (3GPP TS 26.201 table 2)."""
FRAME_OCTETS = {frame_type: 1 + (bits + 7) // 8 for frame_type, bits in SPEECH_BITS.items()}
"""Octets of each frame type, the header among them."""
HEADER_ZEROS = 0b1000_0011
"""Bits of the header that are 0 in every frame."""
GOOD_QUALITY = 0b0000_0100
"""The quality bit of the header; 0: the frame is damaged."""
NO_DATA_FRAME = bytes([NO_DATA << 3 | GOOD_QUALITY])
"""What stands for a frame that was not received (RFC 4867 section 5.3)."""


def frame_type(frame: bytes) -> int:
    """The type of a frame whose header and length are right. PayloadError says what is wrong.

    >>> frame_type(bytes.fromhex("4c" "1234567890"))
    9
    """
    if not frame:
        raise PayloadError("AMR-WB frame has 0 octets, at least 1 is needed")
    header = frame[0]
    if header & HEADER_ZEROS:
        raise PayloadError(f"AMR-WB frame starts with octet 0x{header:02X}, its bits 7, 1 and 0 must be 0")
    kind = header >> 3
    octets = FRAME_OCTETS.get(kind)
    if octets is None:
        raise PayloadError(f"AMR-WB frame has type {kind}, types 10 to 13 are reserved")
    if len(frame) != octets:
        raise PayloadError(f"AMR-WB frame of type {kind} has {len(frame)} octets, {octets} are needed")
    return kind
