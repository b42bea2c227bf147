"""A talk whose connection breaks. Its far end is a model that drops its buffer when its stream loses the socket."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rtpcodec import events
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier
from tests.stream.talking import L16, MS, Talk

How = Literal["rst", "fin", "black_hole"]


@dataclass
class BreakingTalk(Talk):
    """Losses are reported to the session as a machine reports them."""

    chunks: bool = True
    """Whether the carrier sends one chunk per 20 ms, as real carriers do."""
    broken_ms: float = float("inf")
    """Time from which nothing is transmitted."""
    sent: list[tuple[float, int]] = field(default_factory=list)
    """Times at which texts were sent on this connection, with the octets up to then."""

    def backlog(self) -> int:
        """Return the octets that the carrier's system has not acknowledged."""
        passed_ms = min(self.now_ms - self.down_ms, self.broken_ms) - self.up_ms
        total = self.sent[-1][1] if self.sent else 0
        passed = bisect_right(self.sent, (passed_ms, total))
        return total - (self.sent[passed - 1][1] if passed else 0)

    def step(self) -> None:
        """Do everything that is due now."""
        known = len(self.up)
        super().step()
        for at_ms, texts in list(self.up)[known:]:
            octets = sum(map(len, texts)) + (self.sent[-1][1] if self.sent else 0)
            self.sent.append((at_ms - self.up_ms, octets))

    def run(self, until_ms: float) -> None:
        """Let time pass, with chunks of the caller."""
        while self.chunks and self.session.streaming and (next_ms := self.now_ms // 20 * 20 + 20) <= until_ms:
            super().run(next_ms)
            self.session.receive(carrier.media(), next_ms)
        super().run(until_ms)

    def break_connection(
        self,
        how: How,
        noticed_after_ms: float = 10_000.0,
        meanwhile: Sequence[tuple[float, Callable[[float], object]]] = (),
    ) -> events.Disconnected:
        """Break the connection now. In a blackout the carrier plays its buffer, otherwise it drops it.

        noticed_after_ms: of a blackout.
        meanwhile: actions during the blackout, each with its delay after the begin; they get the time.
        """
        last_ms = self.now_ms
        if how == "black_hole":
            self.broken_ms = self.now_ms
            self.up.clear()
            self.down.clear()
            for after_ms, act in meanwhile:
                self.run_alone(last_ms + after_ms)
                act(self.now_ms)
            self.run_alone(last_ms + noticed_after_ms)
            self.session.disconnected("socket_lost", self.now_ms, last_ms)
        else:
            self.far_end.take(['{"event":"clear"}'], self.now_ms)
            self.far_end.advance(self.now_ms)
            self.far_end.take_echoes()
            self.up.clear()
            at_ms = self.now_ms + self.down_ms
            self.run_alone(at_ms, drops=True)
            self.down.clear()
            cause: Literal["socket_closed", "socket_lost"] = "socket_closed" if how == "fin" else "socket_lost"
            self.session.disconnected(cause, self.now_ms)
        self.far_end.waiting.clear()
        self.far_end.take_echoes()
        self.up.clear()
        self.sent.clear()
        self.broken_ms = float("inf")
        self.found += self.session.events(self.now_ms)
        found = [event for event in self.found if isinstance(event, events.Disconnected)]
        return found[-1]

    def run_alone(self, until_ms: float, *, drops: bool = True) -> None:
        """Let the session send while nothing arrives. Messages in transit to us still arrive."""
        while True:
            deadline_ms = self.session.next_deadline_ms
            next_ms = min(
                float("inf") if deadline_ms is None else deadline_ms, self.down[0][0] if self.down else float("inf")
            )
            if next_ms > until_ms:
                break
            self.now_ms = max(self.now_ms, next_ms)
            self.step()
            if drops:
                self.up.clear()
        self.now_ms = until_ms

    def restore_connection(self, after_ms: float = 500.0) -> None:
        """Continue the stream on another socket."""
        self.now_ms += after_ms
        self.found += self.session.events(self.now_ms)
        assert self.session.outgoing(self.now_ms) == [], "nothing is sent without a connection"
        self.session.receive(carrier.CONNECTED, self.now_ms)
        assert self.session.outgoing(self.now_ms) == []
        self.session.receive(carrier.start(), self.now_ms)
        self.hear_acknowledgements()
        self.step()

    def hear_acknowledgements(self) -> None:
        """Let the session read the unacknowledged octets, as a pump does."""
        assert self.session.speech is not None
        self.session.speech.gate.backlog = self.backlog

    def kinds_of(self, kind: type) -> list[str]:
        """Return the names of the events of one kind; of pauses, their outcomes."""
        return [
            event.outcome if isinstance(event, events.PauseResolved) else type(event).__name__
            for event in self.of(kind)
        ]

    def repeated_ms(self, spoken: int) -> float:
        """Return how much was heard twice. Fails if a spoken sample is missing."""
        values = self.heard()
        missing = set(range(1, spoken + 1)) - set(values)
        assert not missing, f"{len(missing)} samples are missing, from {min(missing)}"
        return (len(values) - spoken) / MS


def breaking_talk(plan: StreamPlan = L16, up_ms: float = 0.0, down_ms: float = 0.0, **options: object) -> BreakingTalk:
    """Return a session that has streamed since 0 ms, with own marks."""
    session = carrier.started(plan, **({"own_marks": True, "stall_ms": 1e9} | options))  # type: ignore[arg-type]
    one = BreakingTalk(session, up_ms=up_ms, down_ms=down_ms)
    one.hear_acknowledgements()
    return one
