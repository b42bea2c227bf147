"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from typing import Final

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.readers.reading import AudioReader, DtmfReader, EventReader

CALLER: Final = "inbound"
"""The track that a handler listens to unless it asks for another."""


class ListeningSide(CallBase):
    """Readers of one call: any number at the same time, each with a queue of its own.

    A reader begins with what comes after it was made. The first one of its kind that is made within 5 s after the first
    `start` begins with `start`, so that nothing is lost before a handler reads.
    """

    __slots__ = ()

    def audio(self, track: str | None = CALLER) -> AudioReader:
        """Read the audio of one track, as an async iterator that ends with the stream.

        track: "inbound" the caller; "outbound" the other leg, if the plan has it; None: all.
        Returns: a reader. It holds 5 s; what is dropped beyond is `Audio.dropped_before_ms` of the next chunk.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("audio")
        return AudioReader(self._parts.readers, track, self._access)

    def events(self) -> EventReader:
        """Read all events, audio among them, as an async iterator that ends with the stream.

        Returns: a reader. It holds 5 s of audio and 1000 other events; beyond, an event Overrun counts what is dropped.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("events")
        return EventReader(self._parts.readers, self._access)

    def dtmf(self) -> DtmfReader:
        """Read the keys that the caller presses, as an async iterator that ends with the stream.

        Returns: a reader. It holds 1000 keys.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("dtmf")
        return DtmfReader(self._parts.readers, self._access)
