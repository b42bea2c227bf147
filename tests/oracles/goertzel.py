"""The power at single frequencies in plain Python: the sums by their definition, and Goertzel's recursion."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

WEIGHT = 2047
POWER_WEIGHT = 32767


def hann(n: int) -> list[float]:
    """Return a Hann window of n samples whose ends are half a sample outside."""
    return [0.5 - 0.5 * math.cos(2 * math.pi * (i + 0.5) / n) for i in range(n)]


def power(samples: Sequence[int]) -> float:
    """Return the weighted mean square, minus the square of the weighted mean."""
    weights = [round(POWER_WEIGHT * one * one) for one in hann(len(samples))]
    total = sum(weights)
    mean = sum(weight * sample for weight, sample in zip(weights, samples, strict=True)) / total
    return sum(weight * sample * sample for weight, sample in zip(weights, samples, strict=True)) / total - mean * mean


def tone(samples: Sequence[int], frequency_hz: float, rate_hz: int) -> complex:
    """Return the sums of integers, scaled so that a sine of power p gives |C|^2 = p."""
    n = len(samples)
    real = imaginary = 0
    for i, (sample, weight) in enumerate(zip(samples, hann(n), strict=True)):
        angle = 2 * math.pi * frequency_hz * i / rate_hz
        real += sample * round(WEIGHT * weight * math.cos(angle))
        imaginary += sample * round(-WEIGHT * weight * math.sin(angle))
    return complex(real, imaginary) * math.sqrt(2) / (WEIGHT * n / 2)


def recursion(samples: Sequence[int], frequency_hz: float, rate_hz: int) -> complex:
    """Return the same by Goertzel's recursion over the weighted samples, in floating point."""
    n, angle = len(samples), 2 * math.pi * frequency_hz / rate_hz
    coefficient, last, before = 2 * math.cos(angle), 0.0, 0.0
    for sample, weight in zip(samples, hann(n), strict=True):
        last, before = sample * weight + coefficient * last - before, last
    # y[n - 1] = sum of x[i] * exp(i angle (n - 1 - i)); the phase is turned back to the first sample.
    return (last - cmath.exp(-1j * angle) * before) * cmath.exp(-1j * angle * (n - 1)) * math.sqrt(2) / (n / 2)
