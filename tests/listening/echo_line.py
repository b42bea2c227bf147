"""A line whose far side returns what it hears: delay, loss, hard clipping, and a pass through G.711."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtpcodec.kernels import g711
from tests.listening.talkers import RATE_HZ, Samples, levels_of

OVERDRIVE_DB: Final = 15.0
"""Overdrive of a clipping loudspeaker for speech at -26 dBov: half of the syllables clip."""


@dataclass(frozen=True)
class EchoLine:
    """The echo path: from the audio that we play to the audio that returns."""

    delay_ms: float
    loss_db: float
    clips: bool = False
    law: str = "PCMU"

    def returned(self, played: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the echo, as long as what was played. The loss is that of the active level, clipped or not."""
        heard = played
        if self.clips:
            driven = np.clip(played * 10 ** (OVERDRIVE_DB / 20), -16384, 16384)
            heard = driven * float(np.sqrt(np.sum(played**2) / (np.sum(driven**2) + 1e-9)))
        delay = round(self.delay_ms * RATE_HZ / 1000)
        returned = np.zeros_like(played)
        returned[delay:] = heard[: len(heard) - delay] * 10 ** (-self.loss_db / 20)
        return returned

    def coded(self, pcm: NDArray[np.float64]) -> Samples:
        """Return it after G.711."""
        samples = np.clip(np.rint(pcm), -32768, 32767).astype(np.int16).tobytes()
        if self.law == "PCMA":
            return np.frombuffer(g711.pcma_decode(g711.pcma_encode(samples)), np.int16)
        return np.frombuffer(g711.pcmu_decode(g711.pcmu_encode(samples)), np.int16)


class PlayedLevels:
    """The level of what was played, by media time: the reference of a detector."""

    def __init__(self, played: NDArray[np.float64], error_ms: float = 0.0) -> None:
        """Make it. error_ms: how much later than it was heard the reference believes it."""
        self._levels = list(levels_of(played))
        self._error_ms = error_ms

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        """Return the loudest block that lies in this time, also in part."""
        first = max(int((from_media_ms - self._error_ms) // 20), 0)
        return max(self._levels[first : max(int(-((self._error_ms - to_media_ms) // 20)), 0)], default=-127.0)
