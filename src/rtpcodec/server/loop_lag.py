"""How late an event loop is: one timer per endpoint, which compares its time with the time it was set for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

LAG_PERIOD_S: Final = 1.0
"""Time between two measurements, by default."""
KEPT: Final = 60
"""Measurements that the maximum covers: the last minute by default."""


class LoopLag:
    """Measure how late the timers of an event loop are. Use it from the event loop's thread only."""

    __slots__ = ("_clock", "_due_s", "_lags_ms", "_loop", "_period_s", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, period_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """Make a stopped measurement.

        loop: the event loop.
        period_s: time between two measurements.
        clock: returns seconds. The loop's own clock would not do: some loops read it once per turn.
        """
        self._loop = loop
        self._period_s = period_s
        self._clock = clock
        self._due_s = 0.0
        self._lags_ms: deque[float] = deque(maxlen=KEPT)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def latest_ms(self) -> float:
        """The latest measurement; 0 before the first."""
        return self._lags_ms[-1] if self._lags_ms else 0.0

    @property
    def max_ms(self) -> float:
        """The largest of the last KEPT measurements."""
        return max(self._lags_ms, default=0.0)

    def start(self) -> None:
        """Measure until `stop`."""
        self._due_s = self._clock() + self._period_s
        self._timer = self._loop.call_later(self._period_s, self._measure)

    def stop(self) -> None:
        """Measure no more; the last measurements stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _measure(self) -> None:
        # Loops round the time of a timer, so it may also be a little early.
        self._lags_ms.append(max(0.0, (self._clock() - self._due_s) * 1000))
        self.start()
