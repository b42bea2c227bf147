"""One timer on the event loop, in the milliseconds that sessions use."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class Alarm:
    """Rings once, no later than asked for. It is never put off: who is rung for early asks again.

    That saves a timer an event where deadlines move on with each of them.
    """

    __slots__ = ("_at_ms", "_handle", "_loop", "_ring")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._at_ms = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def by(self, at_ms: float) -> None:
        """Ring at this time of `loop.time()` in ms, if not before."""
        if at_ms >= self._at_ms:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._at_ms = at_ms
        # uvloop's clock and timers have whole milliseconds: rounded down, it would ring before the deadline, in vain.
        self._handle = self._loop.call_at(math.ceil(max(at_ms, 0.0)) / 1000, self._fire)

    def cancel(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._at_ms = math.inf

    def _fire(self) -> None:
        self._handle = None
        self._at_ms = math.inf
        self._ring()
