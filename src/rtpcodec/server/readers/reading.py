"""The readers of a handler: all events, the audio of one track, or keys. Each has its own queue."""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from rtpcodec.pickling import Live
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.readers._reading import Reading
from rtpcodec.server.readers.hub import ReaderHub
from rtpcodec.server.readers.inbox import DtmfInbox, Inbox, TrackInbox
from rtpcodec.stream.events import Audio, Dtmf, Event


class Reader(Live, Reading):
    """The base of readers: an async iterator that ends with the stream. One task at a time may read it.

    It holds unread events, at most 5 s of audio and 1000 other events; beyond that it drops the oldest. It ends with
    `stop`, or when nothing refers to it any more. Use it in the event loop's thread only.
    """

    __slots__ = ("_hub", "_loop", "_thread_id")
    if TYPE_CHECKING:
        _inbox: Inbox

    def __init__(
        self, hub: ReaderHub, inbox: Inbox, kind: Hashable, access: LoopAccess, *, audio_only: bool = False
    ) -> None:
        self._hub = hub
        self._read_from(inbox, audio_only=audio_only)
        self._loop = access.loop
        self._thread_id = threading.get_ident()
        hub.add(inbox, kind)

    def __aiter__(self) -> Self:
        return self

    def stop(self) -> None:
        """Stop reading, and drop unread events. A task that waits for the next item ends its loop. May be repeated."""
        self._hub.remove(self._inbox)

    def __del__(self) -> None:
        if not hasattr(self, "_thread_id"):
            return
        if threading.get_ident() == self._thread_id:
            self._hub.remove(self._inbox)
        else:  # the last reference was dropped by another thread
            with suppress(RuntimeError):  # the event loop is closed
                self._loop.call_soon_threadsafe(self._hub.remove, self._inbox)


class EventReader(Reader):
    """All events, audio among them. The event `Overrun` reports what was dropped because reading was too slow."""

    __slots__ = ()

    def __init__(self, hub: ReaderHub, access: LoopAccess) -> None:
        super().__init__(hub, Inbox(hub.account), "events", access)

    if TYPE_CHECKING:

        def __anext__(self) -> Coroutine[Any, Any, Event]: ...


class AudioReader(Reader):
    """The audio of one track or of all. `Audio.dropped_before_ms` reports what was dropped before a chunk."""

    __slots__ = ()

    def __init__(self, hub: ReaderHub, track: str | None, access: LoopAccess) -> None:
        super().__init__(hub, TrackInbox(track, hub.account), ("audio", track), access, audio_only=True)

    if TYPE_CHECKING:

        def __anext__(self) -> Coroutine[Any, Any, Audio]: ...


class DtmfReader(Reader):
    """The keys that the caller presses."""

    __slots__ = ()

    def __init__(self, hub: ReaderHub, access: LoopAccess) -> None:
        super().__init__(hub, DtmfInbox(hub.account), "dtmf", access)

    async def __anext__(self) -> Dtmf:
        inbox = self._inbox
        while True:
            event = inbox.pop()
            if isinstance(event, Dtmf):
                return event
            if event is None:
                if inbox.ended:
                    raise StopAsyncIteration
                await inbox.wait()
