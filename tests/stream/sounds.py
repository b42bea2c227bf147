"""Recordings for background sound, and measurements of what a listener hears."""

from __future__ import annotations

from array import array
from itertools import pairwise
from math import log10, pi, sin, sqrt
from random import Random

CLICK = 327
"""A step of -40 dBov."""


def tone(rate_hz: int, samples: int, hz: float = 300.0, amplitude: float = 8000.0) -> bytes:
    return array("h", [round(amplitude * sin(2 * pi * hz * at / rate_hz)) for at in range(samples)]).tobytes()


def noise(samples: int, seed: int = 1, amplitude: int = 6000) -> bytes:
    drawn = Random(seed)
    return array("h", [drawn.randint(-amplitude, amplitude) for _ in range(samples)]).tobytes()


def dbov(pcm: bytes) -> float:
    samples = array("h", pcm)
    return 20 * log10(sqrt(sum(one * one for one in samples) / len(samples)) / 32768)


def largest_step(pcm: bytes) -> int:
    return max(abs(after - before) for before, after in pairwise([0, *array("h", pcm)]))


def difference(one: bytes, other: bytes) -> bytes:
    return array("h", [a - b for a, b in zip(array("h", one), array("h", other), strict=True)]).tobytes()
