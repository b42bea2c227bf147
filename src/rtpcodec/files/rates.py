"""The rate of a file's sound changed while it is read: every pair of rates, nothing late, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rtpcodec.audio.files import MAX_SAMPLE_RATE_HZ
from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.pickling import Live


class RateChange(Protocol):
    """Converts one channel of a recording piece by piece. Use from one thread at a time."""

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Take native int16 mono PCM, and yield what it completes."""

    def rest(self) -> Iterator[bytes]:
        """Yield what is still to come at the end: then there were round(n x to / from) samples."""


class SameRate(Live):
    """Gives what it takes."""

    __slots__ = ()

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Yield the piece."""
        yield pcm

    def rest(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()


class FilteredRate(Live):
    """Converts by the resampler of streams, whose delay is taken out."""

    __slots__ = ("_given", "_late", "_resampler", "_taken")

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._resampler = Resampler(from_hz, to_hz)
        self._late = self._resampler.delay_samples
        """Samples before the first that are still to be left out."""
        self._taken = 0
        self._given = 0

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Take native int16 mono PCM, and yield what it completes."""
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
        """Yield what the filter holds: silence behind the last sample brings it out."""
        from_hz, to_hz = self._resampler.from_hz, self._resampler.to_hz
        left = round(self._taken * to_hz / from_hz) - self._given
        if left > 0:
            silence = -(-(left + self._late) * from_hz // to_hz) + 1
            found = self._resampler.resample(bytes(2 * silence))
            yield found[2 * self._late :][: 2 * left]


def require_file_rate(name: str, rate_hz: int) -> None:
    """Check a rate that a file is to have. ValueError: not one of 1 to MAX_SAMPLE_RATE_HZ; `name` is the caller's."""
    if not 0 < rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise ValueError(f"{name} is {rate_hz}, 1 to {MAX_SAMPLE_RATE_HZ} are possible")


def rate_change(from_hz: int, to_hz: int) -> RateChange:
    """Make the change between two rates of a file."""
    if from_hz == to_hz:
        return SameRate()
    if from_hz in RATES_HZ and to_hz in RATES_HZ:
        return FilteredRate(from_hz, to_hz)
    from rtpcodec.audio.whole_rate import SpectralRate  # noqa: PLC0415 -- few files need arrays

    return SpectralRate(from_hz, to_hz)
