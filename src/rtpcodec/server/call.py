"""The asyncio face of a call: what a handler sees."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump.pump import Pump
from rtpcodec.server.heard import HeardMarks
from rtpcodec.server.inbox import AudioReader, EventReader, Inbox
from rtpcodec.server.ongoing import DONE, Ongoing, end_of
from rtpcodec.stream.events import Interrupted, Started
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

CLOSE_CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000))
"""What a close frame may carry (RFC 6455 section 7.4)."""


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """The HTTP request that became a call. Path and headers may carry tokens."""

    path: str = field(default="/", repr=False)
    """The path that the carrier dialled, with the query."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names in any case."""


@dataclass(frozen=True, slots=True)
class CallParts:
    """What a Call is made of."""

    id: str
    request: UpgradeRequest
    pump: Pump[CallMachine]
    inbox: Inbox
    heard: HeardMarks
    disconnected: asyncio.Future[None]
    may_wait: bool
    """Whether a coroutine handles the call, and not `on_audio`."""


class Call:
    """One call: its audio in, its audio out. Use it from the event loop's thread only.

    After the stream's end whatever sends raises StreamEnded; a StreamEnded that leaves the handler then is not an
    error.
    """

    __slots__ = ("_parts", "_pump", "_thread_id", "headers", "id", "path", "started")

    def __init__(self, parts: CallParts, started: Started) -> None:
        self._parts = parts
        self._pump = parts.pump
        self._thread_id = threading.get_ident()
        self.id = parts.id
        """Short and unique; log records have it too."""
        self.started = started
        """The carrier's first `start`: its ids and the format of its audio."""
        self.path = parts.request.path
        """The path that the carrier dialled, with the query."""
        self.headers: Mapping[str, str] = parts.request.headers
        """Of the request; names in any case."""

    def __repr__(self) -> str:
        # Path and headers may carry tokens.
        return f"<Call {self.id} stream_id={self.started.stream_id!r} call_control_id={self.started.call_control_id!r}>"

    # Receive

    def audio(self, track: str | None = None) -> AudioReader:
        """The audio, of all tracks or of one, as an async iterator that ends with the stream.

        Other events are skipped. One task at a time reads a call; a slow one loses the oldest audio beyond 5 s.
        """
        self._require_coroutine("audio")
        return AudioReader(self._parts.inbox, track)

    def events(self) -> EventReader:
        """Everything, beginning with Started, as an async iterator that ends with the stream after Stopped."""
        self._require_coroutine("events")
        return EventReader(self._parts.inbox)

    # Send

    def play(self, pcm: Buffer) -> Ongoing:
        """Queue native int16 mono PCM at send_pcm_hz; `await` it, and it returns when all is queued.

        It waits for room in the queue, in turn with other plays. An interruption or the stream's end drops what still
        waits, and it returns. In `on_audio` nothing can wait: audio that finds no room raises QueueFull.

        In mode mp3 it is collected, and `flush` makes one file of it.

        StreamEnded. ValueError, TypeError: not 16-bit PCM.
        """
        waiting = end_of(self._machine("play").plays.play(pcm))
        self._pump.run()
        return waiting

    def play_payload(self, payload: Buffer) -> Ongoing:
        """Queue octets that are in the send codec already, else like `play`; of OPUS and AMR-WB exactly one payload.

        PayloadError: not a payload of the codec. LocalProtocolError: the plan's mode is mp3.
        """
        waiting = end_of(self._machine("play_payload").plays.play_payload(payload))
        self._pump.run()
        return waiting

    def play_mp3(self, data: Buffer) -> Ongoing:
        """Queue an MP3 file, else like `play`; files glued together are played whole. The carrier takes one per second.

        ValueError: not an MP3 file. LocalProtocolError: the plan's mode is rtp.
        """
        waiting = end_of(self._machine("play_mp3").plays.play_mp3(data))
        self._pump.run()
        return waiting

    def flush(self) -> None:
        """End the utterance: silence fills its last frame, or the MP3 is made, which takes some ms per second of audio.

        Audio that still waits in a play comes after it.
        """
        self._machine("flush").session.flush()
        self._pump.run()

    def mark(self, name: str | None = None) -> str:
        """Request a report, MarkPlayed or MarkCleared, when all that is queued was heard; the mark's name."""
        name = self._machine("mark").session.mark(name)
        self._pump.run()
        return name

    async def played(self) -> bool:
        """Flush and wait until all was heard: True; False when an interruption or the end came first."""
        self._require_coroutine("played")
        plays = self._machine("played").plays
        drop_count = plays.drop_count
        turn = end_of(plays.turn())
        self._pump.run()
        await turn
        if plays.drop_count != drop_count:
            return False
        self.flush()
        return await self._parts.heard.wait()

    def interrupt(self) -> Interrupted:
        """Stop playing: drop all that was queued and all that the carrier holds; the estimate of what was heard.

        The event InterruptionSettled has the final value: it follows when the marks on their way have come back.
        """
        found = self._machine("interrupt").interrupt(self._pump.now_ms())
        self._pump.run()
        return found

    def close(self, code: int = 1000) -> Ongoing:
        """End the stream at once; what is queued is dropped. `await` it for the end of the socket.

        Return from the handler instead to have the queued audio heard. ValueError: a code that no close frame carries.
        """
        if code not in CLOSE_CODES:
            raise ValueError(f"code is {code}, 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 is needed")
        self._machine("close").close(code, self._pump.now_ms())
        self._pump.run()
        return Ongoing(asyncio.shield(self._parts.disconnected)) if self._parts.may_wait else DONE

    # Facts

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self._pump.machine.session.ended

    @property
    def media_format(self) -> MediaFormat:
        """The format of the carrier's audio now."""
        return self._pump.machine.session.media_format or self.started.media_format

    @property
    def plan(self) -> StreamPlan:
        """The plan of the endpoint."""
        return self._pump.machine.session.plan

    @property
    def send_pcm_hz(self) -> int:
        """The rate of the PCM that `play` takes."""
        return self._pump.machine.session.send_pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""
        return self._pump.machine.session.queued_ms

    def statistics(self) -> Statistics:
        """All counters of the stream at this moment."""
        return self._pump.machine.session.statistics(self._pump.now_ms())

    def describe(self) -> str:
        """Both directions in one line for people: codec, rate and each conversion on the way."""
        return self._pump.machine.session.describe()

    def _machine(self, name: str) -> CallMachine:
        """The machine, for a method that changes it. LocalProtocolError: the caller is in another thread."""
        if threading.get_ident() != self._thread_id:
            raise LocalProtocolError(
                f"{name}() was called in another thread than the event loop's; "
                f"use loop.call_soon_threadsafe or asyncio.run_coroutine_threadsafe"
            )
        return self._pump.machine

    def _require_coroutine(self, name: str) -> None:
        if not self._parts.may_wait:
            raise LocalProtocolError(f"{name}() waits, and on_audio cannot; pass a coroutine as handler instead")
