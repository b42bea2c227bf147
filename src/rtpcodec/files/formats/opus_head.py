"""The two headers of an Opus stream in Ogg: identification and comments (RFC 7845 section 5).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | "OpusHead"                                                    |
    |                                                               |
    | version 1     | channels      | pre-skip                      |
    | rate of the input in Hz                                       |
    | output gain                   | family        | mapping ...   |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

Integers are little-endian. Family 0 has no mapping.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEAD_MAGIC: Final = b"OpusHead"
TAGS_MAGIC: Final = b"OpusTags"
SILENT: Final = 255
"""The value of a mapping for a silent channel."""
VENDOR: Final = b"rtpcodec"

_FIXED: Final = struct.Struct("<8sBBHIhB")
_MAPPED_FAMILIES: Final = (1, 255)
_MAX_CHANNELS: Final = 2


class OpusHeadError(ValueError):
    """A header that breaks a rule, or of an unsupported stream; the text is the rule."""


@dataclass(frozen=True, slots=True)
class OpusHead:
    """The identification header."""

    channels: int
    pre_skip_samples: int
    """Samples to drop at the beginning, at 48 kHz."""
    input_rate_hz: int
    """The rate of the encoder's input; 0: unknown. The decoder does not use it."""
    gain_q8_db: int
    """The gain in decibels times 256."""
    coded_channels: int
    """The channels of the single Opus stream: 1, or 2 that are coded together."""
    mapping: tuple[int, ...]
    """Per channel, its channel in the stream, or SILENT."""

    @property
    def is_plain(self) -> bool:
        """Whether the channels are those of the stream, in order."""
        return self.mapping == tuple(range(self.coded_channels))


def read_head(packet: bytes) -> OpusHead:
    """Parse the first packet of a stream. OpusHeadError: it breaks a rule, or the stream is not supported."""
    if len(packet) < _FIXED.size:
        raise OpusHeadError(f"OpusHead has {len(packet)} octets, at least {_FIXED.size} are needed")
    _, version, channels, pre_skip, rate_hz, gain, family = _FIXED.unpack_from(packet)
    if version & 0xF0:
        raise OpusHeadError(f"OpusHead has version {version}, 0 to 15 are read (RFC 7845 section 5.1)")
    if channels == 0:
        raise OpusHeadError("OpusHead has 0 channels, at least 1 is needed (RFC 7845 section 5.1)")
    if family not in (0, *_MAPPED_FAMILIES):
        raise OpusHeadError(f"OpusHead has channel mapping family {family}, families 0, 1 and 255 are read")
    if channels > _MAX_CHANNELS:
        raise OpusHeadError(f"OpusHead has {channels} channels of family {family}, 1 or 2 are read")
    if family == 0:
        return OpusHead(channels, pre_skip, rate_hz, gain, channels, tuple(range(channels)))
    return OpusHead(channels, pre_skip, rate_hz, gain, *_mapped(packet, channels))


def _mapped(packet: bytes, channels: int) -> tuple[int, tuple[int, ...]]:
    """Return the channels of the stream, and the mapping (section 5.1.1)."""
    needed = _FIXED.size + 2 + channels
    if len(packet) < needed:
        raise OpusHeadError(f"OpusHead with a channel mapping has {len(packet)} octets, {needed} are needed")
    streams, coupled = packet[_FIXED.size], packet[_FIXED.size + 1]
    mapping = tuple(packet[_FIXED.size + 2 : needed])
    if streams != 1 or coupled > 1:
        raise OpusHeadError(f"OpusHead has {streams} streams, {coupled} of them coupled; one stream is read")
    if wrong := [one for one in mapping if one > coupled and one != SILENT]:
        raise OpusHeadError(f"OpusHead maps channel {wrong[0]}, the stream has {1 + coupled} (RFC 7845 section 5.1.1)")
    return 1 + coupled, mapping


def head_octets(channels: int, pre_skip_samples: int, input_rate_hz: int) -> bytes:
    """Return the identification header of a stream of 1 or 2 channels without gain."""
    return _FIXED.pack(HEAD_MAGIC, 1, channels, pre_skip_samples, input_rate_hz, 0, 0)


def tags_octets() -> bytes:
    """Return the comment header with the program's name, without comments (section 5.2)."""
    return TAGS_MAGIC + struct.pack("<I", len(VENDOR)) + VENDOR + struct.pack("<I", 0)
