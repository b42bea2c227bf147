"""Changes the sample rate of a file while it is read: any pair of rates, without delay or loss of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rtpcodec.audio.files import MAX_SAMPLE_RATE_HZ
from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.pickling import Live


class RateChange(Protocol):
    """Converts one channel of a recording in pieces. Use from one thread at a time."""

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Convert native int16 mono PCM. Yield the samples that are complete."""

    def rest(self) -> Iterator[bytes]:
        """Yield the last samples: round(n x to / from) in total."""


class SameRate(Live):
    """Yields the pieces unchanged."""

    __slots__ = ()

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Yield the piece."""
        yield pcm

    def rest(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()


class FilteredRate(Live):
    """Converts with the resampler of streams, and removes its delay."""

    __slots__ = ("_given", "_late", "_resampler", "_taken")

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._resampler = Resampler(from_hz, to_hz)
        self._late = self._resampler.delay_samples
        """Delay samples that are still to be dropped."""
        self._taken = 0
        self._given = 0

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Convert native int16 mono PCM. Yield the samples that are complete."""
        self._taken += len(pcm) // 2
        found = self._resampler.resample(pcm)
        if self._late:
            early = min(self._late, len(found) // 2)
            self._late -= early
            found = found[2 * early :]
        if found:
            self._given += len(found) // 2
            yield found

    def rest(self) -> Iterator[bytes]:
        """Yield the samples that the filter holds, by adding silence."""
        from_hz, to_hz = self._resampler.from_hz, self._resampler.to_hz
        left = round(self._taken * to_hz / from_hz) - self._given
        if left > 0:
            silence = -(-(left + self._late) * from_hz // to_hz) + 1
            found = self._resampler.resample(bytes(2 * silence))
            yield found[2 * self._late :][: 2 * left]


def require_file_rate(name: str, rate_hz: int) -> None:
    """Check a sample rate. ValueError: not from 1 to MAX_SAMPLE_RATE_HZ; `name` is that of the caller's argument."""
    if not 0 < rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise ValueError(f"{name} is {rate_hz}, 1 to {MAX_SAMPLE_RATE_HZ} are allowed")


def rate_change(from_hz: int, to_hz: int) -> RateChange:
    """Return the converter between two rates."""
    if from_hz == to_hz:
        return SameRate()
    if from_hz in RATES_HZ and to_hz in RATES_HZ:
        return FilteredRate(from_hz, to_hz)
    from rtpcodec.audio.whole_rate import SpectralRate  # noqa: PLC0415 -- few files need arrays

    return SpectralRate(from_hz, to_hz)
