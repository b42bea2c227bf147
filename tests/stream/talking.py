"""A session that talks to a far end without delay, on a clock that the test moves."""

from __future__ import annotations

import math
from array import array
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
    """Samples that say where they stand: each is its own number, from 1 on."""
    return array("h", range(first + 1, first + 1 + count)).tobytes()


@dataclass
class Talk:
    """Session, far end, and what happened."""

    session: MediaSession
    far_end: FarEnd = field(default_factory=lambda: FarEnd(octets_per_ms=16.0))
    now_ms: float = 0.0
    found: list[Event] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Of the caller's marks that were sent."""

    def run(self, until_ms: float) -> None:
        """Let time pass: echoes arrive when they leave, texts leave when they are due."""
        self.step()
        while True:
            deadline_ms = self.session.next_deadline_ms
            echo_ms = self.far_end.waiting[0][1] if self.far_end.waiting else math.inf
            next_ms = min(echo_ms, math.inf if deadline_ms is None else deadline_ms)
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
        self.far_end.take(texts, self.now_ms)
        self.deliver()
        self.found += self.session.events(self.now_ms)

    def deliver(self) -> None:
        """Return the marks whose audio has ended."""
        self.far_end.advance(self.now_ms)
        for name, at_ms in self.far_end.take_echoes():
            self.session.receive(carrier.mark(name), max(at_ms, 0.0))

    def heard(self) -> list[int]:
        """The samples that were played, in order, without silence."""
        return [value for value in array("h", self.far_end.heard(self.now_ms)) if value]

    def of(self, kind: type) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.found if isinstance(event, kind)]


def talk(plan: StreamPlan = L16, **options: object) -> Talk:
    """A session that streams since 0 ms, with own marks."""
    return Talk(carrier.started(plan, **({"own_marks": True, "stall_ms": 1e9} | options)))  # type: ignore[arg-type]
