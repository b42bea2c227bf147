"""Interruption of replies: which end, which continue, and how much of each was heard."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, events
from rtpcodec.errors import ReplyInterrupted
from tests.stream import carrier
from tests.stream.talking import MS, samples, talk
from tests.stream.test_replies import ended, spoken


@settings(max_examples=80)
@given(
    chunks=st.lists(st.integers(1, 1200), min_size=1, max_size=6),
    at_ms=st.integers(0, 700),
    later=st.lists(st.integers(1, 400), max_size=3),
)
@example(chunks=[1, 319], at_ms=20, later=[])
def test_an_interrupted_reply_leaves_no_sample_behind_the_clear(
    chunks: list[int], at_ms: int, later: list[int]
) -> None:
    one = talk()
    reply = one.session.reply("a")
    at = 0
    for length in chunks:
        reply.play(samples(at, length))
        at += length
    one.run(float(at_ms))
    before = one.heard()
    found = one.session.interrupt(one.now_ms)
    for length in later:
        with pytest.raises(ReplyInterrupted, match=r"^reply 'a' was interrupted, nothing more of it is heard$"):
            reply.play(samples(20_000, length))
    after = one.session.reply("b")
    after.play(samples(10_000, 320))
    after.end()
    one.run(at_ms + 3000.0)
    assert one.heard() == before + spoken(10_000, 320)
    assert abs(found.played_ms - len(before) / MS) <= found.played_uncertainty_ms + 1e-6
    assert [row[:2] for row in ended(one)] == [("a", "interrupted"), ("b", "played")]
    # After only the first echo the jitter is unknown: the final value is within its stated uncertainty.
    final = one.of(events.ReplyEnded)[0]
    assert isinstance(final, events.ReplyEnded)
    assert abs(final.played_ms - len(before) / MS) <= max(1.0, final.played_uncertainty_ms)
    assert final.played_uncertainty_ms <= found.played_uncertainty_ms


def test_an_interruption_of_the_current_reply_leaves_those_after_it() -> None:
    one = talk()
    first, second = one.session.reply("a"), one.session.reply("b")
    first.play(samples(0, 1600))
    first.end()
    second.play(samples(4000, 1600))
    second.end()
    one.run(100.0)
    found = one.session.interrupt(100.0, what="current")
    assert found.reply_id == "a"
    assert [found.played_ms, found.dropped_ms] == pytest.approx([100.0, 100.0])
    one.run(3000.0)
    assert one.heard() == spoken(0, 800) + spoken(4000, 1600)
    assert ended(one) == [("a", "interrupted", pytest.approx(100.0), 200.0), ("b", "played", 200.0, 200.0)]


def test_marks_of_a_reply_that_stays_are_played_and_not_cleared() -> None:
    one = talk()
    first, second = one.session.reply("a"), one.session.reply("b")
    first.play(samples(0, 800))
    first.end()
    one.session.mark("behind a")
    second.play(samples(4000, 800))
    second.end()
    one.session.mark("behind b")
    one.run(20.0)
    assert one.names == ["behind a", "behind b"]
    one.session.interrupt(20.0, what="current")
    one.run(3000.0)
    marks = [event for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert marks == [events.MarkCleared("behind a", "interrupt"), events.MarkPlayed("behind b")]


@pytest.mark.parametrize("what", ["all", "current"])
def test_a_disclosure_is_not_interrupted(what: Literal["all", "current"]) -> None:
    one = talk()
    disclosure = one.session.reply("disclosure", interruptible=False)
    disclosure.play(samples(0, 1600))
    disclosure.end()
    other = one.session.reply("other")
    other.play(samples(4000, 160))
    other.end()
    one.run(30.0)
    assert other.sent_ms == 20.0
    found = one.session.interrupt(30.0, what=what)
    assert found.reply_id == "disclosure"
    one.run(3000.0)
    if what == "current":
        assert one.heard() == spoken(0, 1600) + spoken(4000, 160)
        assert one.far_end.clears == 0
    else:
        # Sent again from 20 ms plus the uncertainty before the cut, because the far end held audio of the other reply.
        assert one.far_end.clears == 1
        values = one.heard()
        assert values[-1] == 1600
        assert sorted(set(values)) == spoken(0, 1600)
        assert other.state == "interrupted"
    assert disclosure.state == "played"
    assert disclosure.played_ms(3000.0) == 200.0


def test_a_disclosure_is_not_disturbed_by_an_interruption_of_waiting_replies() -> None:
    one = talk(lead_ms=100.0)
    disclosure, other = one.session.reply("disclosure", interruptible=False), one.session.reply("other")
    disclosure.play(samples(0, 1600))
    disclosure.end()
    other.play(samples(4000, 160))
    one.session.mark("behind other")
    one.run(30.0)
    found = one.session.interrupt(30.0)
    assert found.dropped_ms == 20.0
    one.run(3000.0)
    assert (one.far_end.clears, one.heard()) == (0, spoken(0, 1600))
    assert ended(one) == [("other", "interrupted", 0.0, 0.0), ("disclosure", "played", 200.0, 200.0)]
    assert one.of(events.MarkCleared) == [events.MarkCleared("behind other", "interrupt")]
    assert len(one.of(events.InterruptionSettled)) == 1


def test_a_reply_that_was_heard_is_not_interrupted() -> None:
    one = talk()
    first, second = one.session.reply("a"), one.session.reply("b")
    first.play(samples(0, 160))
    first.end()
    second.play(samples(160, 800))
    second.end()
    one.run(60.0)
    one.session.interrupt(60.0)
    one.run(3000.0)
    assert (first.state, second.state) == ("played", "interrupted")
    assert second.played_ms(3000.0) == pytest.approx(40.0)


def test_an_interruption_before_anything_was_sent_settles_at_once() -> None:
    session = MediaSession()
    reply = session.reply("a")
    reply.play(bytes(320))
    found = session.interrupt(5.0)
    assert (found.played_ms, found.dropped_ms, found.reply_id, found.estimated) == (0.0, 20.0, None, False)
    assert session.events(5.0) == [
        events.ReplyEnded("a", "interrupted", 0.0, 0.0, 0.0),
        events.InterruptionSettled(found, 0.0, 0.0, estimated=False),
    ]
    session.receive(carrier.start(), 100.0)
    assert [text for text in session.outgoing(100.0) if "mark" in text] == []
    assert session.event_deadline_ms is None
