"""Converts PCM of any rate to one rate."""

from __future__ import annotations

from rtpcodec.audio.rates import resampler_between
from rtpcodec.audio.resample import Resampler


class RateChanger:
    """Resamples PCM of any rate to one rate, without a seam between chunks of equal rate."""

    __slots__ = ("_resampler", "_to_hz")

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._resampler: Resampler | None = None

    def change(self, pcm: bytes, from_hz: int) -> bytes:
        """Resample a chunk."""
        if not pcm or from_hz == self._to_hz:
            return pcm
        if self._resampler is None or self._resampler.from_hz != from_hz:
            self._resampler = resampler_between("the received rate", from_hz, "the rate to send", self._to_hz)
        return pcm if self._resampler is None else self._resampler.resample(pcm)

    def flush(self) -> bytes:
        """Return the resampler's tail."""
        return b"" if self._resampler is None else self._resampler.flush()
