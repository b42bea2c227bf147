"""How long a run measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long everything is measured."""

    rounds: int
    seconds: float
    probe_s: float
    """Of one number of calls in the search for the largest."""
    search_step: float
    """The search ends when its limits are this close."""

    @classmethod
    def full(cls) -> Schedule:
        """Return that of the report."""
        return cls(rounds=7, seconds=10.0, probe_s=5.0, search_step=1.05)

    @classmethod
    def quick(cls) -> Schedule:
        """Return that of a first look."""
        return cls(rounds=3, seconds=3.0, probe_s=2.0, search_step=1.15)
