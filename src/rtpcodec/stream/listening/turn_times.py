"""Turn times: how long callers wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

LATENCY_BOUNDS_MS: Final = (100.0, 200.0, 300.0, 400.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, 10_000.0)
"""Bounds of the histogram. People answer each other after 200 ms; 700 ms is a slow answer."""
MAX_TURNS: Final = 32
"""Turns of a call to keep individually."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: the caller has spoken, and we have answered. Times are inbound media times, as `Audio.media_ms`."""

    speech_ended_ms: float
    """When the caller's speech ended."""
    answered_ms: float
    """When the first audio of our answer was played at the carrier."""
    latency_ms: float
    """The time between the two."""
    uncertainty_ms: float
    """How far latency_ms may be off, in both directions."""
    reply_id: str | None = None
    """The reply that answered; None: audio of `play` outside any reply."""


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """The turns of one call. A turn counts once its time is final, about 2 s after its answer began."""

    last: tuple[Turn, ...] = ()
    """The latest MAX_TURNS turns, the oldest first."""
    count: int = 0
    """The number of all turns."""
    total_ms: float = 0.0
    """The sum of all latencies."""
    max_ms: float | None = None
    """The largest latency of all turns; None without a turn."""
    histogram: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS_MS) + 1)
    """The number of turns per interval of latency: up to each of LATENCY_BOUNDS_MS, and finally beyond the last one."""

    @property
    def median_ms(self) -> float | None:
        """The median latency of the latest turns; None without a turn."""
        return median(turn.latency_ms for turn in self.last) if self.last else None


NO_TURNS: Final = TurnTimes()
"""The value of a call without an answer."""
