"""Queue of events between socket and one reader. When it is full it drops events, so that the socket is always read."""

from __future__ import annotations

from typing import Self

from rtpcodec.server.readers._inbox import InboxState
from rtpcodec.stream.events import Audio, Dtmf, Event
from rtpcodec.stream.memory_budget import Account


class Inbox(InboxState):
    """All events, for one reader. Use it in the event loop's thread only."""

    __slots__ = ()

    def __new__(cls, account: Account | None = None) -> Self:
        """Make an empty inbox. account: the call's account in the endpoint's budget; None: without a budget."""
        return super().__new__(cls, account=account)

    async def wait(self, until_ms: float | None = None) -> None:
        """Wait until there may be something to read.

        Args:
            until_ms: wait no longer than that, in ms of the event loop's clock; None: without limit.

        Raises:
            LocalProtocolError: another task waits already, or in another event loop than the call's.
        """
        waker = self.begin_wait()
        timer = None if until_ms is None else waker.get_loop().call_at(until_ms / 1000, self.wake)
        try:
            await waker
        finally:
            self.end_wait(waker)
            if timer is not None:
                timer.cancel()


class TrackInbox(Inbox):
    """The audio of one track, or of all."""

    __slots__ = ()

    def __new__(cls, track: str | None, account: Account | None = None) -> Self:
        """Make an empty inbox. track: the track; None: all. account: as for Inbox."""
        inbox = super().__new__(cls, account)
        inbox.only_audio(track)
        return inbox


class DtmfInbox(Inbox):
    """Keys."""

    __slots__ = ()

    def put_audio(self, _audio: Audio, /) -> None:
        """Drop audio."""

    def put(self, event: Event, /) -> None:
        """Add a key and wake the reader."""
        if isinstance(event, Dtmf):
            super().put(event)
