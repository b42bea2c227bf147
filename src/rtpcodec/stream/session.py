"""One call's stream: the rules of connection, receiving and sending wired together. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from typing_extensions import Buffer

from rtpcodec.audio.resample import Resampler
from rtpcodec.errors import PlanError, StreamEnded
from rtpcodec.stream import messages
from rtpcodec.stream.connection import Connection, State
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import (
    Audio,
    CarrierError,
    Dtmf,
    Event,
    FormatChanged,
    Gap,
    Interrupted,
    Malformed,
    Stalled,
    Started,
    Stopped,
    Unknown,
)
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receiving import PcmRate, ReceiveChain
from rtpcodec.stream.sending import SendChain
from rtpcodec.stream.statistics import Counts, Statistics
from rtpcodec.stream.wire import TELNYX, BrokenMessage, Dialect

LEAD_MS: Final = 400.0
"""Audio held at the carrier: covers the stalls of a busy event loop, and an interruption drops it anyway."""
MAX_QUEUE_MS: Final = 60_000.0
"""Audio that may wait here; a minute of PCMU is 480 kB."""
MAX_UNREAD_MS: Final = 600_000.0
"""Audio that waits for `events`; only a shell that never asks comes near."""
STALL_MS: Final = 200.0
"""Silence of the socket that is told; ten chunks of 20 ms."""


class MediaSession:
    """One call's stream: messages and PCM in, events and messages out. Knows no socket and no clock.

    `now_ms` is a float of any monotonic clock. Use from one thread at a time.

    >>> session = MediaSession(StreamPlan())
    >>> session.receive('{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000}}}', now_ms=0)
    >>> session.receive('{"event":"media","media":{"payload":"//8="}}', now_ms=20)
    >>> [type(event).__name__ for event in session.events(now_ms=20)]
    ['Started', 'Audio']
    >>> session.play(bytes(320))
    >>> session.outgoing(now_ms=20)[0][:32]
    '{"event":"media","media":{"paylo'
    """

    def __init__(
        self,
        plan: StreamPlan | None = None,
        *,
        receive_pcm_hz: PcmRate = "native",
        send_pcm_hz: int | None = None,
        lead_ms: float | None = LEAD_MS,
        max_queue_ms: float = MAX_QUEUE_MS,
        stall_ms: float = STALL_MS,
        utc_offset_ms: float | None = None,
        conceal: bool = False,
        dialect: Dialect = TELNYX,
    ) -> None:
        """Make a session.

        receive_pcm_hz: rate of `Audio.pcm`; "native": the codec's own; None: payloads only, nothing is decoded.
        send_pcm_hz: rate of the PCM for `play`; None: the plan's rate.
        lead_ms: audio to hold at the carrier ahead of its play-out; None: send all at once.
        max_queue_ms: audio that `play` queues before it refuses with QueueFull.
        stall_ms: silence of the socket that is told by Stalled.
        utc_offset_ms: UTC minus `now_ms`, for `Started.utc_ms`.
        conceal: fill gaps, behind their Gap, with Audio that is made up (`concealed`): for ears, not for recognisers.
        dialect: how the carrier spells its messages, and what it can do.
        PlanError: the carrier does not have the plan's mode.
        ValueError: a rate that the resampler (or MP3, in its mode) does not offer, or a limit that is not positive
        (lead_ms may be 0). MissingLibrary: what we send needs a library that is not here.
        """
        if not stall_ms > 0:
            raise ValueError(f"stall_ms is {stall_ms:g}, a positive number is needed")
        if receive_pcm_hz is not None and receive_pcm_hz != "native":
            Resampler(receive_pcm_hz, receive_pcm_hz)
        self.plan = plan if plan is not None else StreamPlan()
        if self.plan.mode not in dialect.modes:
            raise PlanError(f"mode is {self.plan.mode!r}, {dialect.name} has {', '.join(dialect.modes)}")
        self._dialect = dialect
        self._receive_pcm_hz: PcmRate = receive_pcm_hz
        self._stall_ms = stall_ms
        self._utc_offset_ms = utc_offset_ms
        self._conceal = conceal
        self._connection = Connection()
        self._receiving: ReceiveChain | None = None
        self._sending = SendChain(self.plan, send_pcm_hz, lead_ms, max_queue_ms, dialect)
        self._events = EventQueue(MAX_UNREAD_MS)
        self._counts = Counts()
        self._last_received_ms = 0.0
        self._last_chunk_ms = 0.0

    # What comes

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed one WebSocket text, as str or UTF-8 octets. What the carrier sends never raises: see `events`."""
        if self.ended:
            return
        self._notice_stall(now_ms)
        self._counts.messages_received += 1
        try:
            message = self._dialect.parse(text)
            follows_directly = self._connection.accept(message)
            self._take(message, follows_directly, now_ms)
        except BrokenMessage as broken:
            self._count_malformed(broken.rule, broken.detail, now_ms)
        else:
            self._connection.count_good()

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is no text at all as malformed: a shell met a binary frame or too many fragments."""
        if self.ended:
            return
        self._notice_stall(now_ms)
        self._counts.messages_received += 1
        self._count_malformed(rule, detail, now_ms)

    def closed(self, now_ms: float, *, by_us: bool = False) -> None:
        """Report that the socket is gone; without `stop` before it, and not by us, that is an abnormal end."""
        if not self.ended:
            self._end("closed_here" if by_us else "closed", now_ms)

    def events(self, now_ms: float) -> list[Event]:
        """What happened since the last call, also what time alone made happen (a mark timed out)."""
        self._put(self._sending.marks_timed_out(now_ms))
        return self._events.take_all()

    # What goes

    def play(self, pcm: Buffer) -> None:
        """Queue native int16 mono PCM at the send rate; in mode mp3 it is collected until `flush` makes a file of it.

        QueueFull: beyond the limit in ms, nothing was queued. StreamEnded. ValueError, TypeError: not 16-bit PCM.
        MissingExtra: in mode mp3, there is nothing to make MP3 with.
        """
        self._require_running()
        self._sending.play(pcm)

    def play_payload(self, payload: Buffer) -> None:
        """Queue octets that are in the send codec already; they share queue, frames and marks with `play`.

        Sample codecs take any run of them, frame codecs exactly one payload. PayloadError: they are none.
        LocalProtocolError: the plan's mode is mp3. Other errors as for `play`.
        """
        self._require_running()
        self._sending.play_payload(payload)

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file; glued ones are played whole. LocalProtocolError: the plan's mode is rtp.

        ValueError: it is no MP3. QueueFull: audio waits and this is more than there is room for. StreamEnded.
        """
        self._require_running()
        self._sending.play_mp3(data)

    def payload_ms(self, payload: Buffer) -> float:
        """How long octets for `play_payload` play. All its errors but QueueFull."""
        return self._sending.payload_ms(payload)

    def mp3_ms(self, data: Buffer) -> float:
        """How long a file for `play_mp3` plays. All its errors but QueueFull."""
        return self._sending.mp3_ms(data)

    def flush(self) -> None:
        """End the utterance: silence fills its last frame, or the MP3 is made. The next `play` begins another."""
        self._require_running()
        self._sending.flush()

    def mark(self, name: str | None = None) -> str:
        """Ask to be told when all audio so far has been heard; the mark's name, made up if none is given.

        It ends as MarkPlayed or MarkCleared, whatever happens. LocalProtocolError: too many marks wait. StreamEnded.
        TypeError, ValueError: the name is no str, or has a lone surrogate.
        """
        self._require_running()
        return self._sending.mark(name)

    def interrupt(self, now_ms: float) -> Interrupted:
        """Stop playing: the carrier's buffer, the queue, the resampler and the partial frame are cleared.

        Returns the estimate of what was heard. The event InterruptionSettled has the final value: it follows when the
        marks on their way have come back.
        """
        self._require_running()
        found, events = self._sending.interrupt(now_ms)
        self._put(events)
        return found

    def outgoing(self, now_ms: float) -> list[str]:
        """The texts that are due now; none before `start` and after the end."""
        if self._connection.state is not State.STREAMING:
            return []
        texts = self._sending.due(now_ms)
        self._counts.messages_sent += len(texts)
        return texts

    @property
    def next_deadline_ms(self) -> float | None:
        """When to ask `outgoing` and `events` again; minus infinity: now; None: not before something is fed."""
        return self._sending.next_deadline_ms if self._connection.state is State.STREAMING else None

    # What is known

    @property
    def ended(self) -> bool:
        """Whether the stream is over, so that nothing is taken or given any more."""
        return self._connection.state is State.STOPPED

    @property
    def streaming(self) -> bool:
        """Whether `start` was seen and the stream is not over."""
        return self._connection.state is State.STREAMING

    @property
    def media_format(self) -> messages.MediaFormat | None:
        """The format of the carrier's audio; None before `start`."""
        return None if self._receiving is None else self._receiving.media_format

    @property
    def send_pcm_hz(self) -> int:
        """The rate of the PCM that `play` takes."""
        return self._sending.pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""
        return self._sending.queued_ms

    @property
    def room_ms(self) -> float:
        """Audio that `play` would still queue."""
        return self._sending.room_ms

    @property
    def position_ms(self) -> float:
        """Audio queued since the stream began, without what interruptions dropped: where the next `play` begins."""
        return self._sending.position_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate of what was heard, on the scale of position_ms."""
        return self._sending.heard_ms(now_ms)

    def statistics(self, now_ms: float) -> Statistics:
        """All counters at this moment."""
        return self._counts.snapshot(self._receiving, self._sending, self._connection.malformed, now_ms)

    def describe(self) -> str:
        """Both directions in one line for people: codec, rate and each conversion on the way."""
        receiving = "not started" if self._receiving is None else self._receiving.describe()
        return f"receive {receiving}; send {self._sending.describe()}"

    # Within

    def _take(self, message: messages.Message, follows_directly: bool, now_ms: float) -> None:
        match message:
            case messages.Media() if self._receiving is not None:
                delivered = self._receiving.put(message, follows_directly=follows_directly)
                self._counts.take_media(len(message.payload))
                self._deliver(delivered)
            case messages.Mark():
                self._put(self._sending.mark_echoed(message.name, now_ms))
            case messages.Start():
                self._start(message, now_ms)
            case messages.Dtmf():
                self._events.put(Dtmf(message.digit, message.occurred_at))
            case messages.Stop():
                self._end("stop", now_ms)
            case messages.Error():
                self._events.put(CarrierError(message.code, message.title, message.detail))
            case messages.Other():
                self._events.put(Unknown(message.event, message.text))
            case messages.Clear():
                self._events.put(Unknown("clear", ""))

    def _start(self, start: messages.Start, now_ms: float) -> None:
        before = self._receiving
        if before is not None:
            self._deliver(before.drain())
            self._counts.keep(before)
            if before.media_format != start.media_format:
                self._events.put(FormatChanged(before.media_format, start.media_format))
        track = self._dialect.tracks[self.plan.tracks][0]
        self._receiving = ReceiveChain(
            self.plan, start.media_format, self._receive_pcm_hz, track=track, conceal=self._conceal
        )
        self._sending.stream_id = start.stream_id
        self._sending.follow(self._receiving.payloads)
        self._last_received_ms = now_ms
        utc_ms = None if self._utc_offset_ms is None else now_ms + self._utc_offset_ms
        self._events.put(Started.of(start, now_ms, utc_ms))
        if self._receiving.unsupported is not None:
            self._events.put(self._receiving.unsupported)

    def _deliver(self, delivered: Iterable[Audio | Gap]) -> None:
        for event in delivered:
            self._events.put(event)
            self._last_chunk_ms = event.duration_ms

    def _put(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.put(event)

    def _end(self, reason: Literal["stop", "closed", "closed_here", "malformed"], now_ms: float) -> None:
        self._connection.stop()
        if self._receiving is not None:
            self._deliver(self._receiving.drain())
        # A mark whose time was over before the end timed out, whether or not anybody looked since.
        self._put(self._sending.marks_timed_out(now_ms))
        self._put(self._sending.end())
        self._events.put(Stopped(reason))

    def _count_malformed(self, rule: str, detail: str, now_ms: float) -> None:
        self._events.put(Malformed(rule, detail))
        if self._connection.count_malformed():
            self._end("malformed", now_ms)

    def _notice_stall(self, now_ms: float) -> None:
        silence_ms = now_ms - self._last_received_ms
        self._last_received_ms = now_ms
        # Carriers may send chunks of up to 30 s, and then silence of that length is their beat.
        if self.streaming and silence_ms >= max(self._stall_ms, 2 * self._last_chunk_ms):
            self._events.put(Stalled(silence_ms))

    def _require_running(self) -> None:
        if self.ended:
            raise StreamEnded("the stream has stopped, nothing can be sent any more")
