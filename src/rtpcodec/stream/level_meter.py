"""Level meter: the level of audio that passes, from one chunk in ten, so that an ordinary message costs one compare."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from rtpcodec.audio.levels import FULL_SCALE, SILENCE_DBOV
from rtpcodec.kernels.levels import energy
from rtpcodec.stream.no_items import NO_ITEMS

EVERY_MS: Final = 200.0
"""Audio per chunk that is measured: often enough for a mean within seconds, and seldom enough to cost nothing."""
RECENT: Final = 15
"""Measured chunks that make the recent level: 3 s of audio, as a meter for people shows it."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of one direction's audio in dBov, -127 to 0, pauses included."""

    recent_dbov: float
    """Of the last 3 s of audio."""
    mean_dbov: float
    """Of all audio."""
    loudest_dbov: float
    """Of the loudest chunk that was measured."""


class LevelMeter:
    """Measures one chunk in EVERY_MS. Use from one thread at a time."""

    __slots__ = ("_count", "_highest", "_recent", "_total", "due")

    def __init__(self) -> None:
        """Make a meter that measures the first chunk."""
        self._recent: deque[float] = NO_ITEMS
        self._total = self._highest = 0.0
        self._count = 0
        self.due: float = 0
        """The position in the audio from which on the next chunk is measured, in the caller's unit."""

    def take(self, pcm: bytes, due: float) -> None:
        """Measure a chunk; empty PCM is not counted.

        pcm: native int16.
        due: the position from which on the next one is measured.
        """
        self.due = due
        if not pcm:
            return
        power = energy(pcm) / (len(pcm) // 2)
        if self._recent is NO_ITEMS:
            self._recent = deque(maxlen=RECENT)
        self._recent.append(power)
        self._total += power
        self._count += 1
        self._highest = max(self._highest, power)

    @property
    def level(self) -> Level | None:
        """What was measured; None: nothing was."""
        if not self._count:
            return None
        recent = sum(self._recent) / len(self._recent)
        return Level(_dbov(recent), _dbov(self._total / self._count), _dbov(self._highest))


def _dbov(power: float) -> float:
    return max(10 * math.log10(power / FULL_SCALE**2), SILENCE_DBOV) if power else SILENCE_DBOV
