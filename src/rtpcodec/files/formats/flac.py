"""Reads FLAC files (RFC 9639) by libsndfile; samples of more than 16 bits keep the upper 16, as in WAV.

This module reads the metadata: pictures of any size are skipped, and libsndfile only gets STREAMINFO, without the
number of samples, which is unknown in pipes and wrong in damaged headers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from rtpcodec.audio.mp3_scan import begins_tag, tag_end
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.sndfile import Feed, frames_of, open_forward, said_by, soundfile
from rtpcodec.files.source import MAX_PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live

READ_BITS: Final = (8, 16, 24)
"""Bits per sample that libsndfile reads."""
PIECE_FRAMES: Final = 16_384
"""Frames per piece, fewer before an error."""
_MAGIC: Final = b"fLaC"
_STREAMINFO_OCTETS: Final = 34
_BEGINNING: Final = _MAGIC + b"\0\0\0" + bytes((_STREAMINFO_OCTETS,))
_LAST_BLOCK: Final = 0x80
_FORBIDDEN_BLOCK: Final = 127
_SMALLEST_BLOCK: Final = 192
"""The smallest block size with a code in the frame header."""
_TAG_HEAD_OCTETS: Final = 10
_COPY_OCTETS: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    """The first block of the metadata (RFC 9639 section 8.2)."""

    octets: bytes
    block_frames: int
    sample_rate_hz: int
    channels: int
    bits: int
    samples: int
    """0: not known."""


class FlacSource(Live):
    """Reads a FLAC file, and others concatenated to it. Use from one thread at a time."""

    __slots__ = ("_info", "_input", "_library", "facts")

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the metadata. AudioFileError, OSError, MissingExtra."""
        self._library = soundfile("FLAC")
        self._input = _Input(file, name)
        self._info = self._input.read_metadata()
        self.facts = AudioFacts(
            container="flac",
            codec=f"FLAC {self._info.bits}",
            sample_rate_hz=self._info.sample_rate_hz,
            channels=self._info.channels,
            samples=self._info.samples or None,
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples. AudioFileError, OSError."""
        samples = 0
        first: _StreamInfo | None = self._info
        frame_octets = 2 * self.facts.channels
        while first is not None:
            found = 0
            for piece in self._gathered(first):
                found += len(piece) // frame_octets
                yield piece
            samples += found
            if first.samples and found < first.samples:
                self._note(f"the header says {first.samples} samples, the file has {found}")
            first = self._following()
        self.facts = replace(self.facts, samples=samples)

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""

    def _gathered(self, info: _StreamInfo) -> Iterator[bytes]:
        """Yield pieces of one of the concatenated files."""
        waiting: list[bytes] = []
        frames = waiting_frames = 0
        broken: AudioFileError | None = None
        try:
            for block in self._blocks(info):
                waiting.append(block)
                waiting_frames += len(block) // (2 * info.channels)
                if waiting_frames >= PIECE_FRAMES:
                    yield b"".join(waiting)
                    frames += waiting_frames
                    waiting, waiting_frames = [], 0
        except self._library.LibsndfileError as error:
            if info.samples and frames + waiting_frames >= info.samples:
                self._note(f"octets that are not FLAC follow the last of {info.samples} samples")
            else:
                broken = self._input.error(f"libsndfile cannot decode the frames up to here: {said_by(error)}")
        if waiting:
            yield b"".join(waiting)
        if broken is not None:
            raise broken

    def _blocks(self, info: _StreamInfo) -> Iterator[bytes]:
        """Yield the samples of each FLAC frame: an error loses only its own frame."""
        feed = Feed(self._input.feed(_BEGINNING[:4] + b"\x80" + _BEGINNING[5:] + info.octets))
        with open_forward(self._library, feed) as reader:
            yield from frames_of(self._library, feed, reader, info.block_frames, info.samples)

    def _following(self) -> _StreamInfo | None:
        """Return the header of the next concatenated file; None: no file follows."""
        if not self._input.begins_another():
            return None
        info = self._input.read_metadata()
        said = info.sample_rate_hz, info.channels
        if said != (self.facts.sample_rate_hz, self.facts.channels):
            raise self._input.error(
                f"a FLAC file of {said[0]} Hz with {said[1]} channels is concatenated to one of "
                f"{self.facts.sample_rate_hz} Hz with {self.facts.channels}"
            )
        return info

    def _note(self, text: str) -> None:
        self.facts = replace(self.facts, notes=(*self.facts.notes, text))


class _Input:
    """Reads metadata, and returns the frames up to the begin of another file."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._at = 0
        self._ahead = b""
        """Octets read ahead."""

    def read_metadata(self) -> _StreamInfo:
        """Read up to the first frame. AudioFileError, OSError."""
        head = self._take(_TAG_HEAD_OCTETS)
        while begins_tag(head, 0) and head.startswith(b"ID3"):
            self._skip(tag_end(head, 0) - len(head))
            head = self._take(_TAG_HEAD_OCTETS)
        self._put_back(head)
        if self._take(4) != _MAGIC:
            raise AudioFileError(self._name, self._at - 4, f"it begins with octets {head[:4].hex(' ')}, not with fLaC")
        kind, octets = self._block_header()
        if kind & ~_LAST_BLOCK or octets != _STREAMINFO_OCTETS:
            raise self.error(
                f"its first block is of type {kind & 127} with {octets} octets, "
                f"STREAMINFO (type 0) with {_STREAMINFO_OCTETS} is needed"
            )
        info = self._stream_info(self._take(_STREAMINFO_OCTETS))
        while not kind & _LAST_BLOCK:
            kind, octets = self._block_header()
            if kind & ~_LAST_BLOCK == _FORBIDDEN_BLOCK:
                raise self.error("a block of its metadata is of type 127, which is forbidden")
            self._skip(octets)
        return info

    def feed(self, header: bytes) -> _Feeding:
        """Return the input of libsndfile: a header, then the frames of this file."""
        return _Feeding(self, header)

    def begins_another(self) -> bool:
        """Return whether a FLAC file begins here, without reading it."""
        head = self._take(len(_BEGINNING))
        self._put_back(head)
        return head == _BEGINNING

    def frames(self, octets: int) -> bytes:
        """Return at most this number of octets, up to the beginning of another file; none at the end."""
        # 1. The beginning may cross two reads, so the end of this one is checked again.
        found = self._take(octets + len(_BEGINNING))
        another = found.find(_BEGINNING)
        given = found[:octets] if another < 0 else found[: min(another, octets)]
        # 2. Octets read ahead are kept for the next read.
        self._put_back(found[len(given) :])
        return given

    def error(self, rule: str) -> AudioFileError:
        """Return an error at the current position."""
        return AudioFileError(self._name, self._at, rule)

    def _stream_info(self, octets: bytes) -> _StreamInfo:
        if len(octets) < _STREAMINFO_OCTETS:
            raise self.error(f"it ends after {len(octets)} of the {_STREAMINFO_OCTETS} octets of STREAMINFO")
        # RFC 9639 section 8.2:
        #    |   minimum block size (16)   |   maximum block size (16)   |
        #    |   minimum frame size (24)   |   maximum frame size (24)   |
        #    | sample rate (20) | channels - 1 (3) | bits per sample - 1 (5) | samples (36) |
        #    | MD5 of the samples (128) |
        least, most = struct.unpack_from(">HH", octets)
        packed = int.from_bytes(octets[10:18], "big")
        rate_hz, channels, bits = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
        if not rate_hz:
            raise self.error("its rate is 0 Hz, at least 1 is needed")
        if bits not in READ_BITS:
            raise self.error(f"its samples have {bits} bits, of FLAC {', '.join(map(str, READ_BITS))} are read")
        block = min(max(least, _SMALLEST_BLOCK), MAX_PIECE_FRAMES) if least <= most else _SMALLEST_BLOCK
        unknown = octets[:13] + bytes((octets[13] & 0xF0,)) + bytes(4 + 16)
        return _StreamInfo(unknown, block, rate_hz, channels, bits, packed & (1 << 36) - 1)

    def _block_header(self) -> tuple[int, int]:
        head = self._take(4)
        if len(head) < 4:
            raise self.error("it ends within its metadata")
        return head[0], int.from_bytes(head[1:], "big")

    def _skip(self, octets: int) -> None:
        while octets > 0:
            found = self._take(min(octets, _COPY_OCTETS))
            if not found:
                raise self.error("it ends within its metadata")
            octets -= len(found)

    def _take(self, octets: int) -> bytes:
        found, self._ahead = self._ahead[:octets], self._ahead[octets:]
        if len(found) < octets:
            found += self._file.read(octets - len(found))
        self._at += len(found)
        return found

    def _put_back(self, octets: bytes) -> None:
        self._ahead = octets + self._ahead
        self._at -= len(octets)


class _Feeding:
    """Returns a header, then frames."""

    def __init__(self, source: _Input, header: bytes) -> None:
        self._source = source
        self._header = header

    def __call__(self, octets: int) -> bytes:
        """Return up to so many octets."""
        found, self._header = self._header[:octets], self._header[octets:]
        return found or self._source.frames(octets)


def open_source(file: BinaryIO, name: str) -> SoundSource:
    """Open a file at its beginning. AudioFileError, OSError, MissingExtra."""
    return FlacSource(file, name)
