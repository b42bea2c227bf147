"""Waits for the carrier's play-out: one mark of ours per wait."""

from __future__ import annotations

import asyncio

from rtpcodec.pump.pump import Pump
from rtpcodec.stream.events import MarkCleared, MarkPlayed
from rtpcodec.stream.machine import CallMachine


class HeardMarks:
    """The waits of one call that have not ended."""

    __slots__ = ("_pump", "_waiters")

    def __init__(self, pump: Pump[CallMachine]) -> None:
        self._pump = pump
        self._waiters: dict[str, asyncio.Future[bool]] = {}

    async def wait(self) -> bool:
        """Wait until all that is queued now was heard to its end: True; False when something else came first."""
        name = self._pump.machine.session.mark()
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters[name] = heard
        self._pump.run()
        try:
            return await heard
        finally:
            self._waiters.pop(name, None)

    def ended(self, mark: MarkPlayed | MarkCleared) -> None:
        """End the wait of this mark, if it is of one."""
        waiter = self._waiters.pop(mark.name, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(isinstance(mark, MarkPlayed))
