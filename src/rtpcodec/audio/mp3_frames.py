"""Frames of MPEG audio layer III: their headers, and header frames, which precede the audio and describe it.

Headers: ISO/IEC 11172-3 section 2.4.2.3 (MPEG-1), 13818-3 section 2.4.2.3 (MPEG-2), and MPEG-2.5, which is not
standardised. Header frames: Xing, Info (the same for constant bit rates, with LAME's delays) and VBRI.

The header of a frame:

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +---------------------+---+---+-+-------+---+-+-+---+---+-+-+---+
   |     sync, all 1     |ver|lay|C| rate  | f |P|p|mod|ext|c|o|emp|
   +---------------------+---+---+-+-------+---+-+-+---+---+-+-+---+

   ver   11: MPEG-1, 10: MPEG-2, 00: MPEG-2.5         lay  01: layer III
   C     0: a CRC of 16 bits follows the header       rate index of the bit rate; 0: free format, 15: invalid
   f     index of the sample rate; 3: reserved        P    1: one octet of padding
   mod   11: mono, others: two channels               emp  10: reserved
   p, ext, c, o  private bit, mode extension, copyright, original: not evaluated
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

HEADER_OCTETS: Final = 4
CRC_OCTETS: Final = 2
MAX_FRAME_OCTETS: Final = 1441
"""MPEG-1, 320 kbit/s, 32 kHz, padded."""
ENCODER_DELAY_SAMPLES: Final = 576
"""The delay of LAME, at every rate."""

_MPEG1_KBPS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBPS: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
BIT_RATES_KBPS: Final = {"1": _MPEG1_KBPS, "2": _MPEG2_KBPS, "2.5": _MPEG2_KBPS}
"""Bit rates of layer III by version; the first belongs to index 1 of a header."""
RATES_HZ: Final = {"1": (44_100, 48_000, 32_000), "2": (22_050, 24_000, 16_000), "2.5": (11_025, 12_000, 8000)}
"""Sample rates by version, in the order of a header's index."""
_VERSION_BITS: Final = {"1": 3, "2": 2, "2.5": 0}
_MONO: Final = 3

_XING_FRAMES, _XING_OCTETS, _XING_CONTENTS, _XING_QUALITY = 1, 2, 4, 8
_CONTENTS_OCTETS: Final = 100
_XING_OCTETS_IN_ALL: Final = 4 + 4 + 4 + 4 + _CONTENTS_OCTETS + 4
_LAME_DELAYS_OFFSET: Final = 21
_LAME_OCTETS: Final = 36
_VBRI_OFFSET: Final = HEADER_OCTETS + 32
"""The same for every version and number of channels."""
_ENCODER_NAME: Final = b"LAME"
"""Decoders evaluate delays only after this name."""


class Stream(NamedTuple):
    """The properties that all frames of one file share."""

    version: str
    """"1", "2" or "2.5"."""
    sample_rate_hz: int
    channels: int

    def __str__(self) -> str:
        return f"MPEG-{self.version}, {self.sample_rate_hz} Hz, {('mono', 'stereo')[self.channels - 1]}"


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The content of a frame's header."""

    stream: Stream
    bit_rate_kbps: int
    """0: free format, whose frame length is unknown."""
    padded: bool
    has_crc: bool
    samples: int
    """Samples per channel in a frame."""
    octets: int
    """Octets of the whole frame; 0 for free format."""

    @property
    def side_octets(self) -> int:
        """The side information's length (ISO/IEC 11172-3 section 2.4.1.7, 13818-3 section 2.4.1.7)."""
        if self.stream.version == "1":
            return 17 if self.stream.channels == 1 else 32
        return 9 if self.stream.channels == 1 else 17


def _header(stream: Stream, bit_rate_kbps: int, *, padded: bool, has_crc: bool) -> FrameHeader:
    samples = samples_in_frame(stream.version)
    octets = samples // 8 * bit_rate_kbps * 1000 // stream.sample_rate_hz + padded if bit_rate_kbps else 0
    return FrameHeader(stream, bit_rate_kbps, padded, has_crc, samples, octets)


def samples_in_frame(version: str) -> int:
    """Return the samples per channel in a frame: two granules of 576 in MPEG-1, one in the others."""
    return 1152 if version == "1" else 576


def _table(channels: int) -> dict[int, FrameHeader]:
    """Build all headers, by their second and third octet, so that a scan creates no object per frame."""
    table = {}
    for version, bits in _VERSION_BITS.items():
        for rate_index, rate_hz in enumerate(RATES_HZ[version]):
            stream = Stream(version, rate_hz, channels)
            for index, kbps in enumerate((0, *BIT_RATES_KBPS[version])):
                for low in range(8):  # no CRC, padding, private
                    key = (0xE2 | bits << 3 | low >> 2) << 8 | index << 4 | rate_index << 2 | low & 3
                    table[key] = _header(stream, kbps, padded=bool(low & 2), has_crc=not low & 4)
    return table


_MONO_HEADERS: Final = _table(1)
_STEREO_HEADERS: Final = _table(2)


def read_header(data: bytes, offset: int) -> FrameHeader | None:
    """Parse the layer III header at an offset. None: other octets, a reserved value, or fewer than 4 octets."""
    if offset + HEADER_OCTETS > len(data) or data[offset] != 0xFF:
        return None
    last = data[offset + 3]
    if last & 3 == 2:  # emphasis, reserved
        return None
    return (_MONO_HEADERS if last >> 6 == _MONO else _STEREO_HEADERS).get(data[offset + 1] << 8 | data[offset + 2])


class Info(NamedTuple):
    """The content of a header frame; None: it does not have the value."""

    frames: int | None
    octets: int | None
    """Octets of the file, from the header frame's first octet."""
    delay_samples: int | None
    """The encoder's delay, without that of a decoder, 529."""
    padding_samples: int | None
    """The encoder's padding at the end; a decoder needs 529 samples of it to output all audio."""


def _number(data: bytes, offset: int, octets: int = 4) -> int:
    return int.from_bytes(data[offset : offset + octets], "big")


def read_info(data: bytes, offset: int, header: FrameHeader) -> Info | None:
    """Parse the frame at an offset if it is a Xing, Info or VBRI frame, otherwise return None."""
    start = offset + HEADER_OCTETS + header.side_octets
    end = offset + header.octets
    for at in (start, start + CRC_OCTETS) if header.has_crc else (start,):
        if data.startswith((b"Xing", b"Info"), at, end):
            return _read_xing(data, at, end)
    at = offset + _VBRI_OFFSET
    if data.startswith(b"VBRI", at, end) and at + 18 <= end:
        return Info(_number(data, at + 14), _number(data, at + 10), None, None)
    return None


def _read_xing(data: bytes, offset: int, end: int) -> Info | None:
    flags = _number(data, offset + 4)
    at = offset + 8
    frames = octets = delay = padding = None
    if flags & _XING_FRAMES:
        frames, at = _number(data, at), at + 4
    if flags & _XING_OCTETS:
        octets, at = _number(data, at), at + 4
    at += _CONTENTS_OCTETS * bool(flags & _XING_CONTENTS) + 4 * bool(flags & _XING_QUALITY)
    if at + _LAME_DELAYS_OFFSET + 3 <= end and data[at : at + 1].isalpha():
        delays = _number(data, at + _LAME_DELAYS_OFFSET, 3)
        delay, padding = delays >> 12, delays & 0xFFF
    return Info(frames, octets, delay, padding) if at <= end else None


def info_frame(like: bytes, info: Info, *, is_vbr: bool) -> bytes:
    """Build a header frame for a file.

    Args:
        like: the header of one of the file's frames.
        info: the content; `info.octets` excludes the header frame.
        is_vbr: whether the bit rate is variable: Xing instead of Info.

    Raises:
        ValueError: `like` is not a header.
    """
    first = read_header(like, 0)
    if first is None:
        raise ValueError(f"octets {like[:HEADER_OCTETS].hex()} are not a header of an MP3 frame")
    needed = HEADER_OCTETS + first.side_octets + _XING_OCTETS_IN_ALL + _LAME_OCTETS
    index, octets = next(
        (index, octets)
        for index, kbps in enumerate(BIT_RATES_KBPS[first.stream.version], 1)
        if (octets := _header(first.stream, kbps, padded=False, has_crc=False).octets) >= needed
    )
    in_all = ((info.octets or 0) + octets).to_bytes(4, "big")
    body = bytes([0xFF, like[1] | 1, index << 4 | like[2] & 0x0C, like[3]]) + bytes(first.side_octets)
    body += (b"Xing" if is_vbr else b"Info") + (15).to_bytes(4, "big") + (info.frames or 0).to_bytes(4, "big") + in_all
    body += bytes(256 * step // _CONTENTS_OCTETS for step in range(_CONTENTS_OCTETS)) + bytes(4)
    if info.delay_samples is not None and info.padding_samples is not None:
        delays = info.delay_samples << 12 | info.padding_samples
        body += _ENCODER_NAME.ljust(_LAME_DELAYS_OFFSET, b"\0") + delays.to_bytes(3, "big") + bytes(4)
        body += in_all + bytes(2)
        body += crc16(body).to_bytes(2, "big")
    return body.ljust(octets, b"\0")


def silent_frame(like: bytes) -> bytes:
    """Build a frame without main data, which flushes a decoder, after a frame with the header `like`."""
    header = read_header(like, 0)
    if header is None:
        raise ValueError(f"octets {like[:HEADER_OCTETS].hex()} are not a header of an MP3 frame")
    return bytes([0xFF, like[1] | 1, like[2], like[3]]).ljust(header.octets, b"\0")


def crc16(octets: bytes) -> int:
    """Compute the checksum of an Info frame: polynomial 0x8005, reflected, initial value 0."""
    crc = 0
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
