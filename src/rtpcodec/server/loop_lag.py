"""Measures how late an event loop is: one timer per endpoint compares the actual time with the planned time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from math import ceil, inf
from time import monotonic
from typing import Final

LAG_PERIOD_S: Final = 0.1
"""Default time between two measurements: 600 per minute, enough for a percentile."""
COVERED_S: Final = 60.0
"""Time that the maximum and the percentile cover."""
PERCENTILE: Final = 0.99
MAX_LAG_MS: Final = 20.0
"""Default limit on the percentile. A chunk lasts as long, and the lead of a reply covers far more. But a loop that is
this late this often is overloaded: each further call delays all others."""


class LoopLag:
    """Measures how late the timers of an event loop fire. Use it in the event loop's thread only."""

    __slots__ = ("_clock", "_due_s", "_lags_ms", "_late", "_limit_ms", "_loop", "_period_s", "_timer")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        period_s: float,
        clock: Callable[[], float] = monotonic,
        limit_ms: float | None = MAX_LAG_MS,
    ) -> None:
        """Prepare the measurement; `start` begins it.

        Args:
            loop: the event loop.
            period_s: time between two measurements.
            clock: returns seconds. The loop's own clock is not suitable, because some loops read it once per turn.
            limit_ms: limit on the percentile; None: there is none.
        """
        self._loop = loop
        self._period_s = period_s
        self._clock = clock
        self._due_s = 0.0
        self._limit_ms = inf if limit_ms is None else limit_ms
        self._lags_ms: deque[float] = deque(maxlen=max(1, round(COVERED_S / period_s)))
        self._late = 0  # measurements above the limit
        self._timer: asyncio.TimerHandle | None = None

    @property
    def latest_ms(self) -> float:
        """The latest measurement; 0 before the first."""
        return self._lags_ms[-1] if self._lags_ms else 0.0

    @property
    def max_ms(self) -> float:
        """The largest value of the last minute."""
        return max(self._lags_ms, default=0.0)

    @property
    def p99_ms(self) -> float:
        """The value that 1 % of the measurements of the last minute exceed."""
        lags_ms = sorted(self._lags_ms)
        return lags_ms[ceil(PERCENTILE * len(lags_ms)) - 1] if lags_ms else 0.0

    @property
    def stays_late(self) -> bool:
        """Whether the percentile of the last minute is above the limit; False in the first minute."""
        lags_ms = self._lags_ms
        return len(lags_ms) == lags_ms.maxlen and self._late > len(lags_ms) - ceil(PERCENTILE * len(lags_ms))

    def start(self) -> None:
        """Measure until `stop`."""
        self._due_s = self._clock() + self._period_s
        self._timer = self._loop.call_later(self._period_s, self._measure)

    def stop(self) -> None:
        """Stop measuring; the last measurements stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _measure(self) -> None:
        # Loops round the time of a timer, so it may also fire slightly early.
        self.take(max(0.0, (self._clock() - self._due_s) * 1000))
        self.start()

    def take(self, lag_ms: float) -> None:
        """Add a measurement."""
        lags_ms = self._lags_ms
        if len(lags_ms) == lags_ms.maxlen:
            self._late -= lags_ms[0] > self._limit_ms
        lags_ms.append(lag_ms)
        self._late += lag_ms > self._limit_ms
