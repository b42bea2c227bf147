"""Reports the inputs of a session and each text that it sends to its captures, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from math import inf
from typing import Any, Literal

from typing_extensions import Buffer

from rtpcodec.pickling import Live
from rtpcodec.stream.capture.header import DialectFacts
from rtpcodec.stream.capture.lines import DIALECT, Record, SentText
from rtpcodec.stream.items import Piece
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.session_state import SessionState
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.wire import Dialect

RecordSink = Callable[[Record], object]
"""Called with each record, in the session's thread. It must not block."""


class InputReporter(Live):
    """Reports the inputs of one session to its captures, if there are any. Use from one thread at a time.

    It is the ActionSink and a SentSink of the send side.
    """

    __slots__ = (
        "_backlog",
        "_chain",
        "_expected_ms",
        "_following",
        "_gate_closed",
        "_idle",
        "_now_ms",
        "_numbers",
        "_privacy",
        "_sent_of",
        "_session",
        "_sinks",
    )

    def __init__(self, session: SessionState, privacy: Privacy, chain: SpeechChain | None, now_ms: float) -> None:
        """Make an object without sinks.

        Args:
            session: Its inputs are reported.
            privacy: Its private sections.
            chain: Its send side; None in mode mp3.
            now_ms: The time.
        """
        self._session = session
        self._privacy = privacy
        self._chain = chain
        self._now_ms = now_ms
        self._expected_ms = inf  # at the last record: see Releaser
        self._gate_closed = False
        self._idle = False
        self._following: set[int] = set()  # numbers of replies with audio that waits in `plays`
        self._sinks: tuple[RecordSink, ...] = ()
        self._numbers: dict[int, int] = {}  # by the serial of a reply
        self._sent_of: list[int | None] = []  # the replies of the audio that `outgoing` will return
        self._backlog: int | Literal["unread"] | None = "unread"

    def add(self, sink: RecordSink) -> None:
        """Report to a sink from now on."""
        self._sinks = (*self._sinks, sink)

    def remove(self, sink: RecordSink) -> bool:
        """Stop reporting to a sink. Returns whether others are left."""
        self._sinks = tuple(one for one in self._sinks if one is not sink)
        return bool(self._sinks)

    # From the session

    def received(self, text: str | Buffer, now_ms: float) -> None:
        """Report a message."""
        # 1. Audio of a private section may arrive after its end.
        privacy = self._privacy
        private = privacy.active
        if not private and privacy.hidden_until_ms > -inf:
            private = privacy.hides(now_ms, self._session.received_until_ms)
        # 2. The buffer of a socket is reused.
        self._put("in", text if isinstance(text, str | bytes) else memoryview(text).tobytes(), now_ms, private=private)

    def rejected(self, rule: str, detail: str, now_ms: float) -> None:
        """Report a frame that is not a message."""
        self._put("do", {"do": "reject", "rule": rule, "detail": detail}, now_ms)

    def chosen(self, dialect: Dialect) -> None:
        """Report the detected dialect of the stream."""
        self._do(DIALECT, facts=asdict(DialectFacts.of(dialect)))

    def refused(self, reason: str, now_ms: float) -> None:
        """Report that the stream is refused."""
        self._put("do", {"do": "refuse", "reason": reason}, now_ms)

    def closed(self, by_us: bool, now_ms: float) -> None:
        """Report the end of the socket."""
        self._put("do", {"do": "closed", "by_us": by_us}, now_ms)

    def disconnected(self, cause: str, last_frame_ms: float, now_ms: float) -> None:
        """Report the loss of the socket."""
        silent_ms = now_ms - last_frame_ms
        self._put("do", {"do": "disconnected", "cause": cause, "silent_ms": silent_ms}, now_ms)

    def looking(self, now_ms: float) -> None:
        """Report a call of `events` to which time alone may add events."""
        self._now_ms = now_ms
        deadline_ms = self._session.event_deadline_ms
        ends_reply = self._chain is not None and self._chain.resolver.ends_implicit(now_ms)
        if ends_reply or (deadline_ms is not None and deadline_ms <= now_ms):
            self._put("do", {"do": "look"}, now_ms)

    def _note_sending(self, chain: SpeechChain) -> None:
        self._expected_ms = chain.releaser.expected_ms
        self._gate_closed = chain.gate.was_closed

    def finish(self, sink: RecordSink) -> None:
        """Send the last record to a sink: the figures at its end."""
        figures = asdict(self._session.statistics(self._now_ms))
        sink(Record(self._now_ms, "do", {"do": "end", "statistics": figures}, self._privacy.active))

    def sending(self, now_ms: float) -> None:
        """Report changes that the next `outgoing` will see: audio that waits in `plays`, sound between replies."""
        self._now_ms = now_ms
        chain = self._chain
        if chain is None:
            return
        if chain.idle.active is not self._idle:
            self._idle = chain.idle.active
            self._do("idle", active=self._idle)
        if not (parts_of(chain).order.waiting or self._following):
            return
        following = {self._number(reply) for reply in parts_of(chain).order.waiting if reply.more_follows}
        for number in following ^ self._following:
            self._do("more", reply=number, follows=number in following)
        self._following = following

    def released(self, texts: list[str], now_ms: float, *, whole: bool) -> None:
        """Report a call of `outgoing` (whole) or `outgoing_part`, and its texts."""
        if not texts:
            # 1. No texts, but the call may have changed the state of the gate, or the time at which audio is due.
            chain = self._chain
            if chain is not None and (
                chain.gate.was_closed or self._gate_closed or chain.releaser.expected_ms != self._expected_ms
            ):
                self._note_sending(chain)
                self._put("do", {"do": "look", "outgoing": True, "whole": whole}, now_ms)
            return
        # 2. The texts, each with its place in the call.
        idle = False
        if self._chain is not None:
            self._note_sending(self._chain)
            idle = self._chain.idle.active
        replies, self._sent_of = tuple(self._sent_of), []
        for at, text in enumerate(texts):
            first = at == 0
            self._put("out", SentText(text, len(texts) if first else 0, whole, idle, replies if first else ()), now_ms)

    def interrupted(self, what: str | Reply, also_dropped_ms: float, now_ms: float) -> None:
        """Report an interruption; of one reply, by its number."""
        members = {"what": "reply", "reply": self._number(what)} if isinstance(what, Reply) else {"what": what}
        self._put("do", {"do": "interrupt", **members, "also_dropped_ms": also_dropped_ms}, now_ms)

    def held(self, held: bool, now_ms: float) -> None:
        """Report that the phone call was put on hold, or taken off it."""
        self._put("do", {"do": "hold", "held": held}, now_ms)

    def private(self, active: bool, label: str, now_ms: float) -> None:
        """Report the start or end of a private section."""
        self._put("do", {"do": "private", "active": active, "label": label}, now_ms)

    # From the sending side

    def opened(self, reply: Reply) -> None:
        """Report a reply."""
        self._number(reply)

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None) -> None:
        """Report audio of a reply: the length of PCM, or a payload of the send codec."""
        number = self._number(reply)
        if payload is not None:
            self._do("payload", reply=number, payload=payload)
        elif samples:
            self._do("play", reply=number, samples=samples, hz=from_hz)

    def closing(self, reply: Reply) -> None:
        """Report that a reply was ended while its audio waits in `plays`."""
        self._do("close_reply", reply=self._number(reply))

    def ended(self, reply: Reply) -> None:
        """Report that a reply gets no more audio."""
        self._do("end_reply", reply=self._number(reply))

    def marked(self, name: str) -> None:
        """Report a mark."""
        self._do("mark", name=name)

    def paused(self, now_ms: float, timeout_ms: float, then: str) -> None:
        """Report a pause."""
        self._put("do", {"do": "pause", "timeout_ms": timeout_ms, "then": then}, now_ms)

    def resumed(self, now_ms: float, rewind_ms: float) -> None:
        """Report the end of a pause."""
        self._put("do", {"do": "resume", "rewind_ms": rewind_ms}, now_ms)

    def discarded(self, now_ms: float) -> None:
        """Report the end of a pause that drops the unheard audio."""
        self._put("do", {"do": "discard"}, now_ms)

    def suspended(self, now_ms: float, reason: str) -> None:
        """Report a suspension."""
        self._put("do", {"do": "suspend", "reason": reason}, now_ms)

    def unsuspended(self, now_ms: float, reason: str) -> None:
        """Report the end of a suspension."""
        self._put("do", {"do": "unsuspend", "reason": reason}, now_ms)

    def pinged(self, now_ms: float) -> None:
        """Report a ping."""
        self._put("do", {"do": "ping"}, now_ms)

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Report a pong."""
        self._put("do", {"do": "pong", "answers": payload.decode("ascii", "replace")[:16]}, now_ms)

    def backlog_read(self, octets: int | None) -> None:
        """Report a change of the unacknowledged octets."""
        if octets != self._backlog:
            self._backlog = octets
            self._do("backlog", octets=octets)

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Store the reply of a sent message."""
        del position, samples, pieces, payload
        self._sent_of.append(None if reply is None else self._number(reply))

    def _number(self, reply: Reply) -> int:
        number = self._numbers.get(reply.serial)
        if number is None:
            number = self._numbers[reply.serial] = len(self._numbers) + 1
            if reply.explicit:
                tones = {"tones": reply.queue.tones} if reply.queue.tones else {}
                self._do("reply", reply=number, id=reply.id, interruptible=reply.interruptible, **tones)
        return number

    def _do(self, what: str, **members: Any) -> None:
        self._put("do", {"do": what, **members}, self._now_ms)

    def _put(self, kind: str, body: Any, now_ms: float, *, private: bool | None = None) -> None:
        self._now_ms = now_ms
        record = Record(now_ms, kind, body, self._privacy.active if private is None else private)
        for sink in self._sinks:
            sink(record)
