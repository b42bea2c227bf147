"""WAV files of 16-bit mono PCM, written so that a player can read them at any moment."""

from __future__ import annotations

import os
import struct
import sys
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from typing_extensions import Buffer

from rtpcodec.audio.wav_format import MAX_SAMPLE_RATE_HZ
from rtpcodec.kernels.pcm import swap_bytes
from rtpcodec.pickling import Live

SAMPLE_OCTETS: Final = 2
ITEM_FORMATS: Final = ("h", "B", "b", "c")
MAX_PCM_OCTETS: Final = 2**32 - 1 - 36
"""The header's size has 32 bits and excludes the first 8 octets."""
HEADER_OCTETS: Final = 44


class WavWriter(Live):
    """Writes native int16 mono PCM to a WAV file; a context manager.

    It collects one second of samples, writes them, and then updates the header. The header is therefore correct at any
    moment, and a killed process loses at most the last second. Use from one thread at a time.
    """

    __slots__ = ("_collected", "_file", "_octets_in_file", "path", "sample_rate_hz", "samples_written")

    def __init__(self, path: str | PathLike[str], sample_rate_hz: int, *, replace: bool = True) -> None:
        """Open the file and write its header.

        Args:
            path: the file.
            sample_rate_hz: rate of the samples, which are not resampled.
            replace: whether an existing file may be replaced.

        Raises:
            FileExistsError: the file exists, and replace is false.
            ValueError: the rate is out of range.
            OSError: the file cannot be written.
        """
        if not 0 < sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, 1 to {MAX_SAMPLE_RATE_HZ} are allowed")
        self.path = Path(path)
        self.sample_rate_hz = sample_rate_hz
        self.samples_written = 0
        """Samples that `write` accepted, including those not yet in the file."""
        self._collected = bytearray()
        self._octets_in_file = 0
        self._file = self.path.open("wb" if replace else "xb", buffering=0)
        try:
            self._write_header()
        except BaseException:
            self._file.close()
            raise

    def write(self, pcm: Buffer) -> None:
        """Append samples.

        Raises:
            TypeError: the items are not 16-bit samples or octets. Nothing was appended.
            ValueError: pcm has an odd number of octets, or the file is full. Nothing was appended.
            OSError: the file cannot be written. The samples are kept, and the next write retries.
        """
        view = memoryview(pcm)
        if view.format not in ITEM_FORMATS:
            raise TypeError(f"pcm has items of format '{view.format}', 16-bit samples ('h') or octets are needed")
        octets = view.cast("B")
        if len(octets) % SAMPLE_OCTETS:
            raise ValueError(f"pcm has {len(octets)} octets, 16-bit samples need an even number")
        self._require_space(len(octets))
        self._collected += octets if sys.byteorder == "little" else swap_bytes(octets)
        self.samples_written += len(octets) // SAMPLE_OCTETS
        if len(self._collected) >= SAMPLE_OCTETS * self.sample_rate_hz:
            self.flush()

    def write_silence(self, samples: int) -> None:
        """Append silence of any length by one system call, without blocks on most file systems.

        Raises:
            ValueError: samples is negative, or the file is full. Nothing was appended.
            OSError: the file cannot be written.
        """
        if samples < 0:
            raise ValueError(f"samples is {samples}, 0 or more is needed")
        octets = SAMPLE_OCTETS * samples
        if samples < self.sample_rate_hz:
            self.write(bytes(octets))
            return
        self._require_space(octets)
        self.flush()
        self._file.truncate(HEADER_OCTETS + self._octets_in_file + octets)
        self._octets_in_file += octets
        self.samples_written += samples
        self._write_header()

    def _require_space(self, octets: int) -> None:
        if SAMPLE_OCTETS * self.samples_written + octets > MAX_PCM_OCTETS:
            raise ValueError(
                f"{self.path.name} would have more than {MAX_PCM_OCTETS} octets of PCM, more than a WAV header counts"
            )

    def flush(self) -> None:
        """Write the collected samples, and then the header. OSError."""
        try:
            while self._collected:
                written = self._file.write(self._collected) or 0
                del self._collected[:written]
                self._octets_in_file += written
        finally:
            self._write_header()

    def close(self) -> None:
        """Write the collected samples, and close the file. Calling it again does nothing. OSError."""
        if self._file.closed:
            return
        try:
            self.flush()
        finally:
            self._file.close()

    def _write_header(self) -> None:
        """Write the header for the samples in the file by one system call, and seek to the end."""
        octets = self._octets_in_file // SAMPLE_OCTETS * SAMPLE_OCTETS
        rate_hz = self.sample_rate_hz
        format_fields = (16, 1, 1, rate_hz, SAMPLE_OCTETS * rate_hz, SAMPLE_OCTETS, 8 * SAMPLE_OCTETS)
        header = struct.pack(
            "<4sL4s4sLHHLLHH4sL", b"RIFF", octets + 36, b"WAVE", b"fmt ", *format_fields, b"data", octets
        )
        self._file.seek(0)
        self._file.write(header)
        self._file.seek(0, os.SEEK_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
