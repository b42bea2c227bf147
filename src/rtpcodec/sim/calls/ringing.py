"""A dialled phone: it rings until it is answered or the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ringing:
    """The phone of one call."""

    __slots__ = ("_begin", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._begin: Callable[[], None] | None = None

    def ring(self, seconds: float, then: Callable[[], None]) -> None:
        """Ring for a time."""
        self._timer = self._loop.call_later(seconds, then)

    def stop(self) -> None:
        """Stop ringing, and drop the timer and the waiting function: both refer back to the call."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._begin = None

    def once_dialled(self, begin: Callable[[], None]) -> None:
        """Begin to ring once the WebSocket is open, or could not be opened."""
        self._begin = begin

    def dialled(self) -> None:
        """Report that opening the WebSocket has ended, with or without success."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
