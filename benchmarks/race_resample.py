"""Resampling of 20 ms, every pair of rates: libsoxr at HQ as a rival of equal quality, audioop.ratecv as a fast one.

Every contender is one call on a stream that has begun. A chunk is a whole number of samples: 220 at 11025 Hz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import numpy as np

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import TONE_HZ, chunks_played
from rtpcodec import Resampler
from rtpcodec.kernels.resample import RATES_HZ

LOW_HZ: Final = 16_000
LOW_BAR: Final = Bar(2.5)
"""Against soxr, where one side has at most LOW_HZ."""
HIGH_BAR: Final = Bar(1.5)
RATECV_BAR: Final = Bar(1.0)


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every pair of rates against each rival."""
    for from_hz in RATES_HZ:
        for to_hz in RATES_HZ:
            if from_hz != to_hz:
                bar = LOW_BAR if min(from_hz, to_hz) <= LOW_HZ else HIGH_BAR
                name = f"resample {from_hz} to {to_hz}"
                yield name, partial(resample, from_hz, to_hz, "soxr", bar)
                yield f"{name}, ratecv", partial(resample, from_hz, to_hz, "audioop", RATECV_BAR)


def resample(from_hz: int, to_hz: int, rival: str, bar: Bar) -> Race:
    """Race resampling a chunk of speech. Results for a tone are compared, because samples of filters always differ."""
    chunk = from_hz // 50
    pcm = speech(chunk, from_hz).tobytes()
    wave = 16384 * np.sin(2 * np.pi * TONE_HZ / from_hz * np.arange(50 * chunk))
    tone = [piece.tobytes() for piece in np.split(np.rint(wave).astype(np.int16), 50)]
    played = chunks_played(Resampler(from_hz, to_hz).resample, tone, to_hz)
    ours = Contender("rtpcodec", Resampler(from_hz, to_hz).resample, (pcm,), lambda _: played)
    floor = Contender("fresh object", floors.fresh_same, (bytes(2 * (chunk * to_hz // from_hz)),))
    return Race("frame", 1, ours, contenders((rival,), "resample", from_hz, to_hz, pcm, tone), floor, bar)
