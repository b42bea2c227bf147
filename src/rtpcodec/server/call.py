"""Call: the asyncio face of a call, for handlers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pickling import Live
from rtpcodec.pump.pump import Pump
from rtpcodec.server.heard import HeardMarks
from rtpcodec.server.inbox import AudioReader, EventReader, Inbox
from rtpcodec.server.ongoing import DONE, Ongoing, end_of
from rtpcodec.stream.events import Audio, Interrupted, Started
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

CLOSE_CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000))
"""Codes that a close frame may carry (RFC 6455 section 7.4)."""


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """The HTTP request that became a call. Path and headers may carry tokens, so its repr shows neither."""

    path: str = field(default="/", repr=False)
    """The path that the carrier dialled, with its query."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers; names are found in any case."""


@dataclass(frozen=True, slots=True)
class CallParts:
    """The parts of a Call, made by its runner."""

    id: str
    request: UpgradeRequest
    pump: Pump[CallMachine]
    inbox: Inbox
    heard: HeardMarks
    disconnected: asyncio.Future[None]
    may_wait: bool
    """Whether the handler is a coroutine, which may wait, and not `on_audio`."""


class Call(Live):
    """The stream of one call: receive its audio, send audio to it. Its end does not end the phone call.

    Use it from the event loop's thread only; in other threads, methods that change something raise LocalProtocolError
    and change nothing. `loop.call_soon_threadsafe(call.play, pcm)` plays from another thread.

    After the end of the stream, methods that send raise StreamEnded. A handler may let that pass: StreamEnded raised
    after the end of the stream is not an error.
    """

    __slots__ = ("_parts", "_pump", "_thread_id", "headers", "id", "path", "started")

    def __init__(self, parts: CallParts, started: Started) -> None:
        self._parts = parts
        self._pump = parts.pump
        self._thread_id = threading.get_ident()
        self.id = parts.id
        """A short random id, which log records show too."""
        self.started = started
        """The carrier's first `start`: its ids and the format of its audio."""
        self.path = parts.request.path
        """The path that the carrier dialled, with its query."""
        self.headers: Mapping[str, str] = parts.request.headers
        """The headers of the request; names are found in any case."""

    def __repr__(self) -> str:
        # Path and headers may carry tokens.
        return f"<Call {self.id} stream_id={self.started.stream_id!r} call_control_id={self.started.call_control_id!r}>"

    # Receive

    def audio(self, track: str | None = None) -> AudioReader:
        """Return the audio of one track (None: of all) as an async iterator that ends with the stream.

        Other events are skipped. Only one task at a time may read a call. A slow reader loses the oldest audio beyond
        5 s.
        """
        self._require_coroutine("audio")
        return AudioReader(self._parts.inbox, track)

    def events(self) -> EventReader:
        """Return all events, from Started to Stopped, as an async iterator that ends with the stream."""
        self._require_coroutine("events")
        return EventReader(self._parts.inbox)

    # Send

    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None) -> Ongoing:
        """Queue native int16 mono PCM.

        pcm: the PCM; or an Audio, which keeps its rate. An Audio that was not decoded has no PCM and plays nothing.
        pcm_hz: the rate of the PCM; None: send_pcm_hz. Chunks of one rate are joined without a seam until `flush`.

        Audio that does not fit into the queue waits for space, behind plays that wait already. In mode mp3 audio is
        collected until `flush` encodes one file.

        Returns: an Ongoing. Await it to wait until everything is queued; an interruption or the end of the stream drops
        the audio that still waits and ends the wait as well. Cancelling the wait drops that audio too.
        Raises, and queues nothing: StreamEnded after the end; ValueError, TypeError if it is not 16-bit PCM or the rate
        cannot be resampled; QueueFull in `on_audio`, which cannot wait, if the audio does not fit, and elsewhere if a
        play waits already and more than max_queue_ms would wait behind it.
        """
        waiting = end_of(self._machine("play").plays.play(pcm, pcm_hz))
        self._pump.run()
        return waiting

    def play_payload(self, payload: Buffer) -> Ongoing:
        """Queue octets that are already in the send codec, otherwise like `play`.

        Sample codecs accept any number of whole samples, OPUS and AMR-WB exactly one payload.

        Raises: PayloadError if they are not that, LocalProtocolError if the plan's mode is mp3, and StreamEnded and
        QueueFull as `play`.
        """
        waiting = end_of(self._machine("play_payload").plays.play_payload(payload))
        self._pump.run()
        return waiting

    def play_mp3(self, data: Buffer) -> Ongoing:
        """Queue an MP3 file, otherwise like `play`.

        Several files in one buffer are all played. The carrier accepts one file per second (media streaming, section
        6.2), so short files are sent with pauses.

        Raises: ValueError if it is not an MP3 file, LocalProtocolError if the plan's mode is rtp, and StreamEnded and
        QueueFull as `play`.
        """
        waiting = end_of(self._machine("play_mp3").plays.play_mp3(data))
        self._pump.run()
        return waiting

    def flush(self) -> None:
        """End the utterance: pad its last frame with silence, or in mode mp3 encode the file.

        Encoding takes some ms per second of audio. Audio of a `play` that still waits is not included; it belongs to
        the next utterance. Raises StreamEnded after the end.
        """
        self._machine("flush").session.flush()
        self._pump.run()

    def mark(self, name: str | None = None) -> str:
        """Queue a mark behind all queued audio. Every mark ends as one event, MarkPlayed or MarkCleared.

        name: its name; None: one is generated.
        Returns: the name.
        Raises: LocalProtocolError if too many marks wait, StreamEnded after the end, TypeError if the name is not a
        str, ValueError if it has a lone surrogate.
        """
        name = self._machine("mark").session.mark(name)
        self._pump.run()
        return name

    async def played(self) -> bool:
        """Flush, and wait until everything was heard.

        Returns: True; False if an interruption or the end of the stream came first.
        Raises: StreamEnded after the end, LocalProtocolError in `on_audio`, which cannot wait.
        """
        # 1. Wait for plays that wait for space. An interruption meanwhile drops them.
        self._require_coroutine("played")
        plays = self._machine("played").plays
        drop_count = plays.drop_count
        turn = end_of(plays.turn())
        self._pump.run()
        await turn
        if plays.drop_count != drop_count:
            return False
        # 2. Flush, send a mark, and wait for its echo.
        self.flush()
        return await self._parts.heard.wait()

    def interrupt(self) -> Interrupted:
        """Stop playing: drop all audio that waits, is queued here, or is held by the carrier.

        Returns: the estimate of what was heard. The event InterruptionSettled follows with the final value, when every
        mark on its way has ended.
        Raises: StreamEnded after the end.
        """
        found = self._machine("interrupt").interrupt(self._pump.now_ms())
        self._pump.run()
        return found

    def close(self, code: int = 1000) -> Ongoing:
        """End the stream at once and drop queued audio. To let queued audio be heard, return from the handler instead.

        The phone call continues without the stream, unless its TeXML document ends behind `<Connect>`. `CallControl`'s
        `hangup` ends the call.

        Returns: an Ongoing. Await it to wait until the socket is closed.
        Raises: ValueError if a close frame cannot carry the code (RFC 6455 section 7.4).
        """
        if code not in CLOSE_CODES:
            raise ValueError(f"code is {code}, 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 is needed")
        self._machine("close").close(code, self._pump.now_ms())
        self._pump.run()
        return Ongoing(asyncio.shield(self._parts.disconnected)) if self._parts.may_wait else DONE

    # State

    @property
    def ended(self) -> bool:
        """Whether the stream has ended."""
        return self._pump.machine.session.ended

    @property
    def media_format(self) -> MediaFormat:
        """The current format of the carrier's audio."""
        return self._pump.machine.session.media_format or self.started.media_format

    @property
    def plan(self) -> StreamPlan:
        """The plan of the endpoint."""
        return self._pump.machine.session.plan

    @property
    def send_pcm_hz(self) -> int:
        """The rate of PCM for `play` that is given without a rate."""
        return self._pump.machine.session.send_pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent, with that of plays that wait for space."""
        return self._pump.machine.queued_ms

    def statistics(self) -> Statistics:
        """Return all counters of the stream at this moment."""
        return self._pump.machine.statistics(self._pump.now_ms())

    def describe(self) -> str:
        """Describe both directions in one line for people: codec, rate and each conversion."""
        return self._pump.machine.session.describe()

    def _machine(self, name: str) -> CallMachine:
        """Return the machine to a method that changes it. Raises LocalProtocolError outside the loop's thread."""
        if threading.get_ident() != self._thread_id:
            raise LocalProtocolError(
                f"{name}() was called outside the event loop's thread, nothing has changed; "
                f"use loop.call_soon_threadsafe(call.{name}, ...), or asyncio.run_coroutine_threadsafe with a "
                f"coroutine function that calls it"
            )
        return self._pump.machine

    def _require_coroutine(self, name: str) -> None:
        self._machine(name)
        if not self._parts.may_wait:
            raise LocalProtocolError(f"{name}() waits, and on_audio cannot; pass a coroutine as handler instead")
