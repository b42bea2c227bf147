"""Suspensions of speech and voice activity: for several reasons, together with pauses and interruptions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events, replay
from rtpcodec.audio import mp3
from rtpcodec.stream.connection_events import Held, Unheld
from rtpcodec.stream.events import SpeechEnded, SpeechStarted
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import BackgroundSource
from tests.listening.voice_line import line, silence, sound
from tests.stream import carrier
from tests.stream.talking import L16, MS, Talk, samples, talk


def spoken(first: int, count: int) -> list[int]:
    return list(range(first + 1, first + 1 + count))


def ended_replies(one: Talk) -> list[events.ReplyEnded]:
    return [event for event in one.found if isinstance(event, events.ReplyEnded)]


def speaking(one: Talk, count: int = 1600) -> None:
    reply = one.session.reply("a")
    reply.play(samples(0, count))
    reply.end()


@settings(max_examples=60)
@given(
    suspend_ms=st.integers(0, 300),
    suspended_ms=st.integers(1, 1500),
    reasons=st.permutations(["hold", "verdict", "transfer"]),
    way_ms=st.sampled_from([0.0, 60.0]),
)
def test_replies_continue_when_the_last_reason_ends(
    suspend_ms: int, suspended_ms: int, reasons: list[str], way_ms: float
) -> None:
    one = talk()
    one.up_ms = one.down_ms = way_ms
    speaking(one)
    one.run(float(suspend_ms))
    for reason in (*reasons, reasons[0]):
        one.session.suspend_speech(reason, one.now_ms)
    one.run(one.now_ms + way_ms)
    before = one.heard()
    for reason in reasons[:2]:
        one.run(one.now_ms + suspended_ms)
        one.session.resume_speech(reason, one.now_ms)
    one.run(one.now_ms + suspended_ms)
    assert one.heard() == before, "nothing is heard while one reason is left"
    one.session.resume_speech(reasons[2], one.now_ms)
    one.session.resume_speech(reasons[2], one.now_ms)
    one.run(one.now_ms + 3000.0)
    heard = one.heard()
    assert set(heard) == set(spoken(0, 1600))
    assert len(heard) - 1600 <= (60 + 4 * way_ms) * MS
    assert [event.state for event in ended_replies(one)] == ["played"]
    assert not one.of(events.PauseResolved)
    assert one.session.next_deadline_ms is None


@pytest.mark.parametrize("pause_first", [True, False])
@pytest.mark.parametrize("resume_first", ["pause", "suspension"])
def test_a_pause_and_a_suspension_both_have_to_end(pause_first: bool, resume_first: str) -> None:
    one = talk()
    speaking(one)
    one.run(50.0)
    if pause_first:
        pause = one.session.pause_playback(50.0)
        one.session.suspend_speech("hold", 50.0)
    else:
        one.session.suspend_speech("hold", 50.0)
        pause = one.session.pause_playback(50.0)
    one.run(300.0)
    if resume_first == "pause":
        pause.resume(300.0)
    else:
        one.session.resume_speech("hold", 300.0)
    one.run(600.0)
    assert one.heard() == spoken(0, 400)
    if resume_first == "pause":
        one.session.resume_speech("hold", 600.0)
    else:
        pause.resume(600.0)
    one.run(3000.0)
    assert set(one.heard()) == set(spoken(0, 1600))
    ended_ms = 250.0 if resume_first == "pause" else 550.0
    assert one.of(events.PauseResolved) == [events.PauseResolved("resumed", ended_ms)]


@pytest.mark.parametrize("then", ["resume", "discard"])
def test_a_pause_that_times_out_does_not_end_a_suspension(then: str) -> None:
    one = talk()
    speaking(one)
    one.run(50.0)
    one.session.suspend_speech("hold", 50.0)
    one.session.pause_playback(60.0, 100.0, then)  # type: ignore[arg-type]
    one.run(100.0)
    one.session.reply("later").play(samples(4000, 160))
    one.run(500.0)
    assert one.heard() == spoken(0, 400)
    one.session.resume_speech("hold", 500.0)
    one.run(3000.0)
    assert set(one.heard()) == set(spoken(0, 400 if then == "discard" else 1600)) | set(spoken(4000, 160))
    (ended,) = ended_replies(one)
    assert ended.state == ("interrupted" if then == "discard" else "played")


def test_two_pauses_discarded_within_one_suspension_end_their_own_replies() -> None:
    one = talk()
    speaking(one)
    one.run(50.0)
    one.session.suspend_speech("hold", 50.0)
    for at in (100.0, 300.0):
        pause = one.session.pause_playback(at)
        pause.discard(at + 50.0)
        one.session.reply(f"behind {at:g}").play(samples(4000, 160))
        one.run(at + 100.0)
    one.session.resume_speech("hold", one.now_ms)
    one.run(3000.0)
    assert one.heard() == [*spoken(0, 400), *spoken(4000, 160)]
    assert [event.reply_id for event in ended_replies(one)] == ["a", "behind 100"]


def test_an_interruption_ends_replies_and_not_the_suspension() -> None:
    one = talk()
    disclosure = one.session.reply("disclosure", interruptible=False)
    disclosure.play(samples(0, 800))
    disclosure.end()
    other = one.session.reply("other")
    other.play(samples(4000, 800))
    one.run(50.0)
    one.session.suspend_speech("hold", 50.0)
    one.run(100.0)
    found = one.session.interrupt(100.0)
    assert found.played_ms == pytest.approx(50.0, abs=1.0)
    one.session.play(samples(9000, 160))
    one.run(500.0)
    assert (one.heard(), other.state) == (spoken(0, 400), "interrupted")
    one.session.resume_speech("hold", 500.0)
    one.run(3000.0)
    assert disclosure.state == "played"
    assert set(one.heard()) == {*spoken(0, 800), *spoken(9000, 160)}


@pytest.mark.parametrize("how", ["pause", "suspension"])
def test_the_interruption_of_a_queued_reply_leaves_the_one_that_was_cut(how: str) -> None:
    one = talk()
    first, second = one.session.reply("first"), one.session.reply("second")
    first.play(samples(0, 1600))
    first.end()
    second.play(samples(4000, 800))
    one.run(50.0)
    if how == "pause":
        one.session.pause_playback(50.0)
    else:
        one.session.suspend_speech("hold", 50.0)
    one.run(100.0)
    one.session.interrupt(100.0, what=second)
    one.run(300.0)
    one.session.resume_speech("hold", 300.0)
    one.run(3000.0)
    assert set(one.heard()) == set(spoken(0, 1600))
    assert (first.state, second.state) == ("played", "interrupted")


@pytest.mark.parametrize("how", ["pause", "suspension"])
def test_marks_outlive_a_long_pause(how: str) -> None:
    one = talk()
    one.session.play(samples(0, 3200))
    one.session.mark("first")
    one.session.play(samples(3200, 3200))
    one.session.mark("second")
    one.run(50.0)
    if how == "pause":
        pause = one.session.pause_playback(50.0, 60_000.0)
        one.run(30_000.0)
        pause.resume(30_000.0)
    else:
        one.session.suspend_speech("hold", 50.0)
        one.run(30_000.0)
        one.session.resume_speech("hold", 30_000.0)
    one.run(40_000.0)
    assert one.of(events.MarkPlayed) == [events.MarkPlayed("first"), events.MarkPlayed("second")]
    assert not one.of(events.MarkCleared)


def test_a_suspension_before_start_keeps_the_first_words() -> None:
    session = MediaSession(L16, stall_ms=1e9)
    session.suspend_speech("first words", 0.0)
    for text in (carrier.CONNECTED, carrier.start("PCMU")):
        session.receive(text, 10.0)
    one = Talk(session)
    speaking(one)
    one.run(300.0)
    assert (one.heard(), session.queued_ms) == ([], 200.0)
    session.resume_speech("first words", 300.0)
    one.run(2000.0)
    assert one.heard() == spoken(0, 1600)


@pytest.mark.parametrize("how", ["stop", "transfer"])
def test_a_suspension_at_the_end_and_at_a_further_start(how: str) -> None:
    one = talk()
    speaking(one)
    one.run(50.0)
    one.session.suspend_speech("hold", 50.0)
    one.run(100.0)
    one.session.receive(carrier.STOP if how == "stop" else carrier.start("G722", sequence="2"), 100.0)
    one.run(200.0)
    one.session.resume_speech("hold", 200.0)
    one.session.suspend_speech("again", 3000.0 if how == "stop" else 2999.0)
    one.session.resume_speech("again", 3000.0)
    one.run(3000.0)
    (ended,) = ended_replies(one)
    assert ended.state == ("interrupted" if how == "stop" else "played")
    assert len(set(one.heard())) == (400 if how == "stop" else 1600)


def test_the_sound_beside_speech_continues() -> None:
    one = talk()
    sound = BackgroundSound(BackgroundSource(samples(20_000, 800), 8000, 0.0), 8000)
    one.session.background(sound)
    one.session.suspend_speech("hold", 0.0)
    speaking(one)
    one.run(500.0)
    assert len(one.heard()) >= 450 * MS
    assert one.session.queued_ms == 200.0


def test_files_of_mode_mp3_wait() -> None:
    session = carrier.started(StreamPlan(mode="mp3"))
    session.suspend_speech("verdict", 0.0)
    session.play_mp3(mp3.encode(bytes(2 * 8000), 8000))
    session.mark("behind")
    assert session.next_deadline_ms is None
    for now_ms in (0.0, 30_000.0):
        assert session.outgoing(now_ms) == []
        assert not [event for event in session.events(now_ms) if isinstance(event, events.MarkCleared)]
    session.resume_speech("verdict", 30_000.0)
    assert not session.events(30_000.0)
    texts = session.outgoing(30_000.0)
    assert [bool(carrier.payload_of(text)) for text in texts] == [True, False]


def test_a_capture_repeats_suspensions(tmp_path: Path) -> None:
    one = talk()
    path = tmp_path / "call.jsonl"
    one.session.capture(path, 0.0)
    speaking(one)
    one.run(50.0)
    one.session.suspend_speech("hold", 50.0)
    one.run(200.0)
    one.session.resume_speech("hold", 200.0)
    one.run(2000.0)
    one.session.closed(2000.0)
    one.session.events(2000.0)
    assert not replay(path).differences


def test_a_hold_suspends_both_is_reported_once_and_is_captured(tmp_path: Path) -> None:
    one = talk()
    path = tmp_path / "call.jsonl"
    one.session.capture(path, 0.0)
    detector = one.session.voice(0.0)
    speaking(one)
    one.session.hold(50.0, held=False)
    for at_ms in (50.0, 60.0):
        one.run(at_ms)
        one.session.hold(at_ms)
    assert detector.suspended
    one.run(300.0)
    assert len(one.heard()) == 400
    for at_ms in (300.0, 310.0):
        one.session.hold(at_ms, held=False)
        one.run(at_ms)
    one.run(2000.0)
    assert (set(one.heard()), detector.suspended) == (set(spoken(0, 1600)), False)
    assert [type(event) for event in one.found if isinstance(event, Held | Unheld)] == [Held, Unheld]
    one.session.closed(2000.0)
    one.session.hold(2000.0)
    one.session.events(2000.0)
    repeated = replay(path)
    assert not repeated.differences
    assert [type(event) for event in repeated.events if isinstance(event, Held | Unheld)] == [Held, Unheld]


# Voice activity


def test_no_speech_is_detected_during_a_suspension() -> None:
    made, detector = line()
    changes: list[bool] = []
    detector.on_change = lambda: changes.append(detector.speaking)
    made.say(silence(500) + sound(-26, 500))
    made.session.suspend_voice("hold", made.now_ms)
    made.look()
    assert [event.media_ms for event in made.of(SpeechEnded)] == [pytest.approx(1000, abs=20)]
    assert made.session.next_deadline_ms is None
    made.session.suspend_voice("transfer", made.now_ms)
    made.say(sound(-20, 2000))
    made.session.resume_voice("hold", made.now_ms)
    made.say(sound(-20, 500))
    assert len(made.of(SpeechStarted)) == 1
    resumed_ms = made.now_ms
    made.session.resume_voice("transfer", resumed_ms)
    assert detector.silent_since_ms == resumed_ms
    made.say(silence(1000) + sound(-26, 500) + silence(1000))
    first, second = made.of(SpeechStarted)
    assert second.media_ms == pytest.approx(4500, abs=20)
    assert second.pre_roll.media_ms >= first.media_ms + 3000
    assert changes == [True, True, False, False, True, False]


def test_a_detector_that_is_made_in_a_suspension_is_suspended() -> None:
    made, detector = line()
    made.session.stop_listening(detector)
    made.session.suspend_voice("hold", 0.0)
    later = made.session.voice(0.0)
    made.say(sound(-26, 1000))
    assert not made.of(SpeechStarted)
    assert later.suspended
    made.session.resume_voice("hold", made.now_ms)
    made.say(silence(500) + sound(-26, 500))
    assert len(made.of(SpeechStarted)) == 1
