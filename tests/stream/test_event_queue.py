"""Events that wait for a slow reader: bounded in ms of audio, newest kept, drops reported once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import events
from rtpcodec.stream import session as session_module
from rtpcodec.stream.event_queue import MAX_OCTETS, MAX_OTHER_EVENTS, EventQueue
from tests.stream import carrier


def chunk(number: int, duration_ms: float = 20.0) -> events.Audio:
    return events.Audio("inbound", b"\xff", b"\0\0", 8000, 0.0, duration_ms, number)


def chunks_of(found: list[events.Event]) -> list[int | None]:
    return [audio.chunk for audio in carrier.audio_of(found)]


def test_first_in_first_out() -> None:
    queue = EventQueue()
    told: list[events.Event] = [events.Unknown("a", ""), chunk(1), events.Stopped("stop"), chunk(2)]
    for event in told:
        queue.put(event)
    assert len(queue) == 4
    assert queue.pop() is told[0]
    assert queue.take_all() == told[1:]
    assert (len(queue), queue.take_all()) == (0, [])
    with pytest.raises(IndexError):
        queue.pop()


def test_the_oldest_audio_is_dropped_and_one_overrun_reports_it_in_its_place() -> None:
    queue = EventQueue(100.0)
    queue.put(events.Dtmf("1", None))
    for number in range(1, 9):
        queue.put(chunk(number))
    found = queue.take_all()
    assert carrier.kinds(found) == ["Dtmf", "Overrun", "Audio", "Audio", "Audio", "Audio", "Audio"]
    assert found[1] == events.Overrun(60.0, 3)
    assert chunks_of(found) == [4, 5, 6, 7, 8]
    assert queue.dropped_ms == 60.0


def test_after_reading_a_new_overrun_is_reported_again() -> None:
    queue = EventQueue(40.0)
    for number in range(4):
        queue.put(chunk(number))
    assert queue.pop() == events.Overrun(40.0, 2)
    for number in range(4, 7):
        queue.put(chunk(number))
    found = queue.take_all()
    assert carrier.kinds(found) == ["Overrun", "Audio", "Audio"]
    assert (found[0], queue.dropped_ms) == (events.Overrun(60.0, 3), 100.0)
    queue.put(chunk(7))
    assert carrier.kinds(queue.take_all()) == ["Audio"]


def test_the_newest_is_kept_however_long_it_is() -> None:
    queue = EventQueue(100.0)
    queue.put(chunk(1, 30_000.0))
    assert chunks_of(queue.take_all()) == [1]
    queue.put(chunk(2))
    queue.put(chunk(3, 30_000.0))
    assert chunks_of(queue.take_all()) == [3]


def test_the_newest_is_kept_after_rounding() -> None:
    queue = EventQueue(100.0)
    queue.put(chunk(0))
    for number in range(1, 2000):
        queue.put(chunk(number, number / 7))
        if number % 3 == 0:
            queue.pop()
    queue.put(chunk(9999, 30_000.0))
    assert chunks_of(queue.take_all()) == [9999]


def test_events_without_audio_are_bounded_in_number() -> None:
    queue = EventQueue()
    for number in range(MAX_OTHER_EVENTS + 10):
        queue.put(events.Unknown(str(number), ""))
    found = queue.take_all()
    assert len(found) == MAX_OTHER_EVENTS + 1
    assert found[0] == events.Overrun(0.0, 10)
    assert found[1] == events.Unknown("10", "")


@given(st.lists(st.floats(0.125, 90.0) | st.none() | st.just("pop"), max_size=100))
def test_audio_that_waits_stays_below_the_limit_and_nothing_is_reordered(found: list[float | str | None]) -> None:
    queue = EventQueue(100.0)
    taken: list[events.Event] = []
    told_ms = 0.0
    for number, what in enumerate(found):
        if what == "pop":
            taken += [queue.pop()] if len(queue) else []
        elif isinstance(what, float):
            queue.put(chunk(number, what))
            told_ms += what
        else:
            queue.put(events.Unknown(str(number), ""))
    taken += queue.take_all()
    heard_ms = sum(audio.duration_ms for audio in carrier.audio_of(taken))
    overrun_ms = sum(event.dropped_ms for event in taken if isinstance(event, events.Overrun))
    assert overrun_ms == pytest.approx(queue.dropped_ms)
    assert heard_ms + overrun_ms == pytest.approx(told_ms)
    numbers = [int(event.event) if isinstance(event, events.Unknown) else event.chunk or 0
               for event in taken if isinstance(event, events.Unknown | events.Audio)]  # fmt: skip
    assert numbers == sorted(numbers)
    assert len([event for event in taken if isinstance(event, events.Unknown)]) == found.count(None)


def test_a_session_that_nobody_reads_stays_bounded() -> None:
    session = carrier.started()
    second = carrier.media(b"\xff" * 8000)
    seconds = int(session_module.MAX_UNREAD_MS) // 1000
    for at in range(seconds + 50):
        session.receive(second, 1000.0 * at)
    found = session.events(0.0)
    assert [event for event in found if isinstance(event, events.Overrun)] == [events.Overrun(50_000.0, 50)]
    assert len(carrier.audio_of(found)) == seconds


def test_unknown_messages_are_bounded_by_their_weight() -> None:
    queue = EventQueue()
    for number in range(40):
        queue.put(events.Unknown(f"kind {number}", "x" * 4_000_000))
    kinds = [event.event for event in queue.take_all() if isinstance(event, events.Unknown)]
    assert kinds == [f"kind {number}" for number in range(40 - len(kinds), 40)]
    assert len(kinds) * 4_000_000 <= MAX_OCTETS


def test_audio_without_a_duration_is_bounded_by_its_octets_and_reported() -> None:
    queue = EventQueue()
    for number in range(40):
        queue.put(events.Audio("inbound", bytes(4_000_000), b"", 8000, 0.0, 0.0, number))
    found = queue.take_all()
    assert isinstance(found[0], events.Overrun)
    assert chunks_of(found) == list(range(24, 40))
