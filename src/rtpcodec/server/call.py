"""What a handler sees of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.server.inbox import AudioReader, EventReader
from rtpcodec.server.playing import DONE, Ongoing
from rtpcodec.stream.events import Interrupted, Started
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

if TYPE_CHECKING:
    from rtpcodec.server.line import Line

CLOSE_CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000))
"""What a close frame may carry (RFC 6455 section 7.4)."""


class Call:
    """One call: its audio in, its audio out. Use it from the event loop's thread only.

    After the stream's end whatever sends raises StreamEnded; a StreamEnded that leaves the handler then is no error.
    """

    __slots__ = ("_line", "headers", "id", "path", "started")

    def __init__(self, line: Line, started: Started) -> None:
        self._line = line
        self.id = line.id
        """Short and unique; log records have it too."""
        self.started = started
        """The carrier's first `start`: its ids and the format of its audio."""
        self.path = line.path
        """What the carrier dialled, with the query."""
        self.headers: Mapping[str, str] = line.headers
        """Of the request; names in any case."""

    def __repr__(self) -> str:
        # Path and headers may carry tokens.
        return f"<Call {self.id} stream_id={self.started.stream_id!r} call_control_id={self.started.call_control_id!r}>"

    # What comes

    def audio(self, track: str | None = None) -> AudioReader:
        """The audio, of all tracks or of one, as an async iterator that ends with the stream.

        Other events are passed over. One task at a time reads a call; a slow one loses the oldest audio beyond 5 s.
        """
        self._require_handler("audio")
        return AudioReader(self._line.inbox, track)

    def events(self) -> EventReader:
        """Everything, beginning with Started, as an async iterator that ends with the stream after Stopped."""
        self._require_handler("events")
        return EventReader(self._line.inbox)

    # What goes

    def play(self, pcm: Buffer) -> Ongoing:
        """Queue native int16 mono PCM at send_pcm_hz; `await` it, and it returns when all is queued.

        It waits for room in the queue, in turn with other plays. An interruption or the stream's end drops what still
        waits, and it returns. In `on_audio` nothing can wait: what finds no room raises QueueFull.

        In mode mp3 it is collected, and `flush` makes one file of it.

        StreamEnded. ValueError, TypeError: not 16-bit PCM.
        """
        return self._line.plays.play(pcm)

    def play_payload(self, payload: Buffer) -> Ongoing:
        """Queue octets that are in the send codec already, else like `play`; of OPUS and AMR-WB exactly one payload.

        PayloadError: they are none of the codec. LocalProtocolError: the plan's mode is mp3.
        """
        return self._line.plays.play_payload(payload)

    def play_mp3(self, data: Buffer) -> Ongoing:
        """Queue an MP3 file, else like `play`; files glued together are played whole. The carrier takes one a second.

        ValueError: it is no MP3. LocalProtocolError: the plan's mode is rtp.
        """
        return self._line.plays.play_mp3(data)

    def flush(self) -> None:
        """End the utterance: silence fills its last frame, or the MP3 is made, which takes some ms a second of audio.

        What a play still waits to queue comes after it.
        """
        self._line.session.flush()
        self._line.changed()

    def mark(self, name: str | None = None) -> str:
        """Ask to be told, by MarkPlayed or MarkCleared, when all that is queued was heard; the mark's name."""
        name = self._line.session.mark(name)
        self._line.changed()
        return name

    async def played(self) -> bool:
        """Flush and wait until all was heard: True; False when an interruption or the end came first."""
        self._require_handler("played")
        plays = self._line.plays
        drops = plays.drops
        await plays.turn()
        if plays.drops != drops:
            return False
        self.flush()
        return await self._line.heard()

    def interrupt(self) -> Interrupted:
        """Stop playing: all that was queued and all that the carrier holds is dropped; what was heard, estimated.

        Its `final_ms` is filled in when the marks on their way have come back.
        """
        return self._line.interrupt()

    def close(self, code: int = 1000) -> Ongoing:
        """End the call at once; what is queued is dropped. `await` it for the end of the socket.

        Return from the handler instead to have the queued audio heard. ValueError: a code that no close frame carries.
        """
        if code not in CLOSE_CODES:
            raise ValueError(f"code is {code}, 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 is needed")
        self._line.close(code)
        return DONE if self._line.settings.on_audio else Ongoing(asyncio.shield(self._line.disconnected))

    # What is known

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self._line.session.ended

    @property
    def media_format(self) -> MediaFormat:
        """The format of the carrier's audio now."""
        return self._line.session.media_format or self.started.media_format

    @property
    def plan(self) -> StreamPlan:
        """The plan of the endpoint."""
        return self._line.session.plan

    @property
    def send_pcm_hz(self) -> int:
        """The rate of the PCM that `play` takes."""
        return self._line.session.send_pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""
        return self._line.session.queued_ms

    def statistics(self) -> Statistics:
        """All counters of the stream at this moment."""
        return self._line.session.statistics(self._line.now_ms())

    def describe(self) -> str:
        """Both directions in one line for people: codec, rate and each conversion on the way."""
        return self._line.session.describe()

    def _require_handler(self, what: str) -> None:
        if self._line.settings.on_audio is not None:
            raise LocalProtocolError(f"{what}() waits, and on_audio cannot; pass a coroutine as handler instead")
