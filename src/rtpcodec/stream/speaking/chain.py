"""The send chain of mode rtp: replies in, texts for the carrier out, in order and paced."""

from __future__ import annotations

from collections.abc import Container
from math import inf
from typing import Final, Literal

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pickling import Live
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Audio, Event, Interrupted, MarkCleared
from rtpcodec.stream.items import Packing
from rtpcodec.stream.marks import GENERATED_PREFIX, check_mark_name
from rtpcodec.stream.send_chain import SendMeasures, SendSums
from rtpcodec.stream.speaking._send_path import SendPath
from rtpcodec.stream.speaking.accepting import Acceptor
from rtpcodec.stream.speaking.connection_loss import ConnectionLoss
from rtpcodec.stream.speaking.echoes import Echoes
from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.feedback import Feedback
from rtpcodec.stream.speaking.idle_sound import IdleSound
from rtpcodec.stream.speaking.order import ReplyOrder
from rtpcodec.stream.speaking.own_marks import OwnMarks
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.releasing import Releaser
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.reply_queue import ReplyQueue
from rtpcodec.stream.speaking.resolving import Resolver
from rtpcodec.stream.speaking.send_gate import SendGate
from rtpcodec.stream.speaking.sent_audio import KEPT_MS, SentAudio
from rtpcodec.stream.speaking.settings import SpeakingSettings
from rtpcodec.stream.speaking.stopping import Stopper
from rtpcodec.stream.speaking.stops import is_over
from rtpcodec.stream.stalling import StallWatch
from rtpcodec.stream.wire import Dialect

MAX_WAITING_MARKS: Final = 1000
"""Limit of waiting and outstanding marks. A program with more has an endless loop."""


class SpeechChain(Live):
    """Queues the audio of replies, encodes it when it is due, and releases it.

    Times are in ms of the session's clock. Use from one thread at a time.
    """

    __slots__ = (
        "_feedback",
        "_parts",
        "_reply_count",
        "acceptor",
        "loss",
        "pcm_hz",
        "releaser",
        "resolver",
        "sample_rate_hz",
        "send_path",
        "stopper",
    )

    def __init__(self, packing: Packing, pcm_hz: int | None, settings: SpeakingSettings, dialect: Dialect) -> None:
        """Make the chain of a stream.

        packing: of the plan's codec.
        pcm_hz: default rate of PCM; None: that of the codec.
        settings: of the speaking side.
        dialect: of the carrier.
        """
        rate_hz = packing.sample_rate_hz
        far_end = FarEnd(rate_hz)
        lead_ms = settings.lead_ms
        kept_samples = None if lead_ms is None else int((KEPT_MS + lead_ms) * rate_hz / 1000)
        self._parts = Parts(
            settings=settings,
            dialect=dialect,
            packing=packing,
            far_end=far_end,
            echoes=Echoes(far_end),
            own_marks=OwnMarks(rate_hz, enabled=settings.own_marks and dialect.marks),
            order=ReplyOrder(),
            sent_audio=SentAudio(kept_samples, packing),
            idle=IdleSound(rate_hz, settings.keep_alive),
            gate=SendGate(rate_hz, lead_ms),
        )
        self.pcm_hz = pcm_hz or rate_hz
        self.sample_rate_hz = rate_hz
        self.acceptor = Acceptor(self._parts, pcm_hz)
        self.releaser = Releaser(self._parts)
        self.resolver = Resolver(self._parts)
        self.stopper = Stopper(self._parts, self.releaser)
        self._feedback = Feedback(self._parts, self.releaser, self.stopper, self.resolver)
        self.loss = ConnectionLoss(self._parts, self.releaser, self.stopper, self._feedback, self.resolver)
        self.send_path = SendPath(self._parts, self.releaser, self.resolver, self.stopper, self._feedback)
        self._reply_count = 0

    # Replies

    def reply(self, reply_id: str | None, *, interruptible: bool) -> Reply:
        """Open a reply behind all others. Raises: LocalProtocolError if too many are open; TypeError for a wrong id."""
        if reply_id is not None and not isinstance(reply_id, str):
            raise TypeError(f"the id of the reply is of type {type(reply_id).__name__}, a str or None is needed")
        self._reply_count += 1
        name = reply_id or f"reply-{self._reply_count}"
        reply = Reply(self.acceptor, ReplyQueue(self._parts.packing), name, interruptible=interruptible)
        parts = self._parts
        parts.order.open(reply)
        if parts.actions is not None:
            parts.actions.opened(reply)
        parts.order.end_implicit()
        return reply

    def current_reply(self, now_ms: float) -> Reply | None:
        """Return the reply that `interrupt("current")` would end; None if there is none."""
        return self.stopper.current_reply(now_ms)

    @property
    def last_reply(self) -> Reply | None:
        """The last reply that was not heard to its end; None: everything was heard."""
        return self._parts.order.last_spoken

    @property
    def unended_replies(self) -> list[Reply]:
        """The replies that have not ended, in the order of speaking."""
        return list(self._parts.order)

    @property
    def implicit_reply(self) -> Reply:
        """The reply for audio that is played outside any reply; opened if needed. Raises: StreamEnded."""
        order = self._parts.order
        if order.implicit is None:
            self.acceptor.require_running()
            implicit = Reply(self.acceptor, ReplyQueue(self._parts.packing), None, interruptible=True)
            order.open(implicit)
            order.implicit = implicit
        return order.implicit

    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> None:
        """Add PCM to the implicit reply: see Reply.play."""
        (self._parts.order.implicit or self.implicit_reply).play(pcm, pcm_hz, note)

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Add int16 octets to the implicit reply: see Reply.play."""
        self.implicit_reply.play_octets(octets, pcm_hz, note)

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return PCM as int16 octets: see Reply.octets_of."""
        return self.implicit_reply.octets_of(pcm)

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Add octets in the send codec to the implicit reply: see Reply.play_payload."""
        self.implicit_reply.play_payload(payload, note)

    def play_mp3(self, data: Buffer) -> None:
        """Raise LocalProtocolError: mode rtp has no files."""
        self.mp3_ms(data)

    def mp3_ms(self, _data: Buffer) -> float:
        """Raise LocalProtocolError: mode rtp has no files."""
        raise LocalProtocolError("the plan's mode is 'rtp', play_mp3 needs 'mp3'")

    def own_mark(self) -> str:
        """Raise LocalProtocolError: in mode rtp, replies report when they were heard."""
        raise LocalProtocolError("the plan's mode is 'rtp', where replies say when they were heard")

    def flush(self) -> None:
        """End the implicit reply."""
        self._parts.order.end_implicit()

    def end_replies(self, kept: Container[Reply] = ()) -> None:
        """End all open replies except the kept ones, the implicit one included."""
        for reply in list(self._parts.order.waiting):
            if reply not in kept:
                reply.end()

    def paused_for_ms(self, now_ms: float) -> float:
        """Return how much longer a pause lasts at most; infinity: suspended; 0: neither."""
        return max(0.0, self.stopper.next_ms - now_ms) if self._parts.paused else 0.0

    @property
    def halts(self) -> int:
        """How often a pause or a suspension has begun to hold replies back."""
        return self._parts.halts

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets in the send codec. Raises: PayloadError, TypeError."""
        return self.acceptor.payload_ms(payload)

    @property
    def max_queue_ms(self) -> float:
        """The limit of queued audio."""
        return self._parts.settings.max_queue_ms

    def follow(self, heard: PayloadFormat | None) -> None:
        """Adopt the packing and mode that the far end's payloads request: see Packing.follow."""
        self._parts.packing.follow(heard)

    # Marks

    def mark(self, name: str | None) -> str:
        """Queue a mark behind all audio so far: see MediaSession.mark."""
        if name is not None:
            check_mark_name(name)
        parts = self._parts
        if not parts.dialect.marks:
            raise LocalProtocolError(f"{parts.dialect.name} does not return marks")
        waiting = len(parts.echoes) + sum(len(reply.marks) for reply in parts.order.waiting)
        if waiting >= MAX_WAITING_MARKS:
            raise LocalProtocolError(f"{waiting} marks already wait, at most {MAX_WAITING_MARKS} are allowed")
        if name is None:
            name = parts.new_mark(GENERATED_PREFIX)
        reply = parts.order.last_with_audio or parts.order.current or self.implicit_reply
        reply.marks.put(name, reply.queue.taken_samples + reply.queue.waiting_samples)
        if parts.actions is not None:
            parts.actions.marked(name)
        return name

    def mark_echoed(self, name: str, now_ms: float) -> list[Event]:
        """Process an echo. Returns the events."""
        return self._feedback.mark_echoed(name, now_ms)

    def transferred(self, now_ms: float) -> list[Event]:
        """Discard a pause: another phone may listen now, which has not heard the start of the kept audio."""
        self.stopper.discard(now_ms)
        self.resolver.check_soon()
        return self._feedback.take_reports()

    def refused(self, now_ms: float) -> list[Event]:
        """Process the carrier's error about too many messages."""
        return self._feedback.refused(now_ms)

    def expired(self, now_ms: float) -> list[Event]:
        """Return the events that time alone causes: timed-out marks, replies that were heard, the end of a pause."""
        return self._feedback.expired(now_ms)

    @property
    def has_reports(self) -> bool:
        """Whether `take_reports` would return something."""
        return bool(self._parts.reports)

    def take_reports(self) -> list[Event]:
        """Remove and return the events that sending has caused."""
        return self._feedback.take_reports()

    def hear(self, inbound: StallWatch) -> None:
        """Set the source of how long the carrier has been silent."""
        self._parts.gate.inbound = inbound

    # Releasing texts

    def due(self, now_ms: float, *, at_once: bool = True) -> list[str]:
        """Remove and return the texts that are due. Audio is encoded here, not before.

        at_once: return all of them. False: as many as take 5 ms; `next_deadline_ms` is in the past if more are due.
        """
        texts = self.releaser.due(now_ms, inf if at_once else self._parts.packing.turn_ms)
        if self._parts.order.moved:
            self.resolver.resolve(now_ms)
        return texts

    @property
    def next_deadline_ms(self) -> float | None:
        """When `due` or `expired` has something to do; minus infinity: now; None: not before a call changes it."""
        next_ms, event_ms = self.releaser.next_ms, self._feedback.event_deadline_ms
        if event_ms is not None and event_ms <= next_ms:
            return event_ms
        return None if next_ms == inf else next_ms

    @property
    def event_deadline_ms(self) -> float | None:
        """When `expired` has something to do; None: not before a call changes it."""
        return self._feedback.event_deadline_ms

    # Interruption, suspension, background

    def interrupt(
        self, now_ms: float, also_dropped_ms: float = 0.0, what: Literal["all", "current"] | Reply = "all"
    ) -> tuple[Interrupted, list[Event]]:
        """End replies: see MediaSession.interrupt. Returns the estimate and the events."""
        self.resolver.resolve(now_ms)
        found = self.stopper.interrupt(now_ms, what, also_dropped_ms)
        self.resolver.check_soon()
        return found, self._feedback.take_reports()

    def suspend(self, reason: str, now_ms: float) -> None:
        """Suspend replies: see MediaSession.suspend_speech."""
        self.stopper.suspend(reason, now_ms)
        if self._parts.actions is not None:
            self._parts.actions.suspended(now_ms, reason)

    def unsuspend(self, reason: str, now_ms: float) -> None:
        """End a suspension, and send the unheard audio again."""
        self.stopper.unsuspend(reason, now_ms)
        self.resolver.check_soon()
        if self._parts.actions is not None:
            self._parts.actions.unsuspended(now_ms, reason)

    @property
    def idle(self) -> IdleSound:
        """The sounds beside speech."""
        return self._parts.idle

    # The far end's answers

    @property
    def gate(self) -> SendGate:
        """The gate that stops sending while the far end does not read."""
        return self._parts.gate

    def ping(self, now_ms: float) -> bytes | None:
        """Return the payload of a ping that is due behind the texts; None: none is due."""
        return self._parts.gate.ping(self._parts.far_end.sent_position, now_ms)

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Process a pong: it measures the round trip, and proves that all audio before its ping was read."""
        round_trip_ms = self._parts.gate.ponged(payload, now_ms)
        if round_trip_ms is not None:
            self._parts.far_end.round_trip(round_trip_ms, now_ms)

    def end(self, now_ms: float) -> list[Event]:
        """End the stream, drop all unsent audio, and return the events of marks and replies."""
        self.acceptor.running = False
        parts = self._parts
        self.stopper.end(now_ms)
        found = [*self._feedback.take_reports(), *self._feedback.events_of(parts.echoes.ended())]
        position = parts.far_end.heard(now_ms)
        for reply in list(parts.order):
            found.extend(MarkCleared(name, "stop") for name in reply.marks.drop())
            parts.order.remove(reply)
            reply.settle(position.position, position.uncertainty_ms)
            reply.become("estimated" if is_over(reply, position) else "interrupted")
            if reply.explicit:
                found.append(reply.ended_event())
        self.releaser.end()
        parts.sent_audio.take_all()  # its replies hold this chain
        return [*found, *self._feedback.take_reports()]

    # Measures

    def describe(self) -> str:
        """Describe resampling, codec and rate in words."""
        coded = self._parts.packing.describe()
        return coded if self.pcm_hz == self.sample_rate_hz else f"{self.pcm_hz} Hz -> {coded}"

    @property
    def stream_id(self) -> str | None:
        """The id of the stream in the last `start`."""
        return self.releaser.stream_id

    @stream_id.setter
    def stream_id(self, stream_id: str | None) -> None:
        self.releaser.stream_id = stream_id

    @property
    def sums(self) -> SendSums:
        """Counters for statistics."""
        releaser, stopper, dropped_ms = self.releaser, self.stopper, self._parts.ms(self.acceptor.dropped_samples)
        sent = releaser.media_sent, releaser.octets_sent, releaser.stalls
        return SendSums(*sent, dropped_ms, stopper.pauses, stopper.paused_ms)

    @property
    def round_trip_ms(self) -> float | None:
        """The minimum measured round trip to the carrier; None: not measured."""
        return self._parts.far_end.round_trip_ms

    @property
    def measures(self) -> SendMeasures:
        """Measurements for statistics."""
        return SendMeasures(self._parts.far_end.hold_ms, self.releaser.longest_stall_ms, self.releaser.level.level)

    @property
    def room_ms(self) -> float:
        """How much audio `play` would accept now."""
        order = self._parts.order
        if order.implicit is None:
            return self.max_queue_ms - (0.0 if order.current is None else self.acceptor.behind_ms)
        return self.acceptor.room_ms_of(order.implicit)

    @property
    def queued_ms(self) -> float:
        """Waiting audio of all replies."""
        return self._parts.ms(self._parts.order.waiting_samples)

    @property
    def position_ms(self) -> float:
        """Audio queued since the stream began, without audio that interruptions dropped."""
        parts = self._parts
        return parts.ms(parts.far_end.sent_position - parts.lost_samples + parts.order.waiting_samples)

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard, on the scale of position_ms."""
        parts = self._parts
        return max(0.0, parts.ms(parts.far_end.heard(now_ms).position - parts.lost_samples))

    @property
    def sent_ms(self) -> float:
        """Audio sent since the stream began, heard or not."""
        return self._parts.ms(self._parts.far_end.sent_position)
