"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from collections.abc import Awaitable
from os import PathLike

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.inbox import AudioReader, EventReader
from rtpcodec.server.recorder.recorder import recorder_of
from rtpcodec.server.recorder.recording import Recording
from rtpcodec.server.recorder.tape import Sides
from rtpcodec.server.replies import Reply


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

    def record(
        self, path: str | PathLike[str], *, after: Reply | Awaitable[object] | None = None, sides: Sides = "stereo"
    ) -> Recording:
        """Record both sides of the call from now on, beside whatever the handler does, until it ends.

        A JSON file of the same name says what is in the recording: docs/recording.md. A thread writes.

        path: the file, which must not exist; `.wav` or `.flac` decides its kind.
        after: a reply, such as a disclosure: the recording begins once it was heard to its end, and does not begin if
            it was interrupted. Or an awaitable: it begins unless that returns False or raises.
        sides: "stereo" for one file, the caller on the left and what the caller heard on the right; "separate" for one
            file per side.
        Returns: the recording. Errors of the disk do not raise and do not end the call: they are in its `error`.
        Raises: StreamEnded after the end; ValueError for another suffix or word; LocalProtocolError if received audio
        is not decoded; MissingExtra for FLAC without soundfile.
        """
        recorder = recorder_of(self._parts, self._access, self.started, path, sides)
        if after is None:
            recorder.begin()
        else:
            recorder.wait_for(after)
        return Recording(recorder)

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
