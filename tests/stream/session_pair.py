"""Two sessions with the same inputs: one sends by the native path, the other by the Python classes alone."""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.reply import Reply
from tests.oracles.far_end import FarEnd
from tests.stream import carrier

OCTETS_PER_MS = {"PCMU": 8.0, "PCMA": 8.0, "G722": 8.0, "L16": 32.0}
REFUSED = carrier.text("error", payload={"code": 100005, "title": "rate_limit_reached", "detail": ""})
Outcome = object


def python_only(session: MediaSession) -> MediaSession:
    """Switch off the native send path of a session, and return the session."""
    session._send_path = None
    assert session.speech is not None
    session.speech.acceptor.is_native = False
    return session


def sound(first: int, octets: int, *, quiet: bool = False) -> bytes:
    """Return PCM whose samples all differ, or zeros."""
    if quiet:
        return bytes(octets)
    return array("h", ((first + 37 * at) % 20_000 - 10_000 for at in range(octets // 2 + 1))).tobytes()[:octets]


@dataclass
class SessionPair:
    """The native session, the other one, and the connection of both."""

    plan: StreamPlan
    options: dict[str, Any]
    now_ms: float = 0.0
    up_ms: float = 0.0
    backlog: bool = False
    first: int = 0
    lost: bool = False
    octets: int = 0
    """Unacknowledged octets, as the system reports them."""
    texts: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    replies: list[tuple[Reply, Reply]] = field(default_factory=list)
    up: deque[tuple[float, list[str]]] = field(default_factory=deque)
    down: deque[tuple[float, str]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.both = (self._session(), python_only(self._session()))
        self.far_end = FarEnd(octets_per_ms=OCTETS_PER_MS[self.plan.send_info.name])
        self.line_up()

    def _session(self) -> MediaSession:
        options = {"own_marks": True, "diagnosis_s": None, "stall_ms": 1e9} | self.options
        return MediaSession(self.plan, **options)

    def line_up(self) -> None:
        """Start a connection."""
        self.receive(carrier.start())
        for session in self.both:
            assert session.speech is not None
            session.speech.gate.backlog = (lambda: self.octets) if self.backlog else None
        self.lost = False

    # Comparison

    def each(self, act: Callable[[MediaSession], Outcome]) -> Outcome:
        """Call both. Returns the result of both, or the text of the error that both raise."""
        found: list[Outcome] = []
        for session in self.both:
            try:
                found.append(act(session))
            except Exception as error:
                found.append((type(error), str(error)))
        assert found[0] == found[1], f"at {self.now_ms} ms"
        return found[0]

    def check(self) -> None:
        """Compare all readable state."""
        now_ms = self.now_ms
        self.each(lambda session: session.next_deadline_ms)
        self.each(lambda session: (session.queued_ms, session.room_ms, session.position_ms, session.heard_ms(now_ms)))
        self.each(lambda session: (session.halts, session.paused_for_ms(now_ms), session.sending_has_events))
        self.each(lambda session: session.statistics(now_ms))
        for one, other in self.replies:
            assert of_reply(one, now_ms) == of_reply(other, now_ms)

    def receive(self, text: str) -> None:
        self.each(lambda session: session.receive(text, self.now_ms))

    # Time

    def step(self, *, whole: bool = True) -> None:
        """Do everything that is due now."""
        self.deliver()
        texts = self.each(lambda session: send(session, self.now_ms, whole=whole))
        assert isinstance(texts, list)
        self.octets += sum(map(len, texts))
        if texts:
            self.texts += texts
            self.up.append((self.now_ms + self.up_ms, texts))
        ping = self.each(lambda session: session.speech and session.speech.ping(self.now_ms))
        if isinstance(ping, bytes) and not self.lost:
            self.each(lambda session: ponged(session, ping, self.now_ms + 2 * self.up_ms))
        self.deliver()
        found = self.each(lambda session: session.events(self.now_ms))
        assert isinstance(found, list)
        self.events += found
        self.check()

    def wait(self, ms: float, *, late_ms: float = 0.0) -> None:
        """Advance the time. late_ms: delay of each step after its deadline."""
        until_ms = self.now_ms + ms
        while True:
            deadline_ms = self.both[0].next_deadline_ms
            next_ms = min(self.arrival_ms, math.inf if deadline_ms is None else deadline_ms)
            next_ms = max(self.now_ms, next_ms) + late_ms
            if next_ms > until_ms:
                break
            self.now_ms = next_ms
            self.step(whole=int(next_ms) % 3 > 0)
            if next_ms == self.now_ms and self.both[0].next_deadline_ms == -math.inf:
                self.step()
        self.now_ms = until_ms
        self.step()

    @property
    def arrival_ms(self) -> float:
        """Return the time of the next arrival in either direction."""
        ways = [way[0][0] for way in (self.up, self.down) if way]
        return min(ways + [at_ms for _, at_ms in self.far_end.waiting[:1]], default=math.inf)

    def deliver(self) -> None:
        """Deliver the texts that are due in both directions."""
        while self.up and self.up[0][0] <= self.now_ms:
            at_ms, texts = self.up.popleft()
            self.octets -= sum(map(len, texts))
            self.far_end.take(texts, at_ms)
        self.far_end.advance(self.now_ms)
        self.down.extend((at_ms + self.up_ms, name) for name, at_ms in self.far_end.take_echoes())
        while self.down and self.down[0][0] <= self.now_ms:
            self.receive(carrier.mark(self.down.popleft()[1]))

    # The app

    def pcm(self, octets: int, *, quiet: bool = False) -> bytes:
        """Return PCM that was not used before."""
        self.first += 1009
        return sound(self.first, octets, quiet=quiet)

    def play(self, pcm: object, pcm_hz: int | None = None, note: object = None) -> None:
        self.each(lambda session: session.play(pcm, pcm_hz, note))  # type: ignore[arg-type]

    def audio(self, octets: int, rate_hz: int) -> Audio:
        """Return a received chunk."""
        pcm = self.pcm(octets)
        return Audio("inbound", b"", pcm, rate_hz, 0.0, 0.0)

    def open(self, *, interruptible: bool) -> None:
        if len(self.replies) < 6:
            one, other = (session.reply(interruptible=interruptible) for session in self.both)
            self.replies.append((one, other))

    def with_reply(self, which: int, act: Callable[[Reply], Outcome]) -> None:
        """Call the same method of a reply of both."""
        if self.replies:
            found: list[Outcome] = []
            for reply in self.replies[which % len(self.replies)]:
                try:
                    found.append(act(reply))
                except Exception as error:
                    found.append((type(error), str(error)))
            assert found[0] == found[1], f"at {self.now_ms} ms"

    def add_background(self, source: Any) -> None:
        rate_hz = self.plan.send_sample_rate_hz
        self.each(lambda session: session.background(BackgroundSound(source, rate_hz, level_dbov=-30.0)))

    def lose_connection(self) -> None:
        """Lose the connection, and all messages in transit."""
        self.up.clear()
        self.down.clear()
        self.octets = 0
        self.far_end = FarEnd(octets_per_ms=self.far_end.octets_per_ms)
        self.each(lambda session: session.disconnected("socket_lost", self.now_ms))
        self.lost = True


def send(session: MediaSession, now_ms: float, *, whole: bool) -> list[str]:
    """Return the texts that are due."""
    return session.outgoing(now_ms) if whole else session.outgoing_part(now_ms)


def ponged(session: MediaSession, payload: bytes, now_ms: float) -> None:
    """Answer a ping."""
    assert session.speech is not None
    session.speech.ponged(payload, now_ms)


def of_reply(reply: Reply, now_ms: float) -> tuple[object, ...]:
    """Return all readable state of a reply."""
    return (
        reply.state,
        reply.closed,
        reply.ran_empty,
        reply.queued_ms,
        reply.room_ms,
        reply.sent_ms,
        reply.played_ms(now_ms),
        reply.played_uncertainty_ms(now_ms),
        reply.last_note_played(now_ms),
    )
