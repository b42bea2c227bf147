"""Turns of the event loop in which one call delays all others: measured, counted and logged with the call's id.

The event loop runs one thing at a time. A handler that computes or blocks between two awaits, an `on_audio` that is
slow, or a message that takes long to read delays every other call for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Final

from rtpcodec.server._awaiting import Timed
from rtpcodec.server.call_log import CallLog

SLOW_TURN_MS: Final = 100.0
"""Five chunks of 20 ms; every call of the event loop is delayed by this time."""
LOG_PERIOD_S: Final = 10.0
"""Time between two log records of one call."""

MAX_STEPS: Final = 64
"""Limit on stored slow steps. A turn has one step per chunk, and one message causes only a few chunks."""


class SlowTurns:
    """Counts and logs the slow turns of one call. Use it in the event loop's thread only."""

    __slots__ = (
        "_clock",
        "_counted",
        "_log",
        "_quiet_until_s",
        "_steps",
        "_unlogged",
        "limit_s",
        "within",
    )

    def __init__(
        self,
        limit_ms: float,
        log: CallLog,
        counted: Callable[[], None] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Watch one call.

        Args:
            limit_ms: a longer turn is slow.
            log: the call's log.
            counted: called for each slow turn; None: not called.
            clock: returns seconds, of the same clock that measures the turns.
        """
        self.limit_s = limit_ms / 1000
        self._log = log
        self._counted = counted
        self._clock = clock
        self._quiet_until_s = 0.0
        self._steps: tuple[tuple[float, float], ...] = ()  # the latest slow steps: their end and duration in s
        self._unlogged = 0
        self.within = ""
        """Other functions of the user that may run within a turn of the pump, appended to the cause."""

    def report(self, took_s: float, cause: str) -> None:
        """Report one slow turn of the pump.

        Args:
            took_s: how long it held the event loop.
            cause: the cause, as text after a colon.
        """
        # A chunk continues the handler within the turn that delivers it. Those steps were already reported.
        if self._steps:
            begun_s = self._clock() - took_s
            took_s -= sum(step_s for end_s, step_s in self._steps if end_s >= begun_s)
        if took_s > self.limit_s:
            self._report(took_s, cause + self.within)

    def report_step(self, took_s: float) -> None:
        """Report a slow step of the handler."""
        self._steps = (*self._steps[1 - MAX_STEPS :], (self._clock(), took_s))
        self._report(took_s, "the handler, between two awaits")

    def _report(self, took_s: float, cause: str) -> None:
        if self._counted is not None:
            self._counted()
        now_s = self._clock()
        if now_s < self._quiet_until_s:
            self._unlogged += 1
            return
        self._quiet_until_s = now_s + LOG_PERIOD_S
        more = f"; {self._unlogged} more since the last report" if self._unlogged else ""
        self._unlogged = 0
        self._log.warn_of_peer("held the event loop for %.0f ms: %s%s", took_s * 1000, cause, more)


def timed(coroutine: Coroutine[Any, Any, object], limit_s: float, slow: Callable[[float], None]) -> Timed:
    """Wrap a coroutine, to report each of its steps that takes longer than limit_s seconds.

    Args:
        coroutine: the coroutine. A step is the code between two awaits that wait.
        slow: called with the seconds of a slow step.

    Returns:
        An awaitable that returns the coroutine's result.
    """
    return Timed(coroutine, limit_s, slow)
