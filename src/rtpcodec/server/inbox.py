"""Queue of events between socket and handler. It is bounded and drops, so that the socket is always read."""

from __future__ import annotations

import asyncio

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pickling import Live
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.held import Account


class Inbox:
    """Events that wait for the handler; one reader at a time. Use it from the event loop's thread only."""

    __slots__ = ("_loop", "_queue", "_waiter", "ended", "was_read")

    def __init__(self, account: Account | None = None) -> None:
        """Make an empty inbox; account: what the call holds of the endpoint's budget, None: without a budget."""
        self._loop = asyncio.get_running_loop()
        self._queue = EventQueue(account=account)
        self._waiter: asyncio.Future[None] | None = None
        self.ended = False
        self.was_read = False
        """Whether a reader exists or existed. If not, dropped audio was not wanted and deserves no warning."""

    @property
    def dropped_ms(self) -> float:
        """Audio that was dropped because the handler was too slow."""
        return self._queue.dropped_ms

    @property
    def dropped_events(self) -> int:
        """Events that were dropped because the handler was too slow, chunks of audio included."""
        return self._queue.dropped_events

    @property
    def octets(self) -> int:
        """Octets of memory that waiting events hold."""
        return self._queue.octets

    def put(self, event: Event) -> None:
        """Add an event and wake the reader."""
        self._queue.put(event)
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """Record that no more events will follow. Waiting events can still be read."""
        self.ended = True
        if self._waiter is not None:
            self._wake()

    def pop(self) -> Event | None:
        """Remove and return the oldest event; None: no event waits."""
        return self._queue.pop() if len(self._queue) else None

    async def wait(self) -> None:
        """Wait until there may be something to read.

        Raises: LocalProtocolError if another task waits already, or in another event loop than the call's.
        """
        if self._waiter is not None:
            raise LocalProtocolError("another task reads this call's events already, at most 1 may read at a time")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            raise LocalProtocolError("this call's events can only be read in the event loop of the call")
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class EventReader(Live):
    """All events, as an async iterator that ends with the stream."""

    __slots__ = ("_inbox",)

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        inbox.was_read = True

    def __aiter__(self) -> EventReader:
        return self

    async def __anext__(self) -> Event:
        inbox = self._inbox
        while (event := inbox.pop()) is None:
            if inbox.ended:
                raise StopAsyncIteration
            await inbox.wait()
        return event


class AudioReader(Live):
    """The audio of one track or of all, as an async iterator that ends with the stream; other events are skipped."""

    __slots__ = ("_inbox", "_track")

    def __init__(self, inbox: Inbox, track: str | None) -> None:
        self._inbox = inbox
        self._track = track
        inbox.was_read = True

    def __aiter__(self) -> AudioReader:
        return self

    async def __anext__(self) -> Audio:
        inbox = self._inbox
        while True:
            event = inbox.pop()
            if event is None:
                if inbox.ended:
                    raise StopAsyncIteration
                await inbox.wait()
            elif isinstance(event, Audio) and self._track in (None, event.track):
                return event
