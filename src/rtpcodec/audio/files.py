"""WAV files of 16-bit mono PCM, by the standard library (docs/adr/0005). Others are refused."""

from __future__ import annotations

import wave
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from typing_extensions import Buffer

SAMPLE_OCTETS: Final = 2
ITEM_FORMATS: Final = ("h", "B", "b", "c")
MAX_SAMPLE_RATE_HZ: Final = 192_000
"""No telephony codec goes beyond."""
MAX_PCM_OCTETS: Final = 2**32 - 1 - 36
"""A header counts with 32 bits, from behind its first 8 octets."""
BUFFER_OCTETS: Final = 64 * 1024
"""Pieces of 20 ms are collected: the system is asked to write once in seconds."""


def read_wav(path: str | PathLike[str]) -> tuple[bytes, int]:
    """The samples of a file as native int16 PCM, and their rate in Hz.

    ValueError: not a WAV file, or not 16-bit mono PCM. OSError.
    """
    name = Path(path).name
    try:
        with wave.open(str(path), "rb") as file:
            if file.getnchannels() != 1:
                raise ValueError(f"{name} has {file.getnchannels()} channels, 1 is needed")
            if file.getsampwidth() != SAMPLE_OCTETS:
                raise ValueError(f"{name} has samples of {8 * file.getsampwidth()} bits, 16 are needed")
            rate_hz = file.getframerate()
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name} is no WAV file of 16-bit PCM: {str(error) or 'it ends too early'}") from None
    if not 0 < rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise ValueError(f"{name} has a rate of {rate_hz} Hz, 1 to {MAX_SAMPLE_RATE_HZ} are possible")
    return pcm[: len(pcm) - len(pcm) % SAMPLE_OCTETS], rate_hz


class WavWriter:
    """Writes native int16 mono PCM to a WAV file, whose header is true once it is closed; also a context."""

    __slots__ = ("_file", "_wave", "path", "sample_rate_hz", "samples_written")

    def __init__(self, path: str | PathLike[str], sample_rate_hz: int, *, replace: bool = True) -> None:
        """Open the file. FileExistsError: it is there and may not be replaced. ValueError: the rate. OSError."""
        if not 0 < sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, 1 to {MAX_SAMPLE_RATE_HZ} are possible")
        self.path = Path(path)
        self.sample_rate_hz = sample_rate_hz
        self.samples_written = 0
        self._file = self.path.open("wb" if replace else "xb", buffering=BUFFER_OCTETS)
        self._wave = wave.Wave_write(self._file)
        self._wave.setnchannels(1)
        self._wave.setsampwidth(SAMPLE_OCTETS)
        self._wave.setframerate(sample_rate_hz)

    def write(self, pcm: Buffer) -> None:
        """Append samples. ValueError: an odd number of octets, or a file that is full. TypeError: other items."""
        view = memoryview(pcm)
        if view.format not in ITEM_FORMATS:
            raise TypeError(f"pcm has items of format '{view.format}', 16-bit samples ('h') or octets are needed")
        octets = view.cast("B")
        if len(octets) % SAMPLE_OCTETS:
            raise ValueError(f"pcm has {len(octets)} octets, 16-bit samples need an even number")
        if SAMPLE_OCTETS * self.samples_written + len(octets) > MAX_PCM_OCTETS:
            raise ValueError(
                f"{self.path.name} would have more than {MAX_PCM_OCTETS} octets of PCM, which no WAV file can"
            )
        self._wave.writeframesraw(octets)
        self.samples_written += len(octets) // SAMPLE_OCTETS

    def close(self) -> None:
        """Complete the header and close the file. More than once does nothing."""
        if self._file.closed:
            return
        try:
            self._wave.close()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
