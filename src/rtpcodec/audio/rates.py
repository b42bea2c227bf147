"""Checks of sample rates for resampling, with errors that name the caller's argument."""

from __future__ import annotations

from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ


def require_rate(name: str, rate_hz: object) -> None:
    """Check a rate; errors call it `name`. ValueError: streams cannot be resampled from or to it."""
    if rate_hz not in RATES_HZ:
        *others, last = RATES_HZ
        raise ValueError(f"{name} is {rate_hz!r}, allowed are {', '.join(map(str, others))} and {last}")


def resampler_between(from_name: str, from_hz: int, to_name: str, to_hz: int) -> Resampler | None:
    """Return a resampler between two rates, or None if they are equal.

    Args:
        from_name, to_name: the names of the two rates in errors.
        from_hz, to_hz: the rates.

    Raises:
        ValueError: streams cannot be resampled between them.
    """
    if from_hz == to_hz:
        return None
    require_rate(from_name, from_hz)
    require_rate(to_name, to_hz)
    return Resampler(from_hz, to_hz)
