"""Writes FLAC files of 16-bit samples by libsndfile."""

from __future__ import annotations

from typing import BinaryIO

from typing_extensions import Buffer

from rtpcodec.files.formats.sndfile import Drain, soundfile


class FlacTarget:
    """Writes one FLAC file; its header is completed at the end. A file without samples gets one sample of silence."""

    __slots__ = ("_channels", "_drain", "_is_empty", "_writer")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._is_empty = True
        library = soundfile("FLAC")
        self._drain = Drain(file)
        self._writer = library.SoundFile(self._drain, "w", sample_rate_hz, channels, "PCM_16", format="FLAC")
        self._drain.require()

    def write(self, pcm: Buffer) -> None:
        """Encode and write whole frames of native int16 PCM. OSError."""
        octets = memoryview(pcm).cast("B")
        self._is_empty &= not octets
        self._writer.buffer_write(octets, "int16")
        self._drain.require()

    def finish(self) -> None:
        """Write the remaining samples, and the header with the length. OSError."""
        if self._is_empty:  # readers refuse a file without frames, and libsndfile does not write one
            self._writer.buffer_write(bytes(2 * self._channels), "int16")
        self._writer.close()
        self._drain.require()


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int) -> FlacTarget:
    """Begin a FLAC file at the end of a file object. ValueError: it is not seekable. MissingExtra."""
    if not file.seekable():
        raise ValueError("a FLAC file needs a seekable file object: its header says the length")
    return FlacTarget(file, sample_rate_hz, channels)
