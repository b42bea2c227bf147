"""Reads MP3 files of any length, also several concatenated ones, with the borders of `audio.mp3`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from types import ModuleType
from typing import BinaryIO, Protocol

import numpy as np

from rtpcodec.audio.channels import interleave, split
from rtpcodec.audio.mp3_frames import FrameHeader
from rtpcodec.audio.mp3_scan import FILL_OCTETS, Part, Window, parts_along
from rtpcodec.audio.not_mp3 import describe_frameless, foreign
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.mp3_segments import PartDecoder
from rtpcodec.files.formats.sndfile import said_by, soundfile
from rtpcodec.files.rates import rate_change
from rtpcodec.files.source import MAX_PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live

_Frame = tuple[Part, FrameHeader, bytes]


class Readable(Protocol):
    """A file that returns as many octets as requested, fewer only at its end."""

    def read(self, octets: int, /) -> bytes:
        """Return the next octets."""


class Mp3Source(Live):
    """Reads an MP3 file; parts of another rate or number of channels get those of the first.

    Use from one thread at a time.
    """

    __slots__ = ("_at", "_first", "_frames", "_library", "_name", "_window", "facts")

    def __init__(self, file: Readable, name: str, *, at: int = 0) -> None:
        """Find the first frame. AudioFileError, OSError, MissingExtra.

        Args:
            file: the file, at its beginning.
            name: name of the file, for errors.
            at: offset of the beginning, for errors.
        """
        self._library = soundfile("MP3")
        self._name = name
        self._at = at
        head = file.read(FILL_OCTETS)
        if other := foreign(head):
            raise AudioFileError(name, at, f"it is {other}, an MP3 is needed")
        self._window = Window(head, file.read)
        self._frames = self._whole_frames()
        first = next(self._frames, None)
        if first is None:
            octets = self._window.begins + len(self._window.data)
            found = describe_frameless(head) if octets <= len(head) else f"{octets} octets without an MP3 frame"
            raise AudioFileError(name, at, f"it is {found}, an MP3 is needed")
        self._first = first
        stream = first[1].stream
        self.facts = AudioFacts(
            container="mp3", codec="MP3", sample_rate_hz=stream.sample_rate_hz, channels=stream.channels
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples of all parts. AudioFileError, OSError."""
        samples = 0
        frame_octets = 2 * self.facts.channels
        most = MAX_PIECE_FRAMES * frame_octets
        for pcm in self._sound():
            samples += len(pcm) // frame_octets
            for at in range(0, len(pcm), most):
                yield pcm[at : at + most]
        self.facts = replace(self.facts, samples=samples)

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""

    def _sound(self) -> Iterator[bytes]:
        """Yield all decoded samples, also those before an error."""
        part: _PartSound | None = None
        part_notes = _PartNotes()
        broken: AudioFileError | None = None
        try:
            for of_part, header, frame in chain((self._first,), self._frames):
                if part is None or part.part is not of_part:
                    if part is not None:
                        yield from part.rest()
                        part_notes.add(part.part)
                    part = _PartSound(self._library, of_part, header, self.facts)
                yield from part.pieces(frame)
            if part is not None:
                yield from part.rest()
                part_notes.add(part.part)
        except AudioFileError as error:
            broken = error
        except self._library.LibsndfileError as error:
            # The rest of the file cannot be decoded.
            rule = f"libsndfile cannot decode the frames before: {said_by(error)}"
            broken, part = AudioFileError(self._name, self._at + self._window.begins, rule), None
        if broken is not None:
            if part is not None:
                yield from part.rest()
            raise broken
        self.facts = replace(self.facts, notes=part_notes.notes())

    def _whole_frames(self) -> Iterator[_Frame]:
        """Yield every frame with its part. AudioFileError, OSError."""
        try:
            for at, header, part in parts_along(self._window):
                if part is not None and header is not None:
                    yield part, header, self._window.data[at : at + header.octets]
        except ValueError as error:
            raise AudioFileError(self._name, self._at + self._window.broken_at, str(error)) from None


class _PartNotes:
    """Collects notes about concatenated files. Memory does not grow with their number."""

    __slots__ = ("_found", "_parts", "_said")

    def __init__(self) -> None:
        self._parts = 0
        self._said = self._found = 0  # frames of the parts that lack some

    def add(self, part: Part) -> None:
        """Add a part that has ended."""
        self._parts += 1
        if part.missing_frames:
            self._said += part.frames + part.missing_frames
            self._found += part.frames

    def notes(self) -> tuple[str, ...]:
        """Return one sentence per kind of note."""
        notes = [f"{self._parts} MP3 files are concatenated"] if self._parts > 1 else []
        if self._said:
            notes.append(f"the header frame says {self._said} frames, the file has {self._found}")
        return tuple(notes)


class _PartSound(Live):
    """Decodes one of the concatenated files to rate and channels of the first."""

    __slots__ = ("_channels", "_decoder", "_from_channels", "_rates", "part")

    def __init__(self, library: ModuleType, part: Part, header: FrameHeader, wanted: AudioFacts) -> None:
        self.part = part
        self._decoder = PartDecoder(library, part)
        self._from_channels = header.stream.channels
        self._channels = wanted.channels
        from_hz = header.stream.sample_rate_hz
        self._rates = [rate_change(from_hz, wanted.sample_rate_hz) for _ in range(wanted.channels)]

    def pieces(self, frame: bytes) -> Iterator[bytes]:
        """Decode a frame, and yield the samples that are complete. LibsndfileError."""
        if pcm := self._decoder.decode(frame):
            parts = (rate.pieces(one) for rate, one in zip(self._rates, self._side_by_side(pcm), strict=True))
            yield from map(_together, zip(*parts, strict=True))

    def rest(self) -> Iterator[bytes]:
        """Yield the last samples of the part. LibsndfileError."""
        pcm = self._decoder.rest()
        parts = (
            chain(rate.pieces(one), rate.rest()) for rate, one in zip(self._rates, self._side_by_side(pcm), strict=True)
        )
        yield from map(_together, zip(*parts, strict=True))

    def _side_by_side(self, pcm: bytes) -> tuple[bytes, ...]:
        """Return every channel: mono twice for stereo; the mean of stereo for mono, rounded down."""
        if self._from_channels == self._channels:
            return (pcm,) if self._channels == 1 else split(pcm)
        if self._channels > 1:
            return (pcm, pcm)
        every = np.frombuffer(pcm, np.int16).reshape(-1, 2)
        return (((every[:, 0].astype(np.int32) + every[:, 1]) >> 1).astype(np.int16).tobytes(),)


def _together(channels: tuple[bytes, ...]) -> bytes:
    return channels[0] if len(channels) == 1 else interleave(channels)


def open_source(file: BinaryIO, name: str) -> SoundSource:
    """Open a file at its beginning. AudioFileError, OSError, MissingExtra."""
    return Mp3Source(file, name)
