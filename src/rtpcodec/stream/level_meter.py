"""Level meter: it measures one chunk in ten, so that an ordinary message costs one comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rtpcodec.audio.levels import FULL_SCALE, SILENCE_DBOV
from rtpcodec.stream._receive_states import LevelState

EVERY_MS: Final = 200.0
"""Audio per measured chunk: short enough for a mean within seconds, long enough to cost nearly nothing."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of one direction's audio in dBov, -127 to 0, pauses included."""

    recent_dbov: float
    """Level of the last 3 s of audio."""
    mean_dbov: float
    """Level of all audio."""
    loudest_dbov: float
    """Level of the loudest measured chunk."""


class LevelMeter(LevelState):
    """Measures one chunk per EVERY_MS, the first one included. Use from one thread at a time.

    due: Position in the audio from which the next chunk is measured, in the caller's unit.
    """

    __slots__ = ()

    @property
    def level(self) -> Level | None:
        """The measured level; None: nothing was measured."""
        if not self._count:
            return None
        recent = self._recent
        recent_power = sum(recent) / len(recent)
        return Level(_dbov(recent_power), _dbov(self._total / self._count), _dbov(self._highest))


def _dbov(power: float) -> float:
    return max(10 * math.log10(power / FULL_SCALE**2), SILENCE_DBOV) if power else SILENCE_DBOV
