"""Parser of the framing of Opus packets, without the library: mode, duration, frames, validity (RFC 6716 section 3).

The first octet of a packet is its TOC (RFC 6716 section 3.1):

     0   1   2   3   4   5   6   7
   +---+---+---+---+---+---+---+---+
   |      config       | s |   c   |
   +---+---+---+---+---+---+---+---+

   config  mode, bandwidth and frame size, 0 to 31
   s       0: mono, 1: stereo
   c       0: one frame
           1: two frames of equal length
           2: two frames, after the length of the first
           3: any number of frames, and the frame count octet follows

The frame count octet of code 3 (RFC 6716 section 3.2.5):

     0   1   2   3   4   5   6   7
   +---+---+---+---+---+---+---+---+
   | v | p |           M           |
   +---+---+---+---+---+---+---+---+

   v       0: all frames have equal length, 1: a length precedes each frame but the last
   p       1: the packet ends in padding, whose length follows this octet
   M       number of frames, at least 1 and at most 120 ms
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from typing_extensions import Buffer

from rtpcodec.errors import PayloadError

__all__ = ["OpusPacket", "duration_ticks", "parse"]

CLOCK_HZ = 48000
"""Durations are ticks of this clock, whatever the bandwidth (RFC 7587 section 4.1)."""
MAX_FRAME_OCTETS = 1275
MAX_TICKS = 5760
"""120 ms, the longest packet."""
MAX_OCTETS = 65535
"""48 frames of maximum size need 61,296 octets with their lengths. More is padding, and does not fit a datagram."""

Mode = Literal["SILK", "hybrid", "CELT"]
Bandwidth = Literal["narrow", "medium", "wide", "super-wide", "full"]

_TICKS_OF_SILK = (480, 960, 1920, 2880)
_TICKS_OF_HYBRID = (480, 960)
_TICKS_OF_CELT = (120, 240, 480, 960)
_GROUPS: tuple[tuple[Mode, Bandwidth, tuple[int, ...]], ...] = (
    ("SILK", "narrow", _TICKS_OF_SILK),
    ("SILK", "medium", _TICKS_OF_SILK),
    ("SILK", "wide", _TICKS_OF_SILK),
    ("hybrid", "super-wide", _TICKS_OF_HYBRID),
    ("hybrid", "full", _TICKS_OF_HYBRID),
    ("CELT", "narrow", _TICKS_OF_CELT),
    ("CELT", "wide", _TICKS_OF_CELT),
    ("CELT", "super-wide", _TICKS_OF_CELT),
    ("CELT", "full", _TICKS_OF_CELT),
)
_CONFIGS = tuple((mode, bandwidth, ticks) for mode, bandwidth, sizes in _GROUPS for ticks in sizes)
"""By the configuration number, 0 to 31 (RFC 6716 section 3.1, table 2)."""


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """The framing of a valid packet."""

    config: int
    mode: Mode
    bandwidth: Bandwidth
    stereo: bool
    frame_ticks: int
    """Duration of one frame at 48 kHz."""
    frame_octets: tuple[int, ...]
    """The length of each frame; 0: a frame without data, as in DTX."""

    @property
    def ticks(self) -> int:
        """Duration of the packet at 48 kHz."""
        return self.frame_ticks * len(self.frame_octets)


def parse(packet: Buffer) -> OpusPacket:
    """Parse a packet's framing. PayloadError names the broken rule of RFC 6716 section 3.4, R1 to R7.

    >>> parsed = parse(bytes([0x4B, 3, 10, 20, 30]))
    >>> parsed.mode, parsed.bandwidth, parsed.ticks, parsed.frame_octets
    ('SILK', 'wide', 2880, (1, 1, 1))
    """
    octets = memoryview(packet).cast("B")
    if not octets:
        raise PayloadError("Opus packet has 0 octets, at least 1 is needed (R1)")
    if len(octets) > MAX_OCTETS:
        raise PayloadError(f"Opus packet has {len(octets)} octets, at most {MAX_OCTETS} are taken")
    # TOC: config, s, c.
    config, code = octets[0] >> 3, octets[0] & 3
    mode, bandwidth, frame_ticks = _CONFIGS[config]
    lengths = (_one, _two_equal, _two, _several)[code](octets, frame_ticks)
    if (longest := max(lengths)) > MAX_FRAME_OCTETS:
        raise PayloadError(f"Opus frame has {longest} octets, at most {MAX_FRAME_OCTETS} are allowed (R2)")
    return OpusPacket(config, mode, bandwidth, bool(octets[0] & 4), frame_ticks, lengths)


def duration_ticks(packet: Buffer) -> int:
    """Return the duration of a valid packet at 48 kHz. PayloadError: as for parse."""
    return parse(packet).ticks


def _one(octets: memoryview, _ticks: int) -> tuple[int, ...]:
    return (len(octets) - 1,)


def _two_equal(octets: memoryview, _ticks: int) -> tuple[int, ...]:
    rest = len(octets) - 1
    if rest % 2:
        raise PayloadError(
            f"Opus packet has {rest} octets for two frames of equal length, an even number is needed (R3)"
        )
    return rest // 2, rest // 2


def _two(octets: memoryview, _ticks: int) -> tuple[int, ...]:
    first, at = _length_at(octets, 1, len(octets), "R4")
    rest = len(octets) - at - first
    if rest < 0:
        raise PayloadError(f"Opus packet has {len(octets) - at} octets for frames, the first needs {first} (R4)")
    return first, rest


def _several(octets: memoryview, frame_ticks: int) -> tuple[int, ...]:
    if len(octets) < 2:
        raise PayloadError("Opus packet has 1 octet, a count of frames must follow (R6)")
    # Frame count octet: M, p, v.
    count, padded, variable = octets[1] & 63, octets[1] & 64, octets[1] & 128
    if not 1 <= count <= MAX_TICKS // frame_ticks:
        most = MAX_TICKS // frame_ticks
        raise PayloadError(f"Opus packet has {count} frames of {frame_ticks / 48:g} ms, 1 to {most} are allowed (R5)")
    at, end = _without_padding(octets) if padded else (2, len(octets))
    if variable:
        return _variable(octets, at, end, count)
    each, over = divmod(end - at, count)
    if over:
        raise PayloadError(f"Opus packet has {end - at} octets for {count} frames of equal length (R6)")
    return (each,) * count


def _without_padding(octets: memoryview) -> tuple[int, int]:
    """Return where the frames of a padded packet begin and end."""
    at, padding = 2, 0
    while True:
        if at == len(octets):
            raise PayloadError("Opus packet ends inside the length of its padding (R6, R7)")
        step = octets[at]
        at += 1
        padding += min(step, 254)
        if step < 255:
            break
    if at + padding > len(octets):
        raise PayloadError(f"Opus packet has {len(octets) - at} octets left, its padding needs {padding} (R6, R7)")
    return at, len(octets) - padding


def _variable(octets: memoryview, at: int, end: int, count: int) -> tuple[int, ...]:
    lengths = []
    for _ in range(count - 1):
        length, at = _length_at(octets, at, end, "R7")
        lengths.append(length)
    last = end - at - sum(lengths)
    if last < 0:
        raise PayloadError(f"Opus packet has {end - at} octets for frames, all but the last need {sum(lengths)} (R7)")
    return (*lengths, last)


def _length_at(octets: memoryview, at: int, end: int, rule: str) -> tuple[int, int]:
    """Return a frame's length, coded in one or two octets, and the offset after it (RFC 6716 section 3.2.1)."""
    if at >= end or (octets[at] >= 252 and at + 1 >= end):
        raise PayloadError(f"Opus packet ends inside the length of a frame ({rule})")
    if octets[at] < 252:
        return octets[at], at + 1
    return octets[at] + 4 * octets[at + 1], at + 2
