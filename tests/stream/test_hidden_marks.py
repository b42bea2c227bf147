"""Internal marks: hidden, few, and never confused with those of the caller."""

from __future__ import annotations

import pytest

from rtpcodec import events
from rtpcodec.stream.marks import OWN_PREFIX
from tests.oracles.far_end import FarEnd
from tests.stream import carrier
from tests.stream.test_marks import events_of, play_frames

pytestmark = pytest.mark.usefixtures("dialect")


def test_own_marks_are_hidden_and_collide_with_no_others() -> None:
    session, far_end = carrier.started(own_marks=True), FarEnd()
    names = [session.mark()]
    for _ in range(10):
        play_frames(session, 10)
        names.append(session.mark())
    texts: list[str] = []
    found = events_of(session, far_end, texts, 0.0, 3000.0)
    assert found == [events.MarkPlayed(name) for name in names]
    assert session.events(60_000.0) == []
    own = set(carrier.mark_names(texts)) - set(names)
    assert own
    assert all(name.startswith(OWN_PREFIX) for name in own)


def test_own_marks_are_at_most_four_in_a_second_and_then_two() -> None:
    session = carrier.started(own_marks=True)
    sent: list[float] = []
    play_frames(session, 50 * 10)
    for now_ms in range(0, 10_000, 20):
        names = carrier.mark_names(session.outgoing(float(now_ms)))
        sent += [float(now_ms)] * len(names)
        for name in names:
            session.receive(carrier.mark(name), now_ms + 400.0)
    for begin_ms in sent:
        in_a_second = [when for when in sent if begin_ms <= when < begin_ms + 1000.0]
        assert len(in_a_second) <= (4 if begin_ms < 2000.0 else 2)
    assert len([when for when in sent if when < 2000.0]) >= 6
    assert 14 <= len([when for when in sent if when >= 2000.0]) <= 17


@pytest.mark.parametrize("how", ["timeout", "stop", "second interruption"])
def test_no_end_of_an_own_mark_is_an_event(how: str) -> None:
    session = carrier.started(own_marks=True)
    play_frames(session, 10)
    session.outgoing(0.0)
    session.interrupt(50.0)
    session.outgoing(50.0)
    if how == "second interruption":
        session.interrupt(60.0)
    if how == "stop":
        session.receive(carrier.STOP, 70.0)
    found = [*session.events(70.0), *session.events(20_000.0)]
    assert not [event for event in found if isinstance(event, events.MarkCleared | events.UnexpectedMark)]
    assert len([event for event in found if isinstance(event, events.InterruptionSettled)]) == (
        2 if how == "second interruption" else 1
    )
