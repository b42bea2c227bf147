"""How well audio came through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_LAG_MS = 60
"""Codec and resampler delays are below this; the echo's way is not part of a recording."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A recording beside its source."""

    snr_db: float | None
    """Signal to noise; None: the recording equals the source."""
    lag_samples: int
    """How much later the recording is."""


def samples_of(pcm: bytes) -> npt.NDArray[np.int16]:
    """PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype=np.int16)


def fidelity(source_pcm: bytes, recorded_pcm: bytes, sample_rate_hz: int) -> Fidelity:
    """Align a recording to its source and compare. What is missing at the end counts as noise."""
    source = samples_of(source_pcm).astype(np.float64)
    recorded = samples_of(recorded_pcm).astype(np.float64)
    lag = _lag(source, recorded, sample_rate_hz * MAX_LAG_MS // 1000)
    aligned = np.zeros_like(source)
    piece = recorded[lag : lag + len(source)]
    aligned[: len(piece)] = piece
    noise = float(np.sum((source - aligned) ** 2))
    signal = float(np.sum(source**2))
    if noise == 0:
        return Fidelity(None, lag)
    return Fidelity(10 * float(np.log10(signal / noise)) if signal else float("-inf"), lag)


def _lag(source: npt.NDArray[np.float64], recorded: npt.NDArray[np.float64], most: int) -> int:
    """The shift from 0 to most at which the two agree best, by cross-correlation."""
    if not len(source) or not len(recorded):
        return 0
    size = 1 << (len(source) + len(recorded)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(source, size)), size)
    return int(np.argmax(correlation[: most + 1]))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value that so many percent of all do not exceed; None when there is none."""
    return float(np.percentile(values, percent)) if values else None
