"""Reads Ogg files without Opus (Vorbis, FLAC, Speex) by libsndfile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any, BinaryIO, Final

from rtpcodec.errors import AudioFileError, MissingExtra
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.source import MAX_PIECE_FRAMES
from rtpcodec.pickling import Live

MAX_MEMORY_OCTETS: Final = 1024 * 1024
"""Limit of an unseekable stream in memory; beyond it, a temporary file is used, because libsndfile seeks."""
MAX_BEGINNING_OCTETS: Final = 1024 * 1024
"""The octets kept until the codecs are known; all streams of the file must begin within them."""
_READ_CODECS: Final = ("Vorbis", "FLAC", "Speex")


class Rewindable:
    """A file whose first octets can be read again, also an unseekable one."""

    __slots__ = ("_file", "_kept", "_kept_octets")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._kept: list[bytes] | None = []
        self._kept_octets = 0

    def read(self, octets: int, /) -> bytes:
        """Return as many octets as the file returns."""
        found = self._file.read(octets)
        if self._kept is not None:
            self._kept.append(found)
            self._kept_octets += len(found)
            if self._kept_octets > MAX_BEGINNING_OCTETS:
                self.drop_kept()
        return found

    @property
    def can_go_back(self) -> bool:
        """Whether all octets read so far are kept."""
        return self._kept is not None

    def drop_kept(self) -> None:
        """Drop the kept octets."""
        self._kept = None

    def from_start(self) -> BinaryIO:
        """Return a seekable copy of the whole file."""
        copy = tempfile.SpooledTemporaryFile(MAX_MEMORY_OCTETS)  # noqa: SIM115 -- its reader closes it
        copy.write(b"".join(self._kept or ()))
        self.drop_kept()
        shutil.copyfileobj(self._file, copy)
        copy.seek(0)
        return copy  # type: ignore[return-value]  # has all that BinaryIO has


class SndfileSource(Live):
    """Reads a file by libsndfile. Use from one thread at a time."""

    __slots__ = ("_copy", "_reader", "facts")

    def __init__(self, copy: BinaryIO, reader: Any, codec: str) -> None:
        self._copy = copy
        self._reader = reader
        self.facts = AudioFacts(
            container="ogg", codec=codec, sample_rate_hz=reader.samplerate, channels=reader.channels
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield PCM."""
        samples = 0
        while len(pcm := self._reader.read(MAX_PIECE_FRAMES, dtype="int16", always_2d=True)):
            samples += len(pcm)
            yield pcm.tobytes()
        self.facts = replace(self.facts, samples=samples)

    def close(self) -> None:
        """Close the copy."""
        self._reader.close()
        self._copy.close()


def open_other(source: Rewindable, name: str, codecs: tuple[str, ...], offset_octets: int) -> SndfileSource:
    """Open an Ogg file of other codecs.

    Args:
        source: the file, whose first octets were read.
        name: name of the file, for errors.
        codecs: names of the codecs of its first link.
        offset_octets: the octet that errors name.

    Raises:
        AudioFileError: an unsupported codec, or a broken file.
        MissingExtra: soundfile is missing.
        OSError: the file cannot be read.
    """
    codec = next((one for one in codecs if one in _READ_CODECS), None)
    if codec is None:
        held = ", ".join(codecs) or "no beginning of a stream"
        raise AudioFileError(name, offset_octets, f"Ogg file has {held}, Opus is needed")
    if not source.can_go_back:
        rule = f"Ogg file has no page of sound within its first {MAX_BEGINNING_OCTETS} octets"
        raise AudioFileError(name, offset_octets, rule)
    try:
        soundfile = import_module("soundfile")
    except (ImportError, OSError) as error:
        raise MissingExtra(f"Ogg {codec}", "soundfile", "files") from error
    copy = source.from_start()
    try:
        return SndfileSource(copy, soundfile.SoundFile(copy), codec)
    except soundfile.LibsndfileError as error:
        copy.close()
        raise AudioFileError(name, offset_octets, f"libsndfile cannot read Ogg {codec}: {error.error_string}") from None
