"""AMR-WB frames in storage form: one octet of type and quality, then octets of speech (RFC 4867 section 5.3)."""

from __future__ import annotations

from rtpcodec.errors import PayloadError

FRAME_SAMPLES = 320
"""20 ms at 16 kHz, also in ticks of the RTP clock (RFC 4867 section 4.1)."""
MODES = 9
"""Frame types 0 to 8 are the speech modes, 6.60 to 23.85 kbit/s."""
DEFAULT_MODE = 2
"""12.65 kbit/s, the encoder's default: carriers' own switches use modes 0 to 2, and higher ones sounded choppy behind
them."""
SID = 9
"""Frame type of comfort noise."""
SPEECH_LOST = 14
"""Frame type of a lost speech frame."""
NO_DATA = 15
"""Frame type of a frame that was not sent or not received."""

SPEECH_BITS = {
    **dict(enumerate((132, 177, 253, 285, 317, 365, 397, 461, 477))),
    SID: 40,
    SPEECH_LOST: 0,
    NO_DATA: 0,
}
"""Bits after the header, by frame type (3GPP TS 26.201 table 2)."""
FRAME_OCTETS = {frame_type: 1 + (bits + 7) // 8 for frame_type, bits in SPEECH_BITS.items()}
"""Octets of a frame by its type, including the header."""
HEADER_ZEROS = 0b1000_0011
"""Bits of the header that are 0 in every frame."""
GOOD_QUALITY = 0b0000_0100
"""The quality bit of the header; 0: the frame is damaged."""
NO_DATA_FRAME = bytes([NO_DATA << 3 | GOOD_QUALITY])
"""The frame in place of one that was not received (RFC 4867 section 5.3)."""

# The header of a frame in storage form (RFC 4867 section 5.3):
#
#    0   1   2   3   4   5   6   7
#  +---+---+---+---+---+---+---+---+
#  | P |      FT       | Q | P | P |   then the speech bits of the type, padded with zeros to whole octets
#  +---+---+---+---+---+---+---+---+
#
#  P   padding, 0
#  FT  frame type: 0 to 8 speech, 9 SID, 14 lost speech, 15 no data; 10 to 13 are reserved
#  Q   frame quality: 1 good, 0 damaged


def frame_type(frame: bytes) -> int:
    """Return the type of a frame, after a check of its header and length. PayloadError names the broken rule.

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
