"""Waits until audio was heard: in mode rtp for the end of replies, in mode mp3 for one mark per wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rtpcodec.pump.pump import Pump
from rtpcodec.stream.events import MarkCleared, MarkPlayed
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking.reply import ENDED, Reply


class ReplyWaits:
    """Waits for the end of replies of one call. Use it in the event loop's thread only."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: dict[Reply, list[asyncio.Future[None]]] = {}

    async def ended(self, reply: Reply) -> bool:
        """Wait until a reply has ended. Returns whether it was heard to its end."""
        if reply.state not in ENDED:
            await self._next_end(reply)
        return reply.state != "interrupted"

    async def settled(self, reply: Reply) -> bool:
        """Wait until a reply has ended and its `played_ms` is final. Returns whether it was heard to its end."""
        while not reply.settled:
            await self._next_end(reply)
        return await self.ended(reply)

    async def _next_end(self, reply: Reply) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.notify(reply, end)
        try:
            await end
        finally:
            self.discard(reply, end)

    def notify(self, reply: Reply, end: asyncio.Future[None]) -> None:
        """Complete a future when a reply ends, or when the final value of an interrupted one is known."""
        reply.on_end = self._ended
        self._waiters.setdefault(reply, []).append(end)

    def discard(self, reply: Reply, end: asyncio.Future[None]) -> None:
        """Drop a future, unless it is complete."""
        waiters = self._waiters.get(reply)
        if waiters is None or end not in waiters:
            return
        waiters.remove(end)
        if not waiters:
            del self._waiters[reply]
            reply.on_end = None

    def _ended(self, reply: Reply) -> None:
        for end in self._waiters.pop(reply, ()):
            if not end.done():
                end.set_result(None)

    async def all_ended(self, replies: Iterable[Reply]) -> bool:
        """Wait until all of these have ended. Returns whether all were heard to their end."""
        heard = True
        for reply in replies:
            heard &= await self.ended(reply)
        return heard


class MarkWaits:
    """The waits of one call in mode mp3. Use it in the event loop's thread only."""

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
