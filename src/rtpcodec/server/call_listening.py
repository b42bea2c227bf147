"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.inbox import AudioReader, EventReader


class ListeningSide(CallBase):
    """Readers of one call."""

    __slots__ = ()

    def audio(self, track: str | None = None) -> AudioReader:
        """Return the audio of one track (None: of all) as an async iterator that ends with the stream.

        Other events are skipped. Only one task at a time may read a call. A slow reader loses the oldest audio beyond
        5 s.
        """
        self._access.require_coroutine("audio")
        return AudioReader(self._parts.inbox, track)

    def events(self) -> EventReader:
        """Return all events, from Started to Stopped, as an async iterator that ends with the stream."""
        self._access.require_coroutine("events")
        return EventReader(self._parts.inbox)
