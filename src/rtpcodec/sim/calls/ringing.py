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
        """Ring no longer; the timer refers back to the call, and so does a function that waits for the WebSocket."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._begin = None

    def once_dialled(self, begin: Callable[[], None]) -> None:
        """Begin to ring when the WebSocket that goes first is open, or could not be opened."""
        self._begin = begin

    def dialled(self) -> None:
        """Note that the WebSocket that goes first was dialled, with or without success."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
