"""Feedback about the sent audio: turns echoes, errors of the carrier and the passing of time into events."""

from __future__ import annotations

from math import inf

from rtpcodec.stream.events import Event, MarkCleared, MarkPlayed
from rtpcodec.stream.speaking.echoes import CutSettled, EchoOutcome
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.releasing import Releaser
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.resolving import Resolver
from rtpcodec.stream.speaking.stopping import Stopper
from rtpcodec.stream.unsent_marks import NOWHERE


class Feedback:
    """Turns echoes and time into events for the user. Use from one thread at a time."""

    __slots__ = ("_parts", "_releaser", "_resolver", "_stopper")

    def __init__(self, parts: Parts, releaser: Releaser, stopper: Stopper, resolver: Resolver) -> None:
        """Make it from the parts of one stream."""
        self._parts = parts
        self._releaser = releaser
        self._stopper = stopper
        self._resolver = resolver

    def mark_echoed(self, name: str, now_ms: float) -> list[Event]:
        """Process an echo. Returns the events."""
        echoes = self._parts.echoes
        found = self.events_of(echoes.echoed(name, now_ms))
        self._parts.sent_audio.played(echoes.proven_position)
        self._resolver.resolve(now_ms)
        return [*found, *self.take_reports()]

    def refused(self, now_ms: float) -> list[Event]:
        """Process the carrier's error about too many messages."""
        parts = self._parts
        outcomes = parts.echoes.refused(now_ms)
        parts.own_marks.refused()
        return self.events_of(outcomes)

    def expired(self, now_ms: float) -> list[Event]:
        """Return the events that time alone causes: timed-out marks, replies that were heard, the end of a pause."""
        parts = self._parts
        deadline_ms = parts.echoes.next_deadline_ms
        found: list[Event] = []
        if deadline_ms is not None and now_ms >= deadline_ms:
            found = self.events_of(parts.echoes.expired(now_ms))
            self._resolver.check_soon()
        if now_ms >= self._stopper.next_ms:
            self._stopper.expire(now_ms)
            self._resolver.check_soon()
        resolver = self._resolver
        if parts.order.moved or now_ms >= resolver.next_ms or resolver.ends_implicit(now_ms):
            resolver.resolve(now_ms)
        for reply in parts.order.waiting:
            if reply.marks.first_position != NOWHERE:
                found.extend(self._unsent_timed_out(reply, now_ms))
        if parts.reports:
            found.extend(self.take_reports())
        return found

    def _unsent_timed_out(self, reply: Reply, now_ms: float) -> list[Event]:
        reply.marks.notice(now_ms)
        if self._parts.paused:
            return []
        found: list[Event] = []
        while (deadline_ms := self._unsent_deadline_ms(reply)) is not None and now_ms >= deadline_ms:
            found.append(MarkCleared(reply.marks.pop(), "timeout"))
        return found

    def _unsent_deadline_ms(self, reply: Reply) -> float | None:
        progress_ms = max(self._parts.far_end.remote_end_ms, self._releaser.last_sent_ms)
        return reply.marks.deadline_ms(progress_ms, reply.queue.taken_samples, self._parts.sample_rate_hz)

    def events_of(self, outcomes: list[EchoOutcome]) -> list[Event]:
        """Return the events for outcomes of echoes."""
        found: list[Event] = []
        for outcome in outcomes:
            if isinstance(outcome, CutSettled):
                self._stopper.settled(outcome)
                found.extend(self.take_reports())
            elif not isinstance(outcome, (MarkPlayed, MarkCleared)) or self._stopper.mark_ended(outcome):
                found.append(outcome)
        return found

    def take_reports(self) -> list[Event]:
        """Remove and return the events that other modules have reported."""
        reports, self._parts.reports = self._parts.reports, []
        return reports

    @property
    def event_deadline_ms(self) -> float | None:
        """When `expired` has something to do; None: not before a call changes it."""
        if self._parts.reports or self._parts.order.moved:
            return -inf
        next_ms = min(self._stopper.next_ms, self._resolver.next_ms)
        echoes_ms = self._parts.echoes.next_deadline_ms
        if echoes_ms is not None and echoes_ms < next_ms:
            next_ms = echoes_ms
        for reply in self._parts.order.waiting:
            if reply.marks.first_position != NOWHERE and not self._parts.paused:
                deadline_ms = self._unsent_deadline_ms(reply)
                next_ms = next_ms if deadline_ms is None else min(next_ms, deadline_ms)
        return None if next_ms == inf else next_ms
