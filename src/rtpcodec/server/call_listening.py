"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from os import PathLike

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.capturing import CallCapture
from rtpcodec.server.inbox import AudioReader, EventReader
from rtpcodec.server.tapping import CallTap
from rtpcodec.stream.tapping.stages import Stage


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

    def capture(self, path: str | PathLike[str], *, audio: bool = False) -> CallCapture:
        """Write every message both ways, and what the handler does, to a file, until `stop` or the stream's end.

        `rtpcodec.replay` and `rtpcodec replay FILE` run it again. Tokens, phone numbers, digits, client_state and
        custom parameters are never in it (docs/capture.md). A thread writes.

        path: the file, which is replaced: JSON lines.
        audio: whether payloads keep their audio, apart from private sections. False: they hold silence of the same
            length.
        Returns: a CallCapture, whose `stop` ends it. Await it to wait until the file is complete.
        Raises: OSError if the file cannot be opened; StreamEnded after the end.
        """
        self._machine("capture")
        return CallCapture(self._access, path, self.id, audio=audio)

    def tap(self, stage: Stage, path: str | PathLike[str], *, track: str | None = None) -> CallTap:
        """Write the audio of one stage to a WAV file, until `stop` or the stream's end. Several may run at once.

        The first stage that has a click made it. A thread writes. Private sections are silent.

        stage: "received", "pcm", "spoken", "mixed", "encoded" or "heard": docs/capture.md.
        path: the file, which is replaced; its header is true at any moment.
        track: of a received stage; None: the one that was asked for.
        Returns: a CallTap, whose `stop` ends it. A failure of the disk ends its file and is in its `error`.
        Raises: ValueError for another stage; LocalProtocolError for a stage of what is sent in mode mp3; MissingLibrary
        if payloads cannot be decoded here; OSError; StreamEnded after the end.
        """
        self._machine("tap")
        return CallTap(self._access, stage, path, track=track)
