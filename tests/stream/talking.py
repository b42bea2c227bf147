"""A session that talks to a far end, on a clock that the test moves."""

from __future__ import annotations

import math
from array import array
from collections import deque
from dataclasses import dataclass, field

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.stream.events import Event
from rtpcodec.stream.marks import OWN_PREFIX
from tests.oracles.far_end import FarEnd
from tests.stream import carrier

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)
MS = 8
"""Samples."""


def samples(first: int, count: int) -> bytes:
    """Return samples whose values are their positions, from 1 on."""
    return array("h", range(first + 1, first + 1 + count)).tobytes()


@dataclass
class Talk:
    """A session, a far end, and the results."""

    session: MediaSession
    far_end: FarEnd = field(default_factory=lambda: FarEnd(octets_per_ms=16.0))
    now_ms: float = 0.0
    found: list[Event] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Names of the caller's marks that were sent."""
    up_ms: float = 0.0
    down_ms: float = 0.0
    up: deque[tuple[float, list[str]]] = field(default_factory=deque)
    """Texts in transit, with the time of their arrival."""
    down: deque[tuple[float, str]] = field(default_factory=deque)
    """Echoes in transit."""

    def run(self, until_ms: float) -> None:
        """Advance the time: echoes arrive without delay, texts are sent when they are due."""
        self.step()
        while True:
            deadline_ms = self.session.next_deadline_ms
            next_ms = min(self.arrival_ms, math.inf if deadline_ms is None else deadline_ms)
            if next_ms > until_ms:
                break
            self.now_ms = max(self.now_ms, next_ms)
            self.step()
        self.now_ms = until_ms
        self.step()

    def step(self) -> None:
        """Do everything that is due now."""
        self.deliver()
        texts = self.session.outgoing(self.now_ms)
        self.names += [name for name in carrier.mark_names(texts) if not name.startswith(OWN_PREFIX)]
        if texts:
            self.up.append((self.now_ms + self.up_ms, texts))
        self.deliver()
        self.found += self.session.events(self.now_ms)

    @property
    def arrival_ms(self) -> float:
        """Return the time of the next arrival of a text or an echo, or of the next played mark."""
        return min(
            self.far_end.waiting[0][1] if self.far_end.waiting else math.inf,
            self.up[0][0] if self.up else math.inf,
            self.down[0][0] if self.down else math.inf,
        )

    def deliver(self) -> None:
        """Deliver the texts and echoes that are due in both directions."""
        while self.up and self.up[0][0] <= self.now_ms:
            at_ms, texts = self.up.popleft()
            self.far_end.take(texts, at_ms)
        self.far_end.advance(self.now_ms)
        self.down.extend((at_ms + self.down_ms, name) for name, at_ms in self.far_end.take_echoes())
        while self.down and self.down[0][0] <= self.now_ms:
            at_ms, name = self.down.popleft()
            self.session.receive(carrier.mark(name), at_ms)

    def heard(self) -> list[int]:
        """Return the samples that were played, in order, without silence."""
        return [value for value in array("h", self.far_end.heard(self.now_ms)) if value]

    def of(self, kind: type) -> list[Event]:
        """Return the events of one kind."""
        return [event for event in self.found if isinstance(event, kind)]


def talk(plan: StreamPlan = L16, **options: object) -> Talk:
    """Return a session that has streamed since 0 ms, with own marks."""
    return Talk(carrier.started(plan, **({"own_marks": True, "stall_ms": 1e9} | options)))  # type: ignore[arg-type]
