"""Sums of sines by exact phases, and white noise by Python's integers, one sample at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

WORD = 2**64


def sum_of_sines(tones: Sequence[tuple[int, float]], rate_hz: int, place: int) -> float:
    """Return the value of sample `place`, neither rounded nor saturated."""
    turns = [Fraction(frequency_hz * place, rate_hz) % 1 for frequency_hz, _ in tones]
    return math.fsum(
        amplitude * math.sin(2 * math.pi * float(turn)) for turn, (_, amplitude) in zip(turns, tones, strict=True)
    )


def split_mix(state: int) -> int:
    """The output function of SplitMix64."""
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % WORD
    state = (state ^ state >> 27) * 0x94D049BB133111EB % WORD
    return state ^ state >> 31


def noise(seed: int, place: int, rms: float) -> int:
    """Return sample `place` of white noise."""
    golden = 0x9E3779B97F4A7C15
    stream = split_mix((seed + golden) % WORD)
    bits = split_mix((stream + (place + 1) * golden) % WORD)
    total = sum(bits >> shift & 0xFFFF for shift in (0, 16, 32, 48)) - 131070
    scale = round(rms / math.sqrt((65536.0**2 - 1) / 3) * 2**31)
    return round(Fraction(total * scale, 2**31))
