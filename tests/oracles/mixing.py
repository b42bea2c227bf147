"""Gain, mixing, fades, channels and float32 by exact fractions, one sample at a time, from their definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

SIGNIFICANT_BITS = 15
"""Of a gain's factor."""


def saturated(value: int) -> int:
    """Return the nearest int16."""
    return min(max(value, -32768), 32767)


def int16_of_float(value: float) -> int:
    """Convert a float32 other than NaN to int16: Python's `round` rounds half to even."""
    if math.isinf(value):
        return 32767 if value > 0 else -32768
    return saturated(round(Fraction(value) * 32768))


def rounded_factor(factor: float) -> Fraction:
    """Round a gain's factor to 15 significant bits; factors up to 2^-16 are 0."""
    if not factor:
        return Fraction(0)
    exact = Fraction(factor)
    exponent = 0
    while exact >= 1:
        exact, exponent = exact / 2, exponent + 1
    while exact < Fraction(1, 2):
        exact, exponent = exact * 2, exponent - 1
    rounded = Fraction(round(exact * 2**SIGNIFICANT_BITS), 2**SIGNIFICANT_BITS) * Fraction(2) ** exponent
    return rounded if rounded >= Fraction(1, 2**16) else Fraction(0)


def scaled(sample: int, factor: float) -> int:
    """Return a sample times a gain's factor, not yet saturated."""
    return round(sample * rounded_factor(factor))


def gain(samples: Sequence[int], factor: float) -> list[int]:
    """Scale and saturate every sample."""
    return [saturated(scaled(sample, factor)) for sample in samples]


def mix(sources: Sequence[Sequence[int]], factors: Sequence[float]) -> list[int]:
    """Add the scaled sources, and saturate the sum."""
    return [
        saturated(sum(scaled(sample, factor) for sample, factor in zip(samples, factors, strict=True)))
        for samples in zip(*sources, strict=True)
    ]


def faded(samples: Sequence[int], position: int, length: int, *, rising: bool) -> list[int]:
    """Fade samples: from 0 towards 1 if it is rising, otherwise towards 0, and silent after the end."""
    result = []
    for place, sample in enumerate(samples, position):
        share = Fraction(min(place, length) if rising else max(length - 1 - place, 0), length)
        result.append(round(sample * share))
    return result


def downmixed(samples: Sequence[int], channels: int) -> list[int]:
    """Return the mean of each frame, rounded half to even."""
    return [round(Fraction(sum(samples[at : at + channels]), channels)) for at in range(0, len(samples), channels)]
