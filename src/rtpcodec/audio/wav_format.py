"""The header of a WAV file: its chunks up to the samples.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE, fmt), the WAVEFORMATEXTENSIBLE
structure, EBU Tech 3306 (RF64 and ds64), ITU-R BS.2088 (BW64).

Sizes are used only up to the end of the file. A writer that was killed, or that writes into a pipe, leaves the size 0
or 0xFFFFFFFF; then the samples extend to the end of the file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from rtpcodec.audio.file_headers import HEAD_OCTETS, kind_of
from rtpcodec.errors import AudioFileError

Coding = Literal["pcm", "float", "mulaw", "alaw", "other"]

MAX_SAMPLE_RATE_HZ: Final = 192_000
"""No telephony codec has a higher rate."""
MAX_CHUNKS: Final = 1000
"""Chunks before the samples; real files have fewer than 10."""
UNKNOWN_SIZE: Final = 0xFFFF_FFFF
"""The size if the writer does not know it yet; in RF64 and BW64 it refers to the ds64 chunk."""

_FORMS: Final = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_NAMES: Final = (b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ")
"""Chunks that may follow one of odd size without padding."""
_FMT_OCTETS: Final = 16
_EXTENSIBLE_OCTETS: Final = 40
_EXTENSIBLE: Final = 0xFFFE
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
"""The end of a subformat that contains a format tag: the tag, then these octets."""
_CODINGS: Final[dict[int, tuple[Coding, tuple[int, ...]]]] = {
    1: ("pcm", (1, 2, 3, 4)),
    3: ("float", (4, 8)),
    6: ("alaw", (1,)),
    7: ("mulaw", (1,)),
}
"""By format tag: the coding, and the octets that a sample may have."""
_READABLE: Final = "PCM of 8 to 32 bits, float of 32 or 64, mu-law and A-law are read"
_OTHER_TAGS: Final = {
    2: "Microsoft ADPCM",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG layer I or II",
    0x55: "MP3",
    0x92: "AC-3 by S/PDIF",
    0x161: "WMA",
}


@dataclass(frozen=True, slots=True)
class WavFormat:
    """The coding of a file's samples, and their position."""

    coding: Coding
    bits: int
    """Bits per sample by the header; they are the upper ones of its octets."""
    sample_octets: int
    channels: int
    sample_rate_hz: int
    big_endian: bool
    data_at: int
    """Offset of the first sample."""
    data_octets: int | None
    """Size of the samples by the header, limited to the file; None: up to the end of a stream of unknown length."""
    declared_octets: int | None = None
    """Size of the samples by the header, not limited; None: the header does not give it."""
    is_rf64: bool = False
    """Whether sizes have 64 bits: RF64 or BW64."""
    tag: int = 0
    """The format tag; for the coding `other` one of the requested tags."""

    @property
    def frame_octets(self) -> int:
        """Octets of one sample of all channels."""
        return self.sample_octets * self.channels


def read_format(file: BinaryIO, name: str, *, other_tags: Collection[int] = ()) -> WavFormat:
    """Read the header, and leave the file at its first sample.

    Args:
        file: positioned at the header; it need not be seekable if the fmt chunk precedes the samples.
        name: the file's name in errors.
        other_tags: more format tags to accept; their samples have the coding `other`.

    Raises:
        AudioFileError: the file breaks a rule, which the error names with value and offset; a ValueError.
        OSError: the file cannot be read.
    """
    return _Header(file, name, other_tags).read()


class _Header:
    """Reads the chunks of one file."""

    __slots__ = ("_at", "_declared", "_ds64", "_end", "_file", "_fmt_at", "_form", "_name", "_order", "_other_tags")

    def __init__(self, file: BinaryIO, name: str, other_tags: Collection[int]) -> None:
        self._file = file
        self._other_tags = other_tags
        self._name = name
        self._at = 0
        self._fmt_at = 0
        self._declared: int | None = None
        self._end = _end_of(file)  # None: a stream
        self._form = b""
        self._order = "<"
        self._ds64: dict[bytes, int] = {}

    def read(self) -> WavFormat:
        """Read chunk by chunk until format and samples are found."""
        self._read_form()
        fmt: bytes | None = None
        data: tuple[int, int | None] | None = None
        for _ in range(MAX_CHUNKS):
            head = self._take(8)
            if len(head) < 8:
                break
            chunk, size = head[:4], struct.unpack(self._order + "L", head[4:])[0]
            begins = self._at
            if chunk == b"fmt ":
                self._fmt_at, fmt = begins, self._take(min(size, _EXTENSIBLE_OCTETS))
            elif chunk == b"ds64":
                self._read_ds64(self._take(min(size, 4096)))
            elif chunk == b"data" and data is None:
                data = (begins, self._data_octets(size))
            if data is not None and fmt is not None:
                self._move_to(data[0])
                return self._format(fmt, *data)
            if chunk == b"data":
                size = data[1] if data and data[1] is not None else size
            elif size == UNKNOWN_SIZE:
                size = self._ds64.get(chunk, size)
            if not self._move_behind(begins, size):
                break
        else:
            raise self._error(f"{MAX_CHUNKS} chunks come before its samples, fewer are needed")
        raise self._error("it ends without a " + ("data chunk" if fmt is not None else "fmt chunk"))

    def _read_form(self) -> None:
        head = self._take(12)
        self._form = head[:4]
        if self._form not in _FORMS:
            raise self._foreign(head)
        if len(head) < 12:
            raise self._error(f"it has {len(head)} octets, a header has at least 12")
        if head[8:] != b"WAVE":
            raise self._refused(f"is a RIFF file of form {head[8:]!r}, a WAV file ('WAVE') is needed", at=8)
        self._order = ">" if self._form == b"RIFX" else "<"

    def _foreign(self, head: bytes) -> AudioFileError:
        if not head:
            return self._refused("has 0 octets, a WAV file is needed", at=0)
        kind = kind_of(head + self._take(HEAD_OCTETS))
        found = f"is {kind.name}" if kind else f"begins with octets {head[:4].hex(' ')}"
        remedy = f"; {kind.remedy}" if kind else ""
        return self._refused(f"{found}, a WAV file is needed{remedy}", at=0)

    def _read_ds64(self, chunk: bytes) -> None:
        """Read sizes of 64 bits: of the form, of the samples, their number, then a table of other chunks."""
        if len(chunk) < 24:
            raise self._error(f"its ds64 chunk has {len(chunk)} octets, at least 24 are needed")
        self._ds64[b"data"] = struct.unpack_from("<Q", chunk, 8)[0]
        for offset in range(28, len(chunk) - 11, 12):
            name, size = struct.unpack_from("<4sQ", chunk, offset)
            self._ds64[name] = size

    def _data_octets(self, size: int) -> int | None:
        """Return how many octets of samples there are behind this place, given what the header says."""
        is_unknown = size == UNKNOWN_SIZE
        if is_unknown:
            size = self._ds64.get(b"data", 0)
        self._declared = size or None
        if self._end is None:
            return size or None
        left = self._end - self._at
        if not size and (is_unknown or not self._chunks_follow()):
            return left
        return min(size, left)

    def _chunks_follow(self) -> bool:
        """Whether chunks from here on fill the file exactly: then a size of 0 says that there are no samples."""
        begins = self._at
        follow = False
        for _ in range(MAX_CHUNKS):
            head = self._take(8)
            if len(head) < 8 or not all(0x20 <= octet < 0x7F for octet in head[:4]):
                break
            ends = self._at + int(struct.unpack(self._order + "L", head[4:])[0])
            padded = ends + ends % 2
            if self._end in (ends, padded):
                follow = True
                break
            if not self._move_to(padded):
                break
        self._move_to(begins)
        return follow

    def _format(self, fmt: bytes, data_at: int, data_octets: int | None) -> WavFormat:
        if len(fmt) < _FMT_OCTETS:
            raise self._error(f"its fmt chunk has {len(fmt)} octets, at least {_FMT_OCTETS} are needed")
        tag, channels, rate_hz, _, frame_octets, bits = struct.unpack_from(self._order + "HHLLHH", fmt)
        if tag == _EXTENSIBLE:
            tag = self._subformat(fmt)
        if tag not in _CODINGS and tag not in self._other_tags:
            found = _OTHER_TAGS.get(tag, "unknown")
            raise self._refused(f"has format tag {tag} ({found}), {_READABLE}")
        if not channels:
            raise self._refused("has 0 channels, at least 1 is needed")
        if not 0 < rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise self._refused(f"has a rate of {rate_hz} Hz, 1 to {MAX_SAMPLE_RATE_HZ} are allowed")
        big_endian, is_rf64 = self._order == ">", self._form in (b"RF64", b"BW64")
        known = rate_hz, big_endian, data_at, data_octets, self._declared, is_rf64, tag
        if tag not in _CODINGS:
            return WavFormat("other", bits, 1, channels, *known)
        coding, possible = _CODINGS[tag]
        # A sample may have more octets than its bits need. A frame that is not made of equal samples is not believed.
        octets = frame_octets // channels
        if frame_octets % channels or octets not in possible or 8 * octets < bits:
            octets = -(-bits // 8)
        if len(possible) == 1:
            octets, bits = possible[0], 8 * possible[0]
        if octets not in possible or not bits:
            raise self._refused(f"has {coding} samples of {bits} bits, {_READABLE}")
        return WavFormat(coding, bits, octets, channels, *known)

    def _subformat(self, fmt: bytes) -> int:
        if len(fmt) < _EXTENSIBLE_OCTETS:
            raise self._error(f"its extensible fmt chunk has {len(fmt)} octets, {_EXTENSIBLE_OCTETS} are needed")
        if fmt[26:40] != _GUID_TAIL:
            raise self._refused(f"has subformat {fmt[24:40].hex()}, {_READABLE}")
        return int(struct.unpack_from(self._order + "H", fmt, 24)[0])

    def _take(self, octets: int) -> bytes:
        found = self._file.read(octets) or b""
        self._at += len(found)
        return found

    def _move_to(self, at: int) -> bool:
        """Go to an offset; False: the file ends before it. Only a file can go back."""
        if self._end is not None:
            if at > self._end:
                return False
            self._file.seek(at - self._at, os.SEEK_CUR)
            self._at = at
            return True
        if at < self._at:
            raise self._error("its fmt chunk comes behind its samples, which only a seekable file may have")
        while self._at < at:
            if not self._take(min(at - self._at, 1 << 16)):
                return False
        return True

    def _move_behind(self, begins: int, size: int) -> bool:
        """Go to the chunk behind this one. After an odd size, some writers leave out the octet of padding."""
        end = begins + size
        if not self._move_to(end):
            return False
        if size % 2 == 0:
            return True
        if self._end is None:
            return bool(self._take(1))
        name = self._take(4)
        return self._move_to(end if name in _NAMES else min(end + 1, self._end))

    def _refused(self, rule: str, at: int | None = None) -> AudioFileError:
        """Return the error; where it lies is in its attributes, None: at the fmt chunk."""
        error = AudioFileError(self._name, self._fmt_at if at is None else at, rule)
        error.args = (f"{self._name} {rule}",)
        return error

    def _error(self, rule: str) -> AudioFileError:
        error = AudioFileError(self._name, self._at, rule)
        error.args = (f"{self._name} is not a valid WAV file: {rule} (octet {self._at})",)
        return error


def _end_of(file: BinaryIO) -> int | None:
    """Return how many octets there are from here on; None: the file is a stream."""
    if not file.seekable():
        return None
    begins = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(begins)
    return end - begins
