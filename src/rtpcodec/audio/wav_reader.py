"""A reader of WAV files, piece by piece, with bounded memory (docs/wav.md, Read)."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from rtpcodec.audio.wav_format import WavFormat, read_format
from rtpcodec.audio.wav_samples import converter
from rtpcodec.pickling import Live

BLOCK_OCTETS: Final = 256 * 1024
"""Octets read at once, or one frame if that is more. Memory use does not depend on the header."""


class WavReader(Live):
    """Reads native int16 mono PCM from a WAV file of any coding; a context manager, and an iterator over pieces.

    `format` describes the file, `sample_rate_hz` is its rate. Use from one thread at a time.
    """

    __slots__ = ("_convert", "_file", "_left", "_owned", "format", "name")

    def __init__(self, source: str | PathLike[str] | BinaryIO, *, channel: int | None = None) -> None:
        """Open a file and read its header.

        Args:
            source: the file's path, or a binary file, which stays open. It may be a pipe if the fmt chunk comes first.
            channel: the channel to read, from 0; None: the mean of all.

        Raises:
            ValueError: the file is not WAV, has an unsupported coding, or lacks the channel.
            OSError: the file cannot be read.
        """
        self._owned = isinstance(source, str | PathLike)
        self._file: BinaryIO
        if isinstance(source, str | PathLike):
            self.name = Path(source).name
            self._file = Path(source).open("rb")  # noqa: SIM115 -- this class is the context
        else:
            self.name = "the file"
            self._file = source
        try:
            self.format: WavFormat = read_format(self._file, self.name)
            self._convert = converter(self.format, channel, self.name)
        except BaseException:
            self.close()
            raise
        self._left = self.format.data_octets

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the samples."""
        return self.format.sample_rate_hz

    @property
    def sample_count(self) -> int | None:
        """Samples per channel in the file; None: a stream of unknown length."""
        octets = self.format.data_octets
        return None if octets is None else octets // self.format.frame_octets

    def read(self, samples: int) -> bytes:
        """Read this many samples, fewer only at the end, where an incomplete frame is dropped. OSError."""
        pieces = []
        while samples > 0:
            piece = self._piece(samples)
            if not piece:
                break
            samples -= len(piece) // 2
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the samples piece by piece, each at most BLOCK_OCTETS of the file."""
        while piece := self._piece(BLOCK_OCTETS):
            yield piece

    def _piece(self, samples: int) -> bytes:
        """Read at most a block, and at most this many samples; empty at the end."""
        frame = self.format.frame_octets
        wanted = frame * min(samples, max(1, BLOCK_OCTETS // frame))
        if self._left is not None:
            wanted = min(wanted, self._left // frame * frame)
        found = bytearray()
        while len(found) < wanted and (more := self._file.read(wanted - len(found))):
            found += more
        if self._left is not None:
            self._left -= len(found)
        return self._convert(bytes(found[: len(found) - len(found) % frame]))

    def close(self) -> None:
        """Close the file if it was opened by path. Calling it again does nothing."""
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_wav(path: str | PathLike[str], *, channel: int | None = None) -> tuple[bytes, int]:
    """Read a whole WAV file.

    Args:
        path: the file.
        channel: the channel to read, from 0; None: the mean of all.

    Returns:
        Its samples as native int16 mono PCM, and their rate in Hz.

    Raises:
        ValueError: the file is not WAV, has an unsupported coding, or lacks the channel.
        OSError: the file cannot be read.
    """
    with WavReader(path, channel=channel) as reader:
        return b"".join(reader), reader.sample_rate_hz
