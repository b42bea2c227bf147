"""One re-armable timer on the event loop, in ms, the unit of machines."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from rtpcodec.pump._driving import TimerState


class DeadlineTimer(TimerState):
    """Calls a function once, at the earliest deadline that was set.

    The deadline of a call usually moves later with each event. Such a move does not re-arm the timer, which saves one
    timer per event. So it may fire early, never late; the callback re-arms it with the deadline that holds then.

    All methods must be called in the event loop's thread.
    """

    __slots__ = ("_call", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._at_ms = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def by(self, at_ms: float) -> None:
        """Fire at this time (`loop.time()` in ms) or earlier."""
        if at_ms >= self._at_ms:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._at_ms = at_ms
        # uvloop's clock and timers count whole milliseconds. If rounded down, the timer would fire before the deadline,
        # when nothing is due yet.
        self._handle = self._loop.call_at(math.ceil(max(at_ms, 0.0)) / 1000, self._fire)

    def cancel(self) -> None:
        """Cancel the timer."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._at_ms = math.inf

    def release(self) -> None:
        """Cancel the timer permanently, and drop the function, whose object usually owns this timer."""
        self.cancel()
        self._at_ms = -math.inf
        self._call = _nothing

    def _fire(self) -> None:
        self._handle = None
        self._at_ms = math.inf
        self._call()


def _nothing() -> None:
    """Replace the function of a released timer."""
