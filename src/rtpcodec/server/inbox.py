"""Events on their way to a handler: bounded, so that the socket is always read; one reader at a time."""

from __future__ import annotations

import asyncio

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import Audio, Event


class Inbox:
    """Filled by the socket's callback, read by the handler."""

    __slots__ = ("_queue", "_waiter", "ended", "was_read")

    def __init__(self) -> None:
        self._queue = EventQueue()
        self._waiter: asyncio.Future[None] | None = None
        self.ended = False
        self.was_read = False
        """Whether anybody ever asked, so that what is dropped was wanted."""

    @property
    def dropped_ms(self) -> float:
        """Audio that a slow handler lost."""
        return self._queue.dropped_ms

    def put(self, event: Event) -> None:
        """Add an event and wake the reader."""
        self._queue.put(event)
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """Nothing more will come; what waits can still be read."""
        self.ended = True
        if self._waiter is not None:
            self._wake()

    def pop(self) -> Event | None:
        """The oldest event; None when none waits."""
        return self._queue.pop() if len(self._queue) else None

    async def wait(self) -> None:
        """Sleep until there may be something to read. LocalProtocolError: somebody waits already."""
        if self._waiter is not None:
            raise LocalProtocolError("another task reads this call's events already, 1 at a time is possible")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class EventReader:
    """Everything, as an async iterator that ends with the stream."""

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


class AudioReader:
    """Audio of one track or of all; other events are passed over."""

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
