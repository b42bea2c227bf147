"""One timer on the event loop, in the milliseconds that machines use."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class DeadlineTimer:
    """Calls back once, no later than asked. It may call too early, because a later deadline never re-arms it.

    That saves a timer per event where deadlines move on with each of them; the callback asks for its next deadline.
    """

    __slots__ = ("_at_ms", "_call", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._at_ms = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def by(self, at_ms: float) -> None:
        """Call at this time of `loop.time()` in ms, if not before."""
        if at_ms >= self._at_ms:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._at_ms = at_ms
        # uvloop's clock and timers have whole milliseconds: rounded down, it would call before the deadline, in vain.
        self._handle = self._loop.call_at(math.ceil(max(at_ms, 0.0)) / 1000, self._fire)

    def cancel(self) -> None:
        """Drop the deadline."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._at_ms = math.inf

    def _fire(self) -> None:
        self._handle = None
        self._at_ms = math.inf
        self._call()
