"""Sinks: they see each event of a session before its reader does, and may add events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import Protocol

from rtpcodec.stream.diagnosis._watch_states import SinkList
from rtpcodec.stream.events import Event, Stopped


class Sink(Protocol):
    """An observer of the events of one session. It is called in the session's thread and must not block."""

    @property
    def deadline_ms(self) -> float:
        """When to call `expired`, on the session's clock; infinity: never."""

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Process an event, and return events to report after it (before it, if it is Stopped)."""

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Return events that time alone causes. Called for each `events`, so it must be cheap."""


class Sinks(SinkList):
    """The sinks of one session. Use from one thread at a time."""

    __slots__ = ()

    def __init__(self) -> None:
        self._sinks: tuple[Sink, ...] = ()

    def add(self, sink: Sink) -> None:
        """Add a sink behind the others. It sees events from now on."""
        self._sinks = (*self._sinks, sink)

    def remove(self, sink: Sink) -> bool:
        """Remove a sink. Returns whether others are left."""
        self._sinks = tuple(one for one in self._sinks if one is not sink)
        return bool(self._sinks)

    def __contains__(self, sink: Sink) -> bool:
        """Return whether a sink was added."""
        return any(one is sink for one in self._sinks)

    def __iter__(self) -> Iterator[Sink]:
        """Return all sinks, in their order."""
        return iter(self._sinks)

    @property
    def deadline_ms(self) -> float:
        """When a sink has something to report without an event; infinity: never."""
        due_ms = inf
        for sink in self._sinks:
            due_ms = min(due_ms, sink.deadline_ms)
        return due_ms

    def passed(self, events: list[Event], now_ms: float) -> list[Event]:
        """Pass events to all sinks, and return them together with the events that the sinks add."""
        seen: list[Event] = []
        for event in events:
            if type(event) is not Stopped:
                self._pass(event, now_ms, seen)
        for sink in self._sinks:
            for added in sink.expired(now_ms):
                self._pass(added, now_ms, seen)
        # Stopped is the last event, so events that sinks add at the end precede it.
        if events and type(events[-1]) is Stopped:
            for sink in self._sinks:
                for added in sink.take(events[-1], now_ms):
                    self._pass(added, now_ms, seen, but=sink)
            seen.append(events[-1])
        return seen

    def _pass(self, event: Event, now_ms: float, seen: list[Event], but: Sink | None = None) -> None:
        """Report an event, and what other sinks add to it; but: the sink that made the event, which does not see it."""
        seen.append(event)
        for sink in self._sinks:
            if sink is not but:
                for added in sink.take(event, now_ms):
                    self._pass(added, now_ms, seen, but=sink)
