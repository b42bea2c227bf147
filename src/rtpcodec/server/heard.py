"""Waits until the queued audio was heard: one mark per wait."""

from __future__ import annotations

import asyncio

from rtpcodec.pump.pump import Pump
from rtpcodec.stream.events import MarkCleared, MarkPlayed
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.marks import OWN_PREFIX


class HeardMarks:
    """The running waits of one call. Use it from the event loop's thread only."""

    __slots__ = ("_pump", "_waiters")

    def __init__(self, pump: Pump[CallMachine]) -> None:
        self._pump = pump
        self._waiters: dict[str, asyncio.Future[bool]] = {}

    async def wait(self) -> bool:
        """Wait until all queued audio was heard. False if an interruption, a time-out or the end came first."""
        name = self._pump.machine.session.own_mark()
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters[name] = heard
        self._pump.run()
        try:
            return await heard
        finally:
            self._waiters.pop(name, None)

    def ended(self, mark: MarkPlayed | MarkCleared) -> bool:
        """End the wait of this mark, if it belongs to a wait. Returns whether it is not the user's."""
        waiter = self._waiters.pop(mark.name, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(isinstance(mark, MarkPlayed))
        return mark.name.startswith(OWN_PREFIX)
