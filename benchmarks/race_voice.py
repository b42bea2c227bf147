"""Voice activity on 20 ms chunks: level, noise floor, echo bound and state, against NumPy's level of the chunk alone.

NumPy has its array ready. Ours reads octets, and updates everything that a detector learns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import log10
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import speech
from rtpcodec.stream.listening.voice import new_activity
from rtpcodec.stream.listening.voice_settings import VoiceSettings

RATES_HZ: Final = (8000, 16000, 48000)
CHUNKS_PER_S: Final = 50
REFERENCE_DBOV: Final = -20.0
"""Whether we play, so that the echo is considered."""
BAR: Final = Bar(5.0)
Samples = NDArray[np.int16]


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield one row per rate."""
    for rate_hz in RATES_HZ:
        yield f"voice activity {rate_hz // 1000} kHz", partial(race, rate_hz // CHUNKS_PER_S)


def decibels(level: Any) -> NDArray[np.int64]:
    """Return a level in steps of 0.01 dB, in which both agree."""
    return np.array([round(100 * level)])


def race(n: int) -> Race:
    """Return one row."""
    pcm = speech(n, seed=1)
    activity = new_activity(VoiceSettings())
    activity.begin_blocks(n)

    def ours(octets: bytes) -> float:
        activity.fill(octets)
        activity.step(REFERENCE_DBOV)
        return activity.level_dbov

    def numpys(samples: Samples) -> float:
        return 10 * log10(samples.var(dtype=np.float64) / 32768**2)

    return Race(
        "frame",
        1,
        Contender("rtpcodec", ours, (pcm.tobytes(),), decibels),
        (Contender("numpy, the level alone", numpys, (pcm,), decibels),),
        Contender("fresh object", floors.fresh_same, (pcm.tobytes(),)),
        BAR,
    )
