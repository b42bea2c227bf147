"""Reads WAV files whose data chunk is an MP3 file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from rtpcodec.audio.wav_format import WavFormat
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.mp3 import Mp3Source
from rtpcodec.pickling import Live


class _DataChunk:
    """The data chunk as a separate file."""

    def __init__(self, file: BinaryIO, octets: int | None) -> None:
        self._file = file
        self._left = octets
        """Octets left; None: up to the end of the file."""

    def read(self, octets: int) -> bytes:
        """Return as many octets as requested, fewer only at the end."""
        if self._left is None:
            return self._file.read(octets)
        found = self._file.read(min(octets, self._left))
        self._left -= len(found)
        return found


class Mp3InWav(Live):
    """Reads the MP3; rate and channels are those of its frames. Use from one thread at a time."""

    __slots__ = ("_notes", "_source")

    def __init__(self, file: BinaryIO, name: str, found: WavFormat, notes: tuple[str, ...]) -> None:
        """Find the first frame. AudioFileError, OSError, MissingExtra.

        Args:
            file: the file, at its data.
            name: name of the file, for errors.
            found: header of the file.
            notes: notes about the header.
        """
        self._notes = notes
        self._source = Mp3Source(_DataChunk(file, found.data_octets), name, at=found.data_at)

    @property
    def facts(self) -> AudioFacts:
        """Facts so far."""
        facts = self._source.facts
        return replace(facts, container="wav", notes=(*facts.notes, *self._notes))

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples. AudioFileError, OSError."""
        return self._source.pieces()

    def close(self) -> None:
        """Do nothing: the file is not this reader's."""
