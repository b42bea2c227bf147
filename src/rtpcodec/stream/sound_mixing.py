"""Arithmetic of background sound: a gain, a ramp of the gain, a mix."""

from __future__ import annotations

from array import array
from collections.abc import Sequence


def gain(pcm: bytes, factor: float) -> bytes:
    """Scale PCM."""
    return mix((pcm,), (factor,))


def mix(sources: Sequence[bytes], gains: Sequence[float]) -> bytes:
    """Return the sum of scaled sources of equal length, saturated once."""
    sums = [0] * (len(sources[0]) >> 1)
    for source, factor in zip(sources, gains, strict=True):
        sums = [total + round(sample * factor) for total, sample in zip(sums, array("h", source), strict=True)]
    return array("h", [max(-32768, min(32767, total)) for total in sums]).tobytes()


def ramp(pcm: bytes, begin: float, end: float) -> bytes:
    """Scale PCM by a factor that moves evenly from `begin`, before the first sample, to `end` at the last one."""
    samples = array("h", pcm)
    step = (end - begin) / (len(samples) or 1)
    return array("h", [round(sample * (begin + step * at)) for at, sample in enumerate(samples, 1)]).tobytes()
