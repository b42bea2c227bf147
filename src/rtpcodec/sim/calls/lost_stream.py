"""A stream whose WebSocket was lost: the carrier counts it as running for a time, and reports its end late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtpcodec.sim.media.variations import LossHabits


class LostStream:
    """The last lost stream of one call."""

    __slots__ = ("_busy_until_s", "_habits", "_loop", "_report", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, habits: LossHabits) -> None:
        self._loop = loop
        self._habits = habits
        self._busy_until_s = float("-inf")
        self._report: Callable[[], object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether the stream still counts as one."""
        return self._loop.time() < self._busy_until_s

    def begin(self, report: Callable[[], object]) -> None:
        """Count a stream that was lost now as running, and report its end at the configured time."""
        self.report_now()
        self._busy_until_s = self._loop.time() + self._habits.busy_s
        self._report = report
        if self._habits.stopped_late_s:
            self._timer = self._loop.call_later(self._habits.stopped_late_s, self.report_now)
        else:
            self.report_now()

    def report_now(self) -> None:
        """Report now an end that was not reported yet."""
        report, self._report = self._report, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if report is not None:
            report()
