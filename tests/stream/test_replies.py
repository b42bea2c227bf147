"""Replies: their order, their state, how much was heard of each, and the effect of an interruption."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import StreamPlan, events
from rtpcodec.errors import LocalProtocolError, QueueFull, ReplyInterrupted, StreamEnded
from rtpcodec.stream.speaking.order import MAX_REPLIES
from rtpcodec.stream.speaking.reply import Reply
from tests.stream import carrier
from tests.stream.talking import MS, Talk, samples, talk


def spoken(first: int, count: int) -> list[int]:
    return list(range(first + 1, first + 1 + count))


def ended(one: Talk) -> list[tuple[str, str, float, float]]:
    return [
        (event.reply_id, event.state, event.played_ms, event.sent_ms)
        for event in one.found
        if isinstance(event, events.ReplyEnded)
    ]


# Order


def test_replies_are_spoken_in_the_order_of_their_opening() -> None:
    one = talk()
    first, second, third = (one.session.reply(name) for name in ("first", "second", "third"))
    third.play(samples(2000, 800))
    third.end()
    second.play(samples(1000, 800))
    second.end()
    one.run(300.0)
    assert one.heard() == [], "the first one has its turn"
    first.play(samples(0, 800))
    first.end()
    one.run(2000.0)
    assert one.heard() == spoken(0, 800) + spoken(1000, 800) + spoken(2000, 800)
    assert ended(one) == [(name, "played", 100.0, 100.0) for name in ("first", "second", "third")]
    assert [one.state for one in (first, second, third)] == ["played"] * 3


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 900), st.integers(0, 60)), max_size=20),
    st.integers(1, 3),
)
def test_chunks_in_any_order_are_spoken_by_reply(chunks: list[tuple[int, int, int]], count: int) -> None:
    one = talk()
    replies = [one.session.reply() for _ in range(count)]
    expected: list[list[int]] = [[] for _ in replies]
    at = 0
    for number, length, wait_ms in chunks:
        which = number % count
        replies[which].play(samples(at, length))
        expected[which] += spoken(at, length)
        at += length
        one.run(one.now_ms + wait_ms)
        for reply in replies:
            assert 0 <= reply.played_ms(one.now_ms) <= reply.sent_ms + 1e-9
    for reply in replies:
        reply.end()
    one.run(one.now_ms + 4000.0)
    assert one.heard() == [value for part in expected for value in part]
    assert [reply.state for reply in replies] == ["played"] * count
    for reply, part in zip(replies, expected, strict=True):
        assert reply.sent_ms == -(-len(part) // 160) * 20.0
        assert reply.played_ms(one.now_ms) == reply.sent_ms


def test_an_open_empty_reply_holds_its_place_until_it_ends() -> None:
    one = talk()
    one.session.play(samples(0, 160))
    opened = one.session.reply("opened")
    one.session.play(samples(160, 160))
    one.run(1000.0)
    assert one.heard() == spoken(0, 160)
    opened.end()
    one.run(2000.0)
    assert one.heard() == spoken(0, 320)
    assert ended(one) == [("opened", "played", 0.0, 0.0)]


def test_ids_are_given_or_generated() -> None:
    session = carrier.started()
    assert [session.reply().id, session.reply("mine").id, session.reply().id] == ["reply-1", "mine", "reply-3"]


def test_open_replies_are_bounded() -> None:
    session = carrier.started()
    for _ in range(MAX_REPLIES):
        session.reply()
    with pytest.raises(LocalProtocolError, match=r"^1000 replies are open, at most 1000 are allowed$"):
        session.reply()


# Ends


def test_a_reply_ends_as_an_utterance() -> None:
    one = talk()
    reply = one.session.reply("a")
    reply.play(samples(0, 200))
    one.run(500.0)
    assert one.heard() == spoken(0, 160), "a part of a frame waits"
    reply.end()
    reply.end()
    one.run(1000.0)
    assert one.heard() == spoken(0, 200)
    assert ended(one) == [("a", "played", 40.0, 40.0)]
    with pytest.raises(LocalProtocolError, match=r"^reply 'a' has ended, nothing can be added to it$"):
        reply.play(bytes(320))


def test_a_reply_that_is_left_after_it_was_heard_ends_at_once() -> None:
    one = talk()
    reply = one.session.reply("a")
    reply.play(samples(0, 160))
    one.run(1000.0)
    assert (reply.state, ended(one)) == ("speaking", [])
    reply.end()
    assert one.session.next_deadline_ms == float("-inf")
    one.step()
    assert ended(one) == [("a", "played", 20.0, 20.0)]
    assert one.session.next_deadline_ms is None


def test_each_end_is_reported_once_to_its_listener() -> None:
    one = talk()
    told: list[str] = []
    for name in ("a", "b"):
        reply = one.session.reply(name)
        reply.on_end = lambda ended: told.append(f"{ended.id} {ended.state}")
        reply.play(samples(0, 800))
        reply.end()
    one.run(150.0)
    assert told == ["a played"]
    one.session.interrupt(one.now_ms)
    one.run(5000.0)
    assert told == ["a played", "b interrupted"]


def test_without_echoes_a_reply_is_estimated_within_a_second_of_its_end() -> None:
    session = carrier.started(stall_ms=1e9)
    reply = session.reply("a")
    reply.play_payload(b"\x55" * 800)
    reply.end()
    session.outgoing(0.0)
    assert reply.played_ms(50.0) == 50.0
    assert session.events(99.0) == []
    found = session.events(session.next_deadline_ms or 0.0)
    assert [(type(event), event.state) for event in found if isinstance(event, events.ReplyEnded)] == [
        (events.ReplyEnded, "estimated")
    ]
    assert reply.played_ms(5000.0) == 100.0


def test_the_end_of_the_stream_ends_all_replies() -> None:
    one = talk()
    first, second, third = (one.session.reply(name) for name in ("a", "b", "c"))
    first.play(samples(0, 1600))
    first.end()
    second.play(samples(0, 160))
    one.run(150.0)
    one.session.receive(carrier.STOP, 150.0)
    one.step()
    assert ended(one) == [
        ("a", "interrupted", 150.0, 200.0),
        ("b", "interrupted", 0.0, 20.0),
        ("c", "interrupted", 0.0, 0.0),
    ]
    assert isinstance(one.found[-1], events.Stopped)
    with pytest.raises(ReplyInterrupted):
        third.play(bytes(2))
    with pytest.raises(StreamEnded):
        one.session.reply()


# The implicit reply


def test_an_implicit_reply_ends_when_a_reply_opens() -> None:
    one = talk()
    one.session.play(samples(0, 200))
    reply = one.session.reply("a")
    reply.play(samples(1000, 160))
    reply.end()
    one.session.play(samples(2000, 160))
    one.run(1000.0)
    assert one.heard() == spoken(0, 200) + spoken(1000, 160) + spoken(2000, 160)
    assert ended(one) == [("a", "played", 20.0, 20.0)], "implicit ones are not reported"


@pytest.mark.parametrize("asked", [False, True])
def test_an_implicit_reply_ends_when_the_far_end_has_run_dry(asked: bool) -> None:
    one = talk()
    one.session.play(samples(0, 1600))
    if asked:
        one.run(1000.0)
        assert one.session.last_reply is None
    else:
        one.session.outgoing(0.0)
        one.now_ms = 1000.0
    one.session.play(samples(1600, 1600))
    one.run(1050.0)
    found = one.session.interrupt(one.now_ms)
    assert found.played_ms == pytest.approx(50.0)
    assert found.dropped_ms == pytest.approx(150.0)


def test_a_waiter_for_an_implicit_reply_is_resumed_once_it_was_heard() -> None:
    one = talk()
    told: list[Reply] = []
    one.session.play(samples(0, 1600))
    reply = one.session.last_reply
    assert reply is not None
    reply.on_end = told.append
    one.run(190.0)
    assert told == []
    one.run(210.0)
    assert told == [reply]
    assert one.session.last_reply is None
    one.session.play(samples(1600, 160))
    assert one.session.last_reply is reply, "it begins again"


def test_audio_that_continues_in_time_is_one_implicit_reply() -> None:
    one = talk()
    for at in range(10):
        one.session.play(samples(at * 160, 160))
        one.run(at * 15.0)
    found = one.session.interrupt(one.now_ms)
    assert found.played_ms == pytest.approx(135.0)
    assert found.reply_id is None


def test_a_long_play_that_waits_survives_the_end_of_the_implicit_reply_before_it() -> None:
    from rtpcodec.stream.plays import Plays

    one = talk(max_queue_ms=200.0)
    plays = Plays(one.session, may_wait=True)
    plays.play(samples(0, 800))
    one.run(90.0)
    one.session.outgoing(90.0)
    one.now_ms = 500.0
    waiting = plays.play(samples(800, 4000))
    assert waiting is not None
    for now_ms in range(500, 1500, 10):
        plays.feed()
        one.run(float(now_ms))
    assert waiting.ended
    assert waiting.error is None
    assert one.heard() == spoken(0, 4800)


# Notes


def test_notes_say_which_words_were_heard() -> None:
    one = talk()
    reply = one.session.reply("a")
    for at, word in enumerate(("one", "two", "three")):
        reply.play(samples(at * 800, 800), note=word)
    reply.end()
    one.run(0.0)
    heard = []
    for now_ms in (50.0, 99.0, 101.0, 201.0, 299.0):
        one.run(now_ms)
        heard.append(reply.last_note_played(now_ms))
    assert heard == [None, None, "one", "two", "two"]
    one.run(2000.0)
    assert reply.last_note_played(2000.0) == "three"
    event = one.of(events.ReplyEnded)[0]
    assert isinstance(event, events.ReplyEnded)
    assert event.last_note_played == "three"


def test_notes_of_an_interrupted_reply_stop_at_the_cut() -> None:
    one = talk()
    reply = one.session.reply("a")
    for at in range(10):
        reply.play(samples(at * 400, 400), note=at)
    one.run(120.0)
    one.session.interrupt(120.0)
    one.run(3000.0)
    assert reply.last_note_played(3000.0) == 1
    assert ended(one)[0][:2] == ("a", "interrupted")


# Limits


def test_the_reply_that_speaks_has_the_whole_limit_and_the_others_share_another() -> None:
    one = talk(max_queue_ms=200.0, lead_ms=0.0)
    first, second, third = (one.session.reply() for _ in range(3))
    second.play(bytes(2 * MS * 140))
    third.play(bytes(2 * MS * 60))
    for reply in (second, third):
        assert reply.room_ms == 0.0
        with pytest.raises(QueueFull, match=r"^200 ms are queued and 1 ms would follow, at most 200 ms are allowed$"):
            reply.play(bytes(2 * MS))
    assert first.room_ms == 200.0
    first.play(bytes(2 * MS * 200))
    with pytest.raises(QueueFull):
        first.play(bytes(2 * MS))
    assert one.session.queued_ms == 400.0
    first.end()
    one.run(1000.0)
    assert (second.room_ms, third.room_ms) == (200.0, 140.0)


def test_odd_octets_belong_to_their_reply() -> None:
    one = talk()
    first, second = one.session.reply(), one.session.reply()
    pcm = samples(0, 320)
    first.play(pcm[:321])
    second.play(samples(1000, 160))
    first.play(pcm[321:])
    first.end()
    second.end()
    one.run(1000.0)
    assert one.heard() == spoken(0, 320) + spoken(1000, 160)


def test_payloads_and_pcm_of_one_reply_keep_their_order() -> None:
    one = talk()
    reply = one.session.reply()
    reply.play(samples(0, 100))
    reply.play_payload(samples(100, 100))
    reply.play(samples(200, 120))
    reply.end()
    one.run(1000.0)
    assert one.heard() == spoken(0, 320)


def test_mode_mp3_has_no_replies() -> None:
    session = carrier.started(StreamPlan(mode="mp3"))
    for call, name in (
        (session.reply, "reply"),
        (lambda: session.pause_playback(0.0), "pause_playback"),
        (lambda: session.interrupt(0.0, what="current"), r"interrupt\('current'\)"),
    ):
        with pytest.raises(LocalProtocolError, match=rf"^the plan's mode is 'mp3', {name} needs 'rtp'$"):
            call()


def test_spans_of_a_reply_with_many_breaks_are_bounded() -> None:
    one = talk()
    reply: Reply = one.session.reply("slow")
    for at in range(150):
        reply.play(samples(at * 160, 160))
        one.run((at + 1) * 50.0)
        assert reply.played_ms(one.now_ms) == (at + 1) * 20.0
    reply.end()
    one.run(20_000.0)
    assert ended(one) == [("slow", "played", 3000.0, 3000.0)]


def test_an_estimated_end_states_its_doubt() -> None:
    """No mark returns, so the far end may hold the end of the reply."""
    session = carrier.started(own_marks=True)
    reply = session.reply("a")
    reply.play(bytes(16 * 400))
    reply.end()
    session.outgoing(0.0)
    for now_ms in range(0, 3000, 20):
        session.events(float(now_ms))
    assert reply.state == "estimated"
    assert reply.played_ms(3000.0) == 400.0
    assert reply.played_uncertainty_ms(3000.0) >= 200.0
