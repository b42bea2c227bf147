"""FLAC files of 16-bit samples, by libsndfile."""

from __future__ import annotations

from types import ModuleType
from typing import BinaryIO

from typing_extensions import Buffer

from rtpcodec.errors import MissingExtra


class FlacTarget:
    """Writes one FLAC file; its header is completed at the end. A file without samples gets one of silence."""

    __slots__ = ("_channels", "_is_empty", "_writer")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._is_empty = True
        self._writer = _soundfile().SoundFile(file, "w", sample_rate_hz, channels, "PCM_16", format="FLAC")

    def write(self, pcm: Buffer) -> None:
        """Encode and write whole frames of native int16 PCM."""
        octets = memoryview(pcm).cast("B")
        self._is_empty &= not octets
        self._writer.buffer_write(octets, "int16")

    def finish(self) -> None:
        """Write what the encoder holds, and the header with the length."""
        if self._is_empty:  # readers refuse a file without frames, and libsndfile does not write one
            self._writer.buffer_write(bytes(2 * self._channels), "int16")
        self._writer.close()


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int) -> FlacTarget:
    """Begin a FLAC file in an empty file object. ValueError: it is not seekable. MissingExtra."""
    if not file.seekable():
        raise ValueError("a FLAC file needs a seekable file object: its header says the length")
    return FlacTarget(file, sample_rate_hz, channels)


def _soundfile() -> ModuleType:
    from rtpcodec.audio import mp3  # noqa: PLC0415 -- it loads numpy

    try:
        return mp3.soundfile()
    except MissingExtra as error:
        raise MissingExtra("FLAC", "soundfile", "files") from error
