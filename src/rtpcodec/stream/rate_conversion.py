"""PCM of any rate to the rate of the send chain: one resampler per source rate, so that chunks join without a seam."""

from __future__ import annotations

from typing_extensions import Buffer

from rtpcodec.audio.resample import Resampler
from rtpcodec.stream.events import Audio


def pcm_and_rate(source: Buffer | Audio, pcm_hz: int | None) -> tuple[Buffer, int | None]:
    """Return the PCM of a source and its rate; None: the send rate.

    source: PCM, or an Audio with its rate.
    pcm_hz: The rate that the caller gave for PCM.
    Raises: ValueError if the rate is not positive, or is not the rate of the Audio.
    """
    if pcm_hz is not None and not pcm_hz > 0:
        raise ValueError(f"pcm_hz is {pcm_hz}, a positive number is needed")
    if not isinstance(source, Audio):
        return source, pcm_hz
    if pcm_hz not in (None, source.sample_rate_hz):
        raise ValueError(f"pcm_hz is {pcm_hz}, the Audio has {source.sample_rate_hz} Hz")
    # An Audio without PCM was not decoded, and its rate may be unknown here.
    return source.pcm, source.sample_rate_hz if source.pcm else None


class MultiRateResampler:
    """Resamples PCM of changing rates to one rate. Use from one thread at a time.

    Each source rate has its own resampler, whose history is kept until `flush` or `reset`: two tasks may alternately
    play chunks of different rates.
    """

    __slots__ = ("_current", "_resamplers", "to_hz")

    def __init__(self, to_hz: int) -> None:
        self.to_hz = to_hz
        self._resamplers: dict[int, Resampler] = {}
        """By source rate, the most recently used last."""
        self._current: Resampler | None = None

    def require(self, from_hz: int) -> None:
        """Raise ValueError if PCM of this rate cannot be resampled."""
        if from_hz != self.to_hz and from_hz not in self._resamplers:
            _resampler(from_hz, self.to_hz)

    def resample(self, pcm: Buffer, from_hz: int) -> Buffer:
        """Return a chunk at `to_hz`.

        Raises, and changes nothing: ValueError if the rate cannot be resampled or the PCM has an odd number of octets;
        TypeError if it is not 16-bit PCM.
        """
        current = self._current
        if current is not None and current.from_hz == from_hz:
            return current.resample(pcm)
        return pcm if from_hz == self.to_hz else self._resample_by_another(pcm, from_hz)

    def _resample_by_another(self, pcm: Buffer, from_hz: int) -> bytes:
        resampler = self._resamplers.get(from_hz) or _resampler(from_hz, self.to_hz)
        resampled = resampler.resample(pcm)
        if memoryview(pcm).nbytes:  # empty PCM leaves no tail
            self._resamplers.pop(from_hz, None)
            self._resamplers[from_hz] = self._current = resampler
        return resampled

    def flush(self) -> bytes:
        """End the input of all source rates, and return their tails in the order of their last use."""
        tails = b"".join(resampler.flush() for resampler in self._resamplers.values())
        self.reset()
        return tails

    def reset(self) -> None:
        """Drop the history of all source rates."""
        self._resamplers.clear()
        self._current = None


def _resampler(from_hz: int, to_hz: int) -> Resampler:
    try:
        return Resampler(from_hz, to_hz)
    except ValueError as error:
        raise ValueError(f"PCM of {from_hz} Hz cannot be sent at {to_hz} Hz: {error}") from None
