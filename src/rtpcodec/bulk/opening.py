"""Opens the octets of a row as an audio file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from rtpcodec.bulk.rows import octets_of, path_of, raw_settings_of
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.input import HEAD_OCTETS, UNNAMED, InputFile
from rtpcodec.files.kinds import open_source
from rtpcodec.files.reading import AudioFileReader
from rtpcodec.files.source import MAX_PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live


class MemoryFile(io.BytesIO):
    """Octets with the interface of InputFile, without its buffer: a tenth of the cost per row."""

    __slots__ = ("file_name", "head")

    def __init__(self, octets: bytes, file_name: str) -> None:
        super().__init__(octets)
        self.file_name = file_name
        self.head = octets[:HEAD_OCTETS]


@dataclass(slots=True)
class OpenedRow:
    """A row whose header was read."""

    path: str
    octets: bytes
    file: InputFile
    """The file of the octets, at the first sample."""
    source: SoundSource
    notes: tuple[str, ...]

    @property
    def facts(self) -> AudioFacts:
        """Facts about the file so far."""
        found = self.source.facts
        return replace(found, notes=(*self.notes, *found.notes)) if self.notes else found

    def reader(self, pcm_hz: int, channel: int | None) -> AudioFileReader:
        """Return a reader of the sound at a rate. ValueError: the file does not have the channel."""
        return AudioFileReader(self.file, self.source, pcm_hz=pcm_hz, channel=channel, notes=self.notes)


def open_row(row: Mapping[str, Any]) -> OpenedRow:
    """Read the header of a row's file.

    Raises:
        AudioFileError: the file cannot be read.
        ValueError: an impossible member; so does TypeError.
        MissingExtra: a package is missing.
        MissingLibrary: a codec's shared library is missing.
    """
    path, octets = path_of(row), octets_of(row)
    file = cast("InputFile", MemoryFile(octets, path.rpartition("/")[2] or UNNAMED))
    source, notes = open_source(file, *raw_settings_of(row))
    return OpenedRow(path, octets, file, source, notes)


class DecodedSource(Live):
    """The mono sound of a file that was already decoded."""

    __slots__ = ("_pcm", "facts")

    def __init__(self, pcm: memoryview, facts: AudioFacts) -> None:
        self._pcm = pcm
        self.facts = replace(facts, samples=len(pcm) // 2)

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples."""
        octets = 2 * MAX_PIECE_FRAMES
        for at in range(0, len(self._pcm), octets):
            yield bytes(self._pcm[at : at + octets])

    def close(self) -> None:
        """Do nothing."""
