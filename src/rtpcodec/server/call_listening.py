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
