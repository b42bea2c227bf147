"""EventQueue against a plain model: one list of entries, every rule written down once, nothing kept apart.

The native queue keeps a chunk that waits alone outside its deques; the model does not know of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from rtpcodec import events
from rtpcodec.stream.event_octets import AUDIO_OCTETS, octets_of
from rtpcodec.stream.event_queue import MAX_OCTETS, MAX_OTHER_EVENTS, EventQueue
from rtpcodec.stream.memory_budget import FREE_OCTETS, GRAIN_OCTETS, Account, HeldBudget, OctetLimit


@dataclass
class Entry:
    """One waiting event; an Overrun has the place of the first dropped event."""

    event: events.Event
    octets: int


class Model:
    """The rules of EventQueue over one list."""

    def __init__(self, max_audio_ms: float, account: Account | None) -> None:
        self._max_audio_ms = max_audio_ms
        self._share = OctetLimit(MAX_OCTETS, account)
        self.entries: list[Entry] = []
        self.dropped_ms = 0.0
        self.dropped_events = 0
        self.account = account
        if account is not None:
            account.attach(self)

    @property
    def octets(self) -> int:
        return sum(entry.octets for entry in self.entries)

    def put(self, event: events.Event) -> None:
        if isinstance(event, events.Audio):
            self.entries.append(Entry(event, len(event.payload) + len(event.pcm) + AUDIO_OCTETS))
            while self._audio_ms() > self._max_audio_ms and len(self._of(audio=True)) > 1:
                self._drop(self._of(audio=True)[0])
        else:
            self.entries.append(Entry(event, octets_of(event)))
            if len(self._of(audio=False)) > MAX_OTHER_EVENTS:
                self._drop(self._of(audio=False)[0])
        if self.octets > self._share.limit_octets and not self._share.covers(self.octets):
            self._drop_until(max(self._share.limit_octets - GRAIN_OCTETS, FREE_OCTETS))
            if self.octets > self._share.limit_octets:
                self._drop(self._droppable()[0])

    def pop(self) -> events.Event:
        event = self.entries.pop(0).event
        if not isinstance(event, events.Overrun) and self.octets < self._share.low_octets:
            self._share.shrink(self.octets)
        return event

    def take_all(self) -> list[events.Event]:
        found = self.waiting()
        self.entries.clear()
        self._share.shrink(0)
        return found

    def waiting(self) -> list[events.Event]:
        return [entry.event for entry in self.entries]

    def shed(self, octets: int) -> int:
        self._drop_until(self.octets - octets)
        return self._share.shrink(self.octets)

    def _of(self, *, audio: bool) -> list[Entry]:
        return [entry for entry in self._droppable() if isinstance(entry.event, events.Audio) is audio]

    def _droppable(self) -> list[Entry]:
        return [entry for entry in self.entries if not isinstance(entry.event, events.Overrun)]

    def _audio_ms(self) -> float:
        return sum(entry.event.duration_ms for entry in self.entries if isinstance(entry.event, events.Audio))

    def _drop_until(self, octets: int) -> None:
        while self.octets > octets and len(self._droppable()) > 1:
            self._drop(self._droppable()[0])

    def _drop(self, dropped: Entry) -> None:
        counted = [entry.event for entry in self.entries if isinstance(entry.event, events.Overrun)]
        overrun = counted[0] if counted else events.Overrun()
        place = self.entries.index(dropped)
        self.entries[place : place + 1] = [] if counted else [Entry(overrun, 0)]
        overrun.dropped_events += 1
        self.dropped_events += 1
        if isinstance(dropped.event, events.Audio):
            overrun.dropped_ms += dropped.event.duration_ms
            self.dropped_ms += dropped.event.duration_ms


def shown(event: events.Event) -> object:
    """Return an event by its identity, or an Overrun by its counts, because each queue has its own."""
    return event if isinstance(event, events.Overrun) else id(event)


def state(queue: EventQueue | Model) -> object:
    waiting = [shown(event) for event in queue.waiting()]
    granted = None if queue.account is None else queue.account.granted_octets
    return waiting, queue.octets, queue.dropped_ms, queue.dropped_events, granted


def some_event(rng: random.Random, at: int, octets: int) -> events.Event:
    if rng.random() < 0.75:
        # In eighths, so that sums are exact.
        return events.Audio("inbound", b"", bytes(octets), 8000, 0.0, rng.choice((20.0, 20.0, 0.125, 60.0)), at)
    return events.Unknown(str(at), "x" * octets)


def step(rng: random.Random, at: int, queue: EventQueue, model: Model, octets: int) -> None:
    """Call both, and compare their results."""
    chance = rng.random()
    if chance < 0.55:
        event = some_event(rng, at, octets)
        queue.put(event)
        model.put(event)
    elif chance < 0.85:
        if not model.entries:
            with pytest.raises(IndexError):
                queue.pop()
        else:
            assert shown(queue.pop()) == shown(model.pop())
    elif chance < 0.97:
        assert list(map(shown, queue.take_all())) == list(map(shown, model.take_all()))
    else:
        assert queue.shed(1000) == model.shed(1000)
    assert len(queue) == len(model.entries)
    assert state(queue) == state(model)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("octets", "max_octets"), [((0, 320), None), ((0, 320), 0), ((0, 40_000, 200_000, 300_000), 400_000)]
)
def test_queue_does_what_the_model_does(seed: int, octets: tuple[int, ...], max_octets: int | None) -> None:
    rng = random.Random(seed)
    accounts = [None if max_octets is None else Account(HeldBudget(max_octets)) for _ in range(2)]
    queue, model = EventQueue(100.0, accounts[0]), Model(100.0, accounts[1])
    for at in range(300):
        step(rng, at, queue, model, rng.choice(octets))


def test_a_chunk_that_waits_alone_keeps_its_place_before_any_other_event() -> None:
    chunk, key, behind = (
        events.Audio("inbound", b"", b"", 8000, 0.0, 20.0),
        events.Dtmf("1", None),
        events.Dtmf("2", None),
    )
    queue = EventQueue()
    queue.put(chunk)
    queue.put(key)
    queue.put(behind)
    assert queue.waiting() == [chunk, key, behind]
    assert queue.pop() is chunk
    queue.put(chunk)
    assert queue.take_all() == [key, behind, chunk]
