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

    def reference(self, media_ms: float, duration_ms: float = 20, pcm_hz: int | None = None) -> bytes:
        """Return what the caller heard at a time, for an echo canceller: native int16 PCM, silence where it was silent.

        The echo of it arrives up to 600 ms behind, with the inbound audio of that later time. Audio that was sent
        before the first call of this method is missing, so call it once when the call begins.

        media_ms: the inbound media time, of the last 3 s, such as `Audio.media_ms`.
        duration_ms: how long.
        pcm_hz: the rate wanted; None: that of the codec that we send.
        Raises: LocalProtocolError in mode mp3; MissingLibrary if what we send cannot be decoded here; ValueError if the
        rate cannot be resampled.
        """
        return self._machine("reference").session.heard_signal().reference(media_ms, duration_ms, pcm_hz)
