"""Queue of events between socket and one reader. It is bounded and drops, so that the socket is always read."""

from __future__ import annotations

import asyncio

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import Audio, Dtmf, Event
from rtpcodec.stream.held import Account


class Inbox:
    """All events, for one reader. Use it from the event loop's thread only."""

    __slots__ = ("_loop", "_waiter", "ended", "queue")

    def __init__(self, account: Account | None = None) -> None:
        """Make an empty inbox; account: what the call holds of the endpoint's budget, None: without a budget."""
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self.queue = EventQueue(account=account)
        self.ended = False

    def put_audio(self, audio: Audio) -> None:
        """Add a chunk and wake the reader."""
        self.queue.put(audio)
        if self._waiter is not None:
            self._wake()

    def put(self, event: Event) -> None:
        """Add any event except Audio and wake the reader."""
        self.queue.put(event)
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """Record that no more events will follow. Waiting events can still be read."""
        self.ended = True
        if self._waiter is not None:
            self._wake()

    def pop(self) -> Event | None:
        """Remove and return the oldest event; None: no event waits."""
        return self.queue.pop() if len(self.queue) else None

    async def wait(self, until_ms: float | None = None) -> None:
        """Wait until there may be something to read.

        until_ms: wait no longer than that, in ms of the event loop's clock; None: without limit.
        Raises: LocalProtocolError if another task waits already, or in another event loop than the call's.
        """
        if self._waiter is not None:
            raise LocalProtocolError("another task reads this reader already, at most 1 may; make one per task")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            raise LocalProtocolError("this call's events can only be read in the event loop of the call")
        self._waiter = loop.create_future()
        timer = None if until_ms is None else loop.call_at(until_ms / 1000, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class TrackInbox(Inbox):
    """The audio of one track, or of all."""

    __slots__ = ("_track",)

    def __init__(self, track: str | None, account: Account | None = None) -> None:
        """Make an empty inbox; track: the track, None: all; account: as for Inbox."""
        super().__init__(account)
        self._track = track

    def put_audio(self, audio: Audio) -> None:
        """Add a chunk of the track and wake the reader."""
        if self._track is None or audio.track == self._track:
            self.queue.put(audio)
            if self._waiter is not None:
                self._wake()

    def put(self, event: Event) -> None:
        """Leave an event out that is not audio."""


class DtmfInbox(Inbox):
    """Keys."""

    __slots__ = ()

    def put_audio(self, _audio: Audio) -> None:
        """Leave audio out."""

    def put(self, event: Event) -> None:
        """Add a key and wake the reader."""
        if isinstance(event, Dtmf):
            super().put(event)
