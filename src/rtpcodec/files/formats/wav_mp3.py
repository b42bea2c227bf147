"""WAV files whose data chunk is an MP3 file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from rtpcodec.audio.wav_format import WavFormat
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.mp3 import Mp3Source
from rtpcodec.files.formats.wav import notes_of
from rtpcodec.pickling import Live


class _DataChunk:
    """The data chunk as a file of its own."""

    def __init__(self, file: BinaryIO, octets: int | None) -> None:
        self._file = file
        self._left = octets
        """None: up to the end of the file."""

    def read(self, octets: int) -> bytes:
        """Return as many octets as asked for, fewer at the end only."""
        if self._left is None:
            return self._file.read(octets)
        found = self._file.read(min(octets, self._left))
        self._left -= len(found)
        return found


class Mp3InWav(Live):
    """Reads the MP3; its frames say rate and channels, whatever the WAV header says.

    Use from one thread at a time.
    """

    __slots__ = ("_found", "_source")

    def __init__(self, file: BinaryIO, name: str, found: WavFormat) -> None:
        """Look for the first frame; the file is at its data. AudioFileError, OSError, MissingExtra."""
        self._found = found
        self._source = Mp3Source(_DataChunk(file, found.data_octets), name, at=found.data_at)

    @property
    def facts(self) -> AudioFacts:
        """Facts known so far."""
        facts = self._source.facts
        return replace(facts, container="wav", notes=(*facts.notes, *notes_of(self._found)))

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples. AudioFileError, OSError."""
        return self._source.pieces()

    def close(self) -> None:
        """Do nothing: the file is not this reader's."""
