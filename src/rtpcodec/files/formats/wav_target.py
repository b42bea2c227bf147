"""Writes WAV files of 16-bit PCM, any number of channels."""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO, Final

from typing_extensions import Buffer

from rtpcodec.kernels.pcm import swap_bytes

HEADER_OCTETS: Final = 44
UNKNOWN_SIZE: Final = 0xFFFF_FFFF
"""The size of samples up to the end of the file, in pipes and in files whose size exceeds 32 bits (37 hours of 16 kHz
mono)."""
_BEFORE_SAMPLES: Final = 36
"""Octets that the first size includes besides the samples."""
_SAMPLE_OCTETS: Final = 2


def header(sample_rate_hz: int, channels: int, data_octets: int | None) -> bytes:
    """Return a header; a size of None, or one that exceeds 32 bits, means samples up to the end of the file."""
    frame_octets = _SAMPLE_OCTETS * channels
    is_counted = data_octets is not None and data_octets + _BEFORE_SAMPLES < UNKNOWN_SIZE
    data_size = data_octets if is_counted else UNKNOWN_SIZE
    form_size = data_octets + _BEFORE_SAMPLES if data_octets is not None and is_counted else UNKNOWN_SIZE
    return struct.pack(
        "<4sL4s4sLHHLLHH4sL",
        b"RIFF", form_size, b"WAVE",
        b"fmt ", 16, 1, channels, sample_rate_hz, frame_octets * sample_rate_hz, frame_octets, 8 * _SAMPLE_OCTETS,
        b"data", data_size,
    )  # fmt: skip


class WavTarget:
    """Writes one WAV file: a header with an unknown size, the samples, then the header with their number."""

    __slots__ = ("_begins", "_channels", "_file", "_octets", "_rate_hz")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int) -> None:
        self._file = file
        self._rate_hz = sample_rate_hz
        self._channels = channels
        self._octets = 0
        self._begins = file.tell() if file.seekable() else None
        file.write(header(sample_rate_hz, channels, None))

    def write(self, pcm: Buffer) -> None:
        """Write whole frames of native int16 PCM."""
        octets = pcm if sys.byteorder == "little" else swap_bytes(pcm)
        self._file.write(octets)
        self._octets += memoryview(octets).nbytes

    def finish(self) -> None:
        """Write the number of samples into the header, if the file is seekable."""
        if self._begins is None:
            return
        ends = self._file.tell()
        self._file.seek(self._begins)
        self._file.write(header(self._rate_hz, self._channels, self._octets))
        self._file.seek(ends)


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int) -> WavTarget:
    """Begin a WAV file at the current position of a file object. OSError."""
    return WavTarget(file, sample_rate_hz, channels)
