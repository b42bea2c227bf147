"""Comfort noise between replies: white, at one level, without end."""

from __future__ import annotations

from array import array
from functools import lru_cache
from random import Random
from typing import Final

from rtpcodec.stream.bed_source import rms_of
from rtpcodec.stream.beds import level_factor
from rtpcodec.stream.sound_mixing import gain

LEVEL_DBM0: Final = -62.0
"""A quiet line: audible as one that is open, and far below speech."""
DBM0_DBOV: Final = -6.15
"""Level in dBov of 0 dBm0: a sine at overload has 3.14 dBm0 (ITU-T G.711, A-law) and -3.01 dBov (G.100.1)."""
PERIOD_S: Final = 2
"""Noise repeats after it; nobody recognises noise at this level after two seconds."""


class IdleNoise:
    """Noise that continues where it ended. Use from one thread at a time."""

    __slots__ = ("_at", "_noise")

    def __init__(self, sample_rate_hz: int) -> None:
        self._noise = _period(sample_rate_hz)
        self._at = 0

    def take(self, samples: int) -> bytes:
        """Return the next samples as native int16 PCM."""
        noise, begin = self._noise, self._at
        end = begin + 2 * samples
        if end <= len(noise):
            self._at = end
            return noise[begin:end]
        repetitions, self._at = divmod(end, len(noise))
        return noise[begin:] + noise * (repetitions - 1) + noise[: self._at]


@lru_cache(maxsize=16)
def _period(sample_rate_hz: int) -> bytes:
    """Return one period, which all calls of a rate share."""
    uniform = array("h", array("b", Random(sample_rate_hz).randbytes(PERIOD_S * sample_rate_hz))).tobytes()  # noqa: S311
    return gain(uniform, level_factor(rms_of(uniform), LEVEL_DBM0 + DBM0_DBOV))
