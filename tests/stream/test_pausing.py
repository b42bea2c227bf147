"""Pause and resume: nothing is lost, little is heard twice, and every pause ends once."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import StreamPlan, events
from rtpcodec.errors import LocalProtocolError
from tests.stream import carrier
from tests.stream.talking import MS, Talk, samples, talk

Outcome = Literal["resume", "discard"]


def spoken(first: int, count: int) -> list[int]:
    return list(range(first + 1, first + 1 + count))


def resolved(one: Talk) -> list[events.PauseResolved]:
    return [event for event in one.found if isinstance(event, events.PauseResolved)]


@settings(max_examples=80)
@given(
    lengths=st.lists(st.integers(1, 1500), min_size=1, max_size=4),
    pause_ms=st.integers(0, 600),
    paused_ms=st.integers(1, 1900),
    left=st.booleans(),
    rewind_ms=st.sampled_from([20.0, 33.0, 40.0]),
)
def test_a_resumed_reply_misses_no_sample(
    lengths: list[int], pause_ms: int, paused_ms: int, left: bool, rewind_ms: float
) -> None:
    one = talk()
    replies = []
    at = 0
    for length in lengths:
        reply = one.session.reply()
        reply.play(samples(at, length))
        at += length
        replies.append(reply)
        if left:
            reply.end()
    one.run(float(pause_ms))
    before = one.heard()
    busy = one.far_end.end_ms > one.now_ms
    pause = one.session.pause_playback(one.now_ms)
    point_doubt_ms = 20.0
    one.run(one.now_ms + paused_ms)
    assert one.heard() == before, "nothing is heard during the pause"
    pause.resume(one.now_ms, rewind_ms)
    for reply in replies:
        reply.end()
    one.run(one.now_ms + 4000.0)
    values = one.heard()
    assert set(values) == set(spoken(0, at))
    assert len(values) - at <= (40.0 + point_doubt_ms) * MS
    if busy and len(before) >= 60 * MS:
        assert len(values) - at >= 20 * MS - 1
    assert resolved(one) == [events.PauseResolved("resumed", float(paused_ms))]
    assert pause.resolved == resolved(one)[0]
    assert [reply.state for reply in replies] == ["played"] * len(replies)
    assert sum(reply.played_ms(one.now_ms) for reply in replies) == sum(reply.sent_ms for reply in replies)


@pytest.mark.parametrize("then", ["resume", "discard"])
def test_a_pause_ends_by_itself(then: Outcome) -> None:
    one = talk()
    reply = one.session.reply("a")
    reply.play(samples(0, 3200))
    reply.end()
    one.run(100.0)
    pause = one.session.pause_playback(100.0, 500.0, then)
    one.run(599.0)
    assert (resolved(one), len(one.heard())) == ([], 800)
    one.run(5000.0)
    outcome: Literal["resumed", "discarded"] = "resumed" if then == "resume" else "discarded"
    assert resolved(one) == [events.PauseResolved(outcome, 500.0)]
    assert (reply.state, max(one.heard())) == (("played", 3200) if then == "resume" else ("interrupted", 800))
    pause.resume(one.now_ms)
    pause.discard(one.now_ms)
    one.run(6000.0)
    assert len(resolved(one)) == 1


def test_a_discarded_pause_leaves_no_audio() -> None:
    one = talk()
    first, second = one.session.reply("a"), one.session.reply("b")
    first.play(samples(0, 1600))
    first.end()
    second.play(samples(4000, 800))
    one.run(100.0)
    pause = one.session.pause_playback(100.0)
    one.session.play(samples(9000, 160))
    one.run(400.0)
    pause.discard(400.0)
    one.run(3000.0)
    assert one.heard() == spoken(0, 800)
    assert (first.state, second.state) == ("interrupted", "interrupted")
    assert first.played_ms(3000.0) == pytest.approx(100.0, abs=1.0)
    assert one.session.queued_ms == 0.0
    assert one.session.next_deadline_ms is None


def test_a_reply_that_opens_during_a_pause_survives_its_discard() -> None:
    one = talk()
    first = one.session.reply("a")
    first.play(samples(0, 1600))
    one.run(100.0)
    pause = one.session.pause_playback(100.0)
    answer = one.session.reply("answer")
    answer.play(samples(9000, 160))
    answer.end()
    one.run(400.0)
    pause.discard(400.0)
    one.run(3000.0)
    assert (first.state, answer.state) == ("interrupted", "played")
    assert one.heard() == [*spoken(0, 800), *spoken(9000, 160)]


def test_a_discarded_pause_keeps_a_disclosure() -> None:
    one = talk()
    disclosure = one.session.reply("disclosure", interruptible=False)
    disclosure.play(samples(0, 1600))
    behind = one.session.reply("behind")
    behind.play(samples(4000, 800))
    one.run(100.0)
    pause = one.session.pause_playback(100.0)
    one.run(400.0)
    pause.discard(400.0)
    disclosure.end()
    one.run(3000.0)
    assert set(one.heard()) == set(spoken(0, 1600))
    assert (disclosure.state, behind.state) == ("played", "interrupted")
    assert resolved(one) == [events.PauseResolved("discarded", 300.0)]


@pytest.mark.parametrize("how", ["interrupt", "stop", "closed", "transfer"])
def test_interruption_transfer_and_end_resolve_a_pause_as_discarded(how: str) -> None:
    one = talk()
    reply = one.session.reply("a")
    reply.play(samples(0, 1600))
    reply.end()
    one.run(100.0)
    pause = one.session.pause_playback(100.0)
    one.run(200.0)
    if how == "interrupt":
        found = one.session.interrupt(200.0)
        assert found.reply_id == "a"
        assert found.played_ms == pytest.approx(100.0, abs=1.0)
        assert found.dropped_ms == pytest.approx(100.0, abs=1.0)
    elif how == "stop":
        one.session.receive(carrier.STOP, 200.0)
    elif how == "transfer":
        one.session.receive(carrier.start("G722", sequence="2"), 200.0)
    else:
        one.session.closed(200.0)
    one.run(2000.0)
    assert resolved(one) == [events.PauseResolved("discarded", 100.0)]
    assert pause.resolved is not None
    assert reply.state == "interrupted"
    assert reply.played_ms(2000.0) == pytest.approx(100.0, abs=1.0)
    assert len(one.of(events.ReplyEnded)) == 1
    assert one.heard() == spoken(0, 800)


def test_a_paused_disclosure_outlives_an_interruption() -> None:
    one = talk()
    disclosure, other = one.session.reply("disclosure", interruptible=False), one.session.reply("other")
    disclosure.play(samples(0, 1600))
    disclosure.end()
    one.session.mark("behind the disclosure")
    other.play(samples(4000, 1600))
    one.run(100.0)
    one.session.pause_playback(100.0)
    one.run(200.0)
    one.session.interrupt(200.0)
    one.run(3000.0)
    assert disclosure.state == "played"
    assert other.state == "interrupted"
    assert one.heard()[-1] == 1600
    assert max(one.heard()) == 1600
    marks = [event for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert marks == [events.MarkPlayed("behind the disclosure")]


def test_a_reply_whose_end_was_sent_does_not_end_while_it_is_paused() -> None:
    one = talk()
    reply = one.session.reply("a")
    reply.play(samples(0, 1600))
    reply.end()
    one.run(50.0)
    pause = one.session.pause_playback(50.0, 60_000.0)
    one.run(30_000.0)
    assert (reply.state, one.of(events.ReplyEnded)) == ("speaking", [])
    assert reply.played_ms(30_000.0) == pytest.approx(50.0, abs=1.0)
    pause.resume(30_000.0)
    one.run(40_000.0)
    assert reply.state == "played"


def test_audio_that_is_played_while_paused_queues_behind() -> None:
    one = talk(max_queue_ms=200.0, lead_ms=200.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 1600))
    reply.end()
    one.run(20.0)
    pause = one.session.pause_playback(20.0)
    one.session.play(samples(4000, 1600))
    one.run(300.0)
    pause.resume(300.0)
    assert one.session.queued_ms == 200.0 + 200.0, "what is sent again passes the limit"
    one.run(3000.0)
    values = one.heard()
    assert values[-1600:] == spoken(4000, 1600)
    assert max(values[:-1600]) == 1600


def test_marks_of_the_caller_end_once_after_their_audio() -> None:
    one = talk()
    for at in range(8):
        one.session.play(samples(at * 400, 400))
        one.session.mark(f"m{at}")
    one.run(120.0)
    pause = one.session.pause_playback(120.0)
    one.session.mark("during")
    one.run(500.0)
    pause.resume(500.0)
    one.run(5000.0)
    marks = [event for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert marks == [events.MarkPlayed(name) for name in (*(f"m{at}" for at in range(8)), "during")]


@pytest.mark.parametrize("how", ["discard", "interrupt"])
def test_marks_of_audio_that_is_dropped_are_cleared_once(how: str) -> None:
    one = talk()
    for at in range(8):
        one.session.play(samples(at * 400, 400))
        one.session.mark(f"m{at}")
    one.run(120.0)
    pause = one.session.pause_playback(120.0)
    one.run(500.0)
    if how == "discard":
        pause.discard(500.0)
    else:
        one.session.interrupt(500.0)
    one.run(5000.0)
    played = [event.name for event in one.found if isinstance(event, events.MarkPlayed)]
    cleared = [event.name for event in one.found if isinstance(event, events.MarkCleared)]
    assert played == ["m0", "m1"]
    assert sorted(cleared) == [f"m{at}" for at in range(2, 8)]


def test_a_second_pause_needs_the_end_of_the_first() -> None:
    one = talk()
    one.session.play(samples(0, 1600))
    one.run(20.0)
    pause = one.session.pause_playback(20.0)
    with pytest.raises(
        LocalProtocolError, match=r"^the playback is already paused; resume or discard that pause first$"
    ):
        one.session.pause_playback(30.0)
    pause.resume(40.0)
    one.run(80.0)
    again = one.session.pause_playback(80.0)
    one.run(300.0)
    again.resume(300.0)
    one.run(3000.0)
    assert len(resolved(one)) == 2
    assert max(one.heard()) == 1600
    assert set(one.heard()) == set(spoken(0, 1600))


@pytest.mark.parametrize("rewind_ms", [19.0, 41.0, float("nan")])
def test_the_rewind_has_a_range(rewind_ms: float) -> None:
    one = talk()
    one.session.play(samples(0, 1600))
    one.run(20.0)
    pause = one.session.pause_playback(20.0)
    with pytest.raises(ValueError, match=rf"^rewind_ms is {rewind_ms:g}, 20 to 40 is needed$"):
        pause.resume(30.0, rewind_ms)
    assert pause.resolved is None


@pytest.mark.parametrize("played", [0, 160, 1600])
def test_a_pause_of_silence_is_harmless(played: int) -> None:
    one = talk()
    one.session.play(samples(2000, played))
    one.run(1000.0)
    pause = one.session.pause_playback(1000.0)
    one.run(1100.0)
    pause.resume(1100.0)
    one.run(1500.0)
    assert one.heard() == spoken(2000, played), "nothing of it is heard again"
    assert one.session.next_deadline_ms is None


def test_a_pause_before_anything_was_played_is_harmless() -> None:
    one = talk()
    pause = one.session.pause_playback(0.0)
    one.run(100.0)
    pause.resume(100.0)
    one.session.play(samples(0, 160))
    one.run(1000.0)
    assert one.heard() == spoken(0, 160)
    assert one.session.next_deadline_ms is None


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB", "G722", "PCMA"])
@pytest.mark.usefixtures("opus", "amrwb")
def test_every_codec_resumes_in_whole_frames_before_the_cut(name: str) -> None:
    plan = StreamPlan(send_codec=name)
    session = carrier.started(plan, own_marks=False, stall_ms=1e9)
    rate_hz = plan.send_sample_rate_hz
    session.play(bytes(2 * rate_hz), pcm_hz=rate_hz)
    frames = 0
    for now_ms in range(0, 301, 20):
        frames += len([text for text in session.outgoing(float(now_ms)) if carrier.payload_of(text)])
    pause = session.pause_playback(307.0)
    assert session.outgoing(307.0)[0] == '{"event":"clear"}'
    queued_ms = session.queued_ms
    pause.resume(400.0, 20.0)
    kept_ms = session.queued_ms - queued_ms
    sent_ms = frames * 20.0
    # Without echoes the cut is uncertain; at most the sent audio is kept.
    assert sent_ms - 307.0 + 20.0 <= kept_ms <= sent_ms
    assert kept_ms % 20.0 == 0.0
    session.flush()
    found = 0
    for now_ms in range(400, 4000, 20):
        found += len([text for text in session.outgoing(float(now_ms)) if carrier.payload_of(text)])
        session.events(float(now_ms))
    assert session.queued_ms == 0.0
    assert found == -(-round(kept_ms + queued_ms) // 20)


def test_marks_that_return_after_the_resume_are_not_confused_with_those_sent_again() -> None:
    one = talk()
    one.up_ms, one.down_ms = 60.0, 60.0
    for at in range(8):
        one.session.play(samples(at * 400, 400))
        one.session.mark(f"m{at}")
    one.run(240.0)
    pause = one.session.pause_playback(240.0)
    one.run(250.0)
    pause.resume(250.0)
    one.run(5000.0)
    marks = [event for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert marks == [events.MarkPlayed(f"m{at}") for at in range(8)]
    assert set(one.heard()) == set(spoken(0, 3200))
