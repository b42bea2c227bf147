"""Marks are sent in their place between the audio, and each one ends as played or cleared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.speaking.chain import MAX_WAITING_MARKS
from rtpcodec.stream.unsent_marks import MARK_TIMEOUT_MS
from tests.oracles.far_end import FarEnd
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")

NOW = float("-inf")


def order_of(texts: list[str]) -> list[str]:
    """`m` for a frame, the name for a mark, `clear`."""
    found = []
    for message in map(json.loads, texts):
        event = message["event"]
        found.append("m" if event == "media" else message["mark"]["name"] if event == "mark" else event)
    return found


def play_frames(session: MediaSession, count: float) -> None:
    session.play_payload(b"\x55" * int(160 * count))


def test_marks_stand_between_the_audio() -> None:
    session = carrier.started(lead_ms=None)
    session.mark("first")
    play_frames(session, 2)
    session.mark("a")
    session.mark("b")
    play_frames(session, 1)
    session.mark("last")
    assert session.next_deadline_ms == NOW
    assert order_of(session.outgoing(0.0)) == ["first", "m", "m", "a", "b", "m", "last"]


def test_a_mark_is_sent_with_the_frame_before_it() -> None:
    session = carrier.started(lead_ms=40.0)
    play_frames(session, 3)
    session.mark("m3")
    play_frames(session, 1)
    assert order_of(session.outgoing(0.0)) == ["m", "m"]
    assert order_of(session.outgoing(20.0)) == ["m", "m3"]
    assert order_of(session.outgoing(40.0)) == ["m"]


def test_generated_names_are_unique() -> None:
    session = carrier.started()
    assert [session.mark(), session.mark(), session.mark("own"), session.mark()] == [
        "rtpcodec-1",
        "rtpcodec-2",
        "own",
        "rtpcodec-3",
    ]


def test_echo_means_played() -> None:
    session = carrier.started()
    play_frames(session, 5)
    session.mark("turn")
    session.outgoing(0.0)
    assert session.next_deadline_ms == 100.0 + MARK_TIMEOUT_MS
    assert carrier.fed(session, [carrier.mark("turn")], from_ms=150.0) == [events.MarkPlayed("turn")]
    assert session.next_deadline_ms is None


def test_echoes_of_marks_that_were_not_sent_are_unexpected_and_repeated_ones_are_ignored() -> None:
    session = carrier.started()
    session.mark("not sent yet")
    assert carrier.fed(session, [carrier.mark("strange"), carrier.mark("not sent yet")]) == [
        events.UnexpectedMark("strange"),
        events.UnexpectedMark("not sent yet"),
    ]
    session.outgoing(50.0)
    twice = [carrier.mark("not sent yet")] * 2
    assert carrier.fed(session, twice, from_ms=60.0) == [events.MarkPlayed("not sent yet")]


def test_marks_of_one_name_end_one_by_one() -> None:
    session = carrier.started(lead_ms=None)
    for _ in range(2):
        play_frames(session, 1)
        session.mark("same")
    session.outgoing(0.0)
    assert carrier.fed(session, [carrier.mark("same")], from_ms=21.0) == [events.MarkPlayed("same")]
    session.interrupt(30.0)
    assert carrier.fed(session, [carrier.mark("same")], from_ms=31.0) == []
    assert session.events(2000.0)[0] == events.MarkCleared("same", "interrupt"), "in doubt until no fence can return"


def test_an_echo_that_never_comes() -> None:
    session = carrier.started()
    play_frames(session, 5)
    session.mark("turn")
    session.outgoing(0.0)
    deadline_ms = 100.0 + MARK_TIMEOUT_MS
    assert session.events(deadline_ms - 0.001) == []
    assert session.events(deadline_ms) == [events.MarkCleared("turn", "timeout")]
    assert session.next_deadline_ms is None
    assert carrier.fed(session, [carrier.mark("turn")], from_ms=deadline_ms) == [events.Stalled(deadline_ms)]


def test_each_mark_has_its_own_deadline() -> None:
    session = carrier.started(lead_ms=None)
    for name in ("a", "b"):
        play_frames(session, 50)
        session.mark(name)
    session.outgoing(0.0)
    assert session.events(11_000.0) == [events.MarkCleared("a", "timeout")]
    assert session.next_deadline_ms == 12_000.0
    assert session.events(12_000.0) == [events.MarkCleared("b", "timeout")]


def test_the_end_of_the_stream_clears_all_marks() -> None:
    session = carrier.started(lead_ms=20.0)
    play_frames(session, 1)
    session.mark("sent")
    play_frames(session, 1)
    session.mark("queued")
    play_frames(session, 0.5)
    session.mark("tail")
    session.outgoing(0.0)
    found = carrier.fed(session, [carrier.STOP])
    assert found == [*(events.MarkCleared(name, "stop") for name in ("sent", "queued", "tail")), events.Stopped("stop")]


def test_interruption_clears_unheard_audio() -> None:
    session = carrier.started(lead_ms=60.0)
    for name in ("heard", "playing"):
        play_frames(session, 1)
        session.mark(name)
    play_frames(session, 3)
    session.mark("queued")
    play_frames(session, 0.5)
    session.mark("tail")
    session.outgoing(0.0)
    found = session.interrupt(30.0)
    assert session.events(30.0) == [events.MarkCleared("queued", "interrupt"), events.MarkCleared("tail", "interrupt")]
    # Its audio had ended 10 ms before: an echo at 50 ms does not show whether it was already in transit.
    echoes = [carrier.mark("heard"), carrier.mark("playing")]
    assert carrier.fed(session, echoes, from_ms=50.0, step_ms=0.0) == []
    ended = session.events(2000.0)
    assert ended[:2] == [events.MarkCleared("heard", "interrupt"), events.MarkCleared("playing", "interrupt")]
    assert isinstance(ended[2], events.InterruptionSettled)
    assert ended[2].interrupted == found


def test_an_echo_before_the_clear_acted_means_played_and_a_later_one_waits_for_the_fence() -> None:
    session, far_end = carrier.started(own_marks=True), FarEnd()
    for name in ("heard", "playing", "queued"):
        play_frames(session, 5)
        session.mark(name)
    played = events_of(session, far_end, session.outgoing(0.0), 0.0, 120.0)
    assert played == [events.MarkPlayed("heard")]
    found = session.interrupt(150.0)
    ended = events_of(session, far_end, session.outgoing(150.0), 150.0, 200.0)
    assert ended[:2] == [events.MarkCleared("playing", "interrupt"), events.MarkCleared("queued", "interrupt")]
    assert [type(event) for event in ended[2:]] == [events.InterruptionSettled]
    assert found.played_ms == pytest.approx(150.0, abs=1.0)


def events_of(
    session: MediaSession, far_end: FarEnd, texts: list[str], from_ms: float, until_ms: float
) -> list[events.Event]:
    """Return the events of a session with a far end without delay. Later texts are appended."""
    found: list[events.Event] = []
    far_end.take(texts, from_ms)
    for now_ms in range(int(from_ms), int(until_ms) + 1):
        texts += (due := session.outgoing(float(now_ms)))
        far_end.take(due, float(now_ms))
        far_end.advance(float(now_ms))
        for name, _ in far_end.take_echoes():
            session.receive(carrier.mark(name), float(now_ms))
        found += [event for event in session.events(float(now_ms)) if not isinstance(event, events.Stalled)]
    return found


def test_a_cleared_mark_whose_echo_never_comes() -> None:
    session = carrier.started()
    play_frames(session, 10)
    session.mark("turn")
    session.outgoing(0.0)
    session.interrupt(50.0)
    assert session.events(50.0 + MARK_TIMEOUT_MS)[0] == events.MarkCleared("turn", "interrupt")


def test_a_mark_in_a_partial_frame_is_sent_with_that_frame() -> None:
    session = carrier.started(lead_ms=None)
    play_frames(session, 0.5)
    session.outgoing(0.0)
    play_frames(session, 1)
    session.mark("a")
    play_frames(session, 0.25)
    session.mark("b")
    play_frames(session, 1.5)
    session.mark("c")
    assert order_of(session.outgoing(0.0)) == ["m", "m", "a", "b", "m"]
    session.flush()
    assert order_of(session.outgoing(0.0)) == ["m", "c"]


def test_a_waiting_mark_fills_its_frame_just_before_the_far_end_runs_dry() -> None:
    session = carrier.started()
    play_frames(session, 10.5)
    session.mark("end")
    assert order_of(session.outgoing(0.0)) == ["m"] * 10
    assert session.next_deadline_ms == 180.0
    assert session.outgoing(179.0) == []
    texts = session.outgoing(180.0)
    assert order_of(texts) == ["m", "end"]
    assert carrier.sent_octets(texts) == b"\x55" * 80 + b"\xff" * 80
    assert (session.queued_ms, session.position_ms) == (0.0, 220.0)


def test_a_waiting_mark_fills_nothing_while_frames_wait() -> None:
    session = carrier.started(lead_ms=20.0)
    play_frames(session, 2.5)
    session.mark("end")
    assert order_of(session.outgoing(0.0)) == ["m"]
    assert session.next_deadline_ms == 20.0
    assert order_of(session.outgoing(20.0)) == ["m"]
    assert session.next_deadline_ms == 40.0
    assert order_of(session.outgoing(40.0)) == ["m", "end"]


def test_due_marks_are_sent_even_after_the_last_whole_frame() -> None:
    session = carrier.started()
    session.mark("first")
    play_frames(session, 0.5)
    session.mark("end")
    assert order_of(session.outgoing(0.0)) == ["first", "m", "end"]
    session = carrier.started(lead_ms=20.0)
    play_frames(session, 1.5)
    session.mark("end")
    assert order_of(session.outgoing(0.0)) == ["m"]
    assert session.next_deadline_ms == 20.0


def test_a_mark_without_audio_is_sent_at_once() -> None:
    session = carrier.started()
    session.mark("now")
    assert session.next_deadline_ms == NOW
    assert order_of(session.outgoing(70.0)) == ["now"]
    assert session.next_deadline_ms == 70.0 + MARK_TIMEOUT_MS


def test_marks_are_bounded() -> None:
    session = carrier.started()
    play_frames(session, 0.5)
    for _ in range(MAX_WAITING_MARKS // 2):
        session.mark()
    play_frames(session, 0.5)
    session.outgoing(0.0)
    for _ in range(MAX_WAITING_MARKS // 4):
        session.mark()
    play_frames(session, 0.5)
    for _ in range(MAX_WAITING_MARKS // 4):
        session.mark()
    with pytest.raises(LocalProtocolError, match=r"^1000 marks already wait, at most 1000 are allowed$"):
        session.mark()
    assert carrier.fed(session, [carrier.mark("rtpcodec-1")]) == [events.MarkPlayed("rtpcodec-1")]
    session.mark()


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        (b"octets", TypeError, "mark name is of type bytes, str is needed"),
        (5, TypeError, "mark name is of type int, str is needed"),
        ("ab\ud800", ValueError, "mark name has a lone surrogate at 2, UTF-8 has no octets for it"),
    ],
)
def test_names_that_no_text_can_carry_are_refused_at_once(name: Any, error: type[Exception], text: str) -> None:
    session = carrier.started()
    with pytest.raises(error) as caught:
        session.mark(name)
    assert str(caught.value) == text
    assert (session.outgoing(0.0), session.next_deadline_ms) == ([], None)


@pytest.mark.parametrize("name", ["rtpcodec-1", "rtpcodec-", "rtpcodec-played-1"])
def test_a_generated_name_cannot_be_given(name: str) -> None:
    session = carrier.started()
    with pytest.raises(ValueError, match=rf"^mark name is '{name}', only generated names begin with 'rtpcodec-'$"):
        session.mark(name)
    assert session.mark("rtpcodec") == "rtpcodec"
    assert session.mark() == "rtpcodec-1"


@pytest.mark.parametrize("name", ["", 'quo"te', "back\\slash", "new\nline", "größe", "\U0001f600", "x" * 5000])
def test_any_other_mark_name_returns(name: str) -> None:
    session = carrier.started()
    assert session.mark(name) == name
    texts = session.outgoing(0.0)
    assert carrier.mark_names(texts) == [name]
    assert carrier.fed(session, texts) == [events.MarkPlayed(name)]


def test_marks_work_in_mp3_mode() -> None:
    session = carrier.started(StreamPlan(mode="mp3"))
    session.mark("m")
    assert order_of(session.outgoing(0.0)) == ["m"]
    assert carrier.fed(session, [carrier.mark("m")]) == [events.MarkPlayed("m")]


def test_marks_outlive_a_second_start() -> None:
    session = carrier.started()
    play_frames(session, 1)
    session.mark("m")
    session.outgoing(0.0)
    found = carrier.fed(session, [carrier.start("PCMA"), carrier.mark("m")])
    assert found[-1] == events.MarkPlayed("m")


# Marks that are not sent


def timed_out(session: MediaSession, name: str, deadline_ms: float) -> None:
    assert session.event_deadline_ms == deadline_ms
    assert session.events(deadline_ms - 0.001) == []
    assert session.events(deadline_ms) == [events.MarkCleared(name, "timeout")]
    assert session.event_deadline_ms is None


def test_a_mark_before_start_times_out_after_its_audio() -> None:
    session = MediaSession(own_marks=False)
    play_frames(session, 50)
    session.mark("m")
    assert session.events(100.0) == []
    assert session.next_deadline_ms == 100.0 + 1000.0 + MARK_TIMEOUT_MS
    timed_out(session, "m", 100.0 + 1000.0 + MARK_TIMEOUT_MS)
    session.receive(carrier.start(), 20_000.0)
    assert set(order_of(session.outgoing(20_000.0))) == {"m"}, "the audio is sent without it"
    assert carrier.mark_names(session.outgoing(30_000.0)) == []


def test_a_mark_after_audio_that_is_never_sent_times_out() -> None:
    """The peer does not read, so `outgoing` is not called."""
    session = carrier.started()
    play_frames(session, 25)
    session.outgoing(0.0)
    session.mark("m")
    session.events(50.0)
    timed_out(session, "m", 500.0 + MARK_TIMEOUT_MS)


def test_an_mp3_that_is_never_flushed_ends_its_mark() -> None:
    session = carrier.started(StreamPlan(mode="mp3"))
    session.play(bytes(2 * 16 * 700))
    session.mark("m")
    session.outgoing(0.0)
    session.events(20.0)
    timed_out(session, "m", 20.0 + 700.0 + MARK_TIMEOUT_MS)
    session.flush()
    assert order_of(session.outgoing(20_000.0)) == ["m"]


def test_a_mark_does_not_time_out_while_its_audio_leaves() -> None:
    """50 files, 1.25 s apart: each renews the estimate."""
    session = carrier.started(StreamPlan(mode="mp3"))
    for _ in range(50):
        session.play(bytes(3200))
        session.flush()
    session.mark("end")
    texts: list[str] = []
    for now_ms in range(0, 70_000, 250):
        assert session.events(float(now_ms)) == []
        texts += session.outgoing(float(now_ms))
    assert order_of(texts) == ["m"] * 50 + ["end"]


def test_each_unsent_mark_times_out_once_and_in_order() -> None:
    session = MediaSession()
    for name in ("a", "b", "c"):
        session.mark(name)
        play_frames(session, 50)
    session.events(0.0)
    found = [(now_ms, event.name) for now_ms in range(0, 20_000, 500) for event in session.events(float(now_ms))]  # type: ignore[union-attr]
    assert found == [(10_000, "a"), (11_000, "b"), (12_000, "c")]
