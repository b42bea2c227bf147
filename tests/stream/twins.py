"""Two sessions that are given the same: one sends by the native path, the other by the Python classes alone."""

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
    """Let a session send by its Python classes."""
    session._send_path = None
    assert session.speech is not None
    session.speech.acceptor.is_native = False
    return session


def sound(first: int, octets: int, *, quiet: bool = False) -> bytes:
    """PCM that is different everywhere, or zeros."""
    if quiet:
        return bytes(octets)
    return array("h", ((first + 37 * at) % 20_000 - 10_000 for at in range(octets // 2 + 1))).tobytes()[:octets]


@dataclass
class Twins:
    """The native session, the other one, and the line that both have."""

    plan: StreamPlan
    options: dict[str, Any]
    now_ms: float = 0.0
    up_ms: float = 0.0
    backlog: bool = False
    first: int = 0
    lost: bool = False
    octets: int = 0
    """Unacknowledged, which the system says."""
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
        """Begin a line."""
        self.receive(carrier.start())
        for session in self.both:
            assert session.speech is not None
            session.speech.gate.backlog = (lambda: self.octets) if self.backlog else None
        self.lost = False

    # What both must say

    def each(self, act: Callable[[MediaSession], Outcome]) -> Outcome:
        """Do the same with both. Returns what both return, or the text of the error that both raise."""
        found: list[Outcome] = []
        for session in self.both:
            try:
                found.append(act(session))
            except Exception as error:
                found.append((type(error), str(error)))
        assert found[0] == found[1], f"at {self.now_ms} ms"
        return found[0]

    def check(self) -> None:
        """Compare all that can be asked."""
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
        """Let time pass; late_ms: how much later than due each step is."""
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
        """When something arrives next on either way."""
        ways = [way[0][0] for way in (self.up, self.down) if way]
        return min(ways + [at_ms for _, at_ms in self.far_end.waiting[:1]], default=math.inf)

    def deliver(self) -> None:
        """Let arrive what is due on both ways."""
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
        """PCM that was not there before."""
        self.first += 1009
        return sound(self.first, octets, quiet=quiet)

    def play(self, pcm: object, pcm_hz: int | None = None, note: object = None) -> None:
        self.each(lambda session: session.play(pcm, pcm_hz, note))  # type: ignore[arg-type]

    def audio(self, octets: int, rate_hz: int) -> Audio:
        """A chunk that was received."""
        pcm = self.pcm(octets)
        return Audio("inbound", b"", pcm, rate_hz, 0.0, 0.0)

    def open(self, *, interruptible: bool) -> None:
        if len(self.replies) < 6:
            one, other = (session.reply(interruptible=interruptible) for session in self.both)
            self.replies.append((one, other))

    def with_reply(self, which: int, act: Callable[[Reply], Outcome]) -> None:
        """Do the same with a reply of both."""
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

    def lose_line(self) -> None:
        """Lose the line, and all that is on its way."""
        self.up.clear()
        self.down.clear()
        self.octets = 0
        self.far_end = FarEnd(octets_per_ms=self.far_end.octets_per_ms)
        self.each(lambda session: session.disconnected("socket_lost", self.now_ms))
        self.lost = True


def send(session: MediaSession, now_ms: float, *, whole: bool) -> list[str]:
    """The texts that are due."""
    return session.outgoing(now_ms) if whole else session.outgoing_part(now_ms)


def ponged(session: MediaSession, payload: bytes, now_ms: float) -> None:
    """Answer a ping."""
    assert session.speech is not None
    session.speech.ponged(payload, now_ms)


def of_reply(reply: Reply, now_ms: float) -> tuple[object, ...]:
    """All that a reply says of itself."""
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
