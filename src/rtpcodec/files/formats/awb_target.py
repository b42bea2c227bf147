"""Writes AMR-WB storage files (.awb) frame by frame (docs/ogg-opus.md)."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from typing_extensions import Buffer

from rtpcodec.codecs._amrwb import AmrWbEncoder
from rtpcodec.codecs.amrwb import AMRWB
from rtpcodec.codecs.amrwb_frame import FRAME_SAMPLES
from rtpcodec.pickling import Live
from rtpcodec.rtp.payloads.amrwb_file import MAGIC

RATE_HZ: Final = 16_000
_FRAME_OCTETS: Final = 2 * FRAME_SAMPLES


class AwbTarget(Live):
    """Writes an .awb file. Use from one thread at a time. The file does not depend on how the PCM is divided."""

    __slots__ = ("_encoder", "_file", "_has_begun", "_is_finished", "_pending")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> None:
        """Create the encoder; nothing is written yet. ValueError, MissingLibrary."""
        if sample_rate_hz != RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, AMR-WB has {RATE_HZ}")
        if channels != 1:
            raise ValueError(f"channels is {channels}, an .awb file of 1 is written")
        self._encoder = AmrWbEncoder(AMRWB, RATE_HZ, **options)
        self._file = file
        self._pending = bytearray()
        self._has_begun = False
        self._is_finished = False

    def write(self, pcm: Buffer) -> None:
        """Encode PCM and write its frames. OSError; ValueError: an odd number of octets, or after finish."""
        if self._is_finished:
            raise ValueError("the file is finished")
        octets = memoryview(pcm).cast("B")
        if len(octets) % 2:
            raise ValueError(f"pcm has {len(octets)} octets, 16-bit samples need an even number")
        self._pending += octets
        self._write_whole()

    def _write_whole(self) -> None:
        done = len(self._pending) // _FRAME_OCTETS * _FRAME_OCTETS
        encode, pending = self._encoder.encode, self._pending
        frames = [encode(bytes(pending[at : at + _FRAME_OCTETS])) for at in range(0, done, _FRAME_OCTETS)]
        del pending[:done]
        magic = b"" if self._has_begun else MAGIC
        self._has_begun = True
        self._file.write(magic + b"".join(frames))

    def finish(self) -> None:
        """Write the remaining samples, padded with silence to a whole frame. Further calls do nothing. OSError."""
        if self._is_finished:
            return
        self._pending += bytes(-len(self._pending) % _FRAME_OCTETS)
        self._write_whole()
        self._is_finished = True


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> AwbTarget:
    """Begin an .awb file, which need not be seekable.

    Args:
        file: written in order, and left open.
        sample_rate_hz: 16000.
        channels: 1.
        options: options of AmrWbEncoder: mode (0 to 8, default 2) and dtx.

    Raises:
        ValueError: another rate, number of channels or option.
        MissingLibrary: the codec's shared library is missing.
    """
    return AwbTarget(file, sample_rate_hz, channels, **options)
