"""Interruption: clear is sent first, no dropped audio follows, and the estimate is corrected by marks."""

from __future__ import annotations

import pytest

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.speaking.cuts import FENCE_TIMEOUT_MS
from rtpcodec.stream.speaking.far_end import UNKNOWN_ROUND_TRIP_MS
from tests.oracles.far_end import FarEnd
from tests.stream import carrier
from tests.stream.test_marks import order_of

pytestmark = pytest.mark.usefixtures("dialect")


def settled(found: list[events.Event]) -> list[float]:
    """Return the final values of the interruptions in these events."""
    return [event.played_ms for event in found if isinstance(event, events.InterruptionSettled)]


def play_ms(session: MediaSession, duration_ms: float) -> None:
    session.play_payload(b"\x55" * int(8 * duration_ms))


def test_clear_is_sent_first_and_no_dropped_audio_follows() -> None:
    session = carrier.started(send_pcm_hz=24000)
    session.play(b"\x11\x11" * 24 * 1010)
    session.outgoing(0.0)
    found = session.interrupt(100.0)
    assert (session.queued_ms, session.room_ms) == (0.0, 60_000.0)
    assert session.next_deadline_ms == float("-inf")
    session.play(bytes(2 * 24 * 30))
    texts = session.outgoing(100.0)
    assert order_of(texts) == ["clear", "m"]
    assert carrier.sent_octets(texts) == carrier.FRAME
    session.flush()
    assert carrier.sent_octets(session.outgoing(200.0)) == carrier.FRAME
    assert (found.played_ms, found.dropped_ms) == (100.0, 910.0)


def test_clear_is_sent_once() -> None:
    session = carrier.started()
    play_ms(session, 100)
    session.outgoing(0.0)
    session.interrupt(10.0)
    session.interrupt(10.0)
    assert order_of(session.outgoing(10.0)) == ["clear"]
    assert session.outgoing(11.0) == []


def test_interrupting_silence_is_harmless() -> None:
    session = carrier.started()
    assert session.interrupt(10.0) == events.Interrupted(0.0, 0.0, estimated=False)
    assert settled(session.events(10.0)) == [0.0]
    assert order_of(session.outgoing(10.0)) == ["clear"]
    assert (session.position_ms, session.heard_ms(10.0)) == (0.0, 0.0)


def test_interrupting_before_start_drops_the_held_audio() -> None:
    session = MediaSession()
    play_ms(session, 100)
    assert session.interrupt(0.0) == events.Interrupted(0.0, 100.0, estimated=False)
    assert settled(session.events(0.0)) == [0.0]
    session.receive(carrier.start(), 10.0)
    assert order_of(session.outgoing(10.0)) == ["clear"]


def test_played_counts_this_utterance_dropped_counts_everything() -> None:
    session = carrier.started()
    play_ms(session, 1000)
    session.flush()
    for now_ms in range(0, 1000, 20):
        session.outgoing(float(now_ms))
    play_ms(session, 500)
    session.outgoing(990.0)
    found = session.interrupt(1250.0)
    assert (found.played_ms, found.dropped_ms) == (250.0, 250.0)
    assert session.position_ms == session.heard_ms(1250.0) == 1250.0


def test_interrupting_while_the_utterance_before_still_plays() -> None:
    session = carrier.started()
    play_ms(session, 200)
    session.flush()
    play_ms(session, 200)
    session.outgoing(0.0)
    found = session.interrupt(50.0)
    assert (found.played_ms, found.dropped_ms) == (50.0, 350.0), "of the one that is heard at the cut"


def test_positions_continue_from_the_heard_audio() -> None:
    session, far_end = carrier.started(), FarEnd()
    play_ms(session, 1000)
    far_end.take(session.outgoing(0.0), 0.0)
    session.interrupt(123.0)
    far_end.take(session.outgoing(123.0), 123.0)
    assert session.position_ms == 123.0
    play_ms(session, 200)
    far_end.take(session.outgoing(500.0), 500.0)
    assert session.position_ms == 323.0
    for now_ms in (500.0, 600.0, 700.0, 9000.0):
        assert session.heard_ms(now_ms) == far_end.heard_ms(now_ms)
    found = session.interrupt(600.0)
    assert (found.played_ms, found.dropped_ms) == (100.0, 100.0)


def test_without_marks_the_estimate_is_final_at_once() -> None:
    session = carrier.started()
    play_ms(session, 400)
    session.outgoing(0.0)
    found = session.interrupt(100.0)
    assert (found.played_ms, found.dropped_ms, found.estimated) == (100.0, 300.0, True)
    assert session.next_deadline_ms == float("-inf")
    assert session.events(100.0) == [
        events.InterruptionSettled(found, 100.0, found.played_uncertainty_ms, estimated=True)
    ]


@pytest.mark.parametrize(("up_ms", "down_ms", "hold_ms"), [(0, 0, 0), (30, 25, 0), (30, 25, 80), (200, 10, 140)])
def test_marks_correct_the_estimate_by_the_buffer_of_the_far_end(up_ms: float, down_ms: float, hold_ms: float) -> None:
    """Echoes show the lag of the far end behind the estimate. The round trip is subtracted: clear has it as well."""
    session, far_end = carrier.started(own_marks=True), FarEnd(hold_ms=hold_ms)
    for number in range(20):
        play_ms(session, 100)
        session.mark(f"m{number}")
    found: events.Interrupted | None = None
    echoes: list[tuple[float, str]] = []
    for now_ms in range(0, 3000, 5):
        if now_ms == 1000:
            found = session.interrupt(float(now_ms))
        far_end.take(session.outgoing(float(now_ms)), now_ms + up_ms)
        echoes += [(at_ms + down_ms, name) for name, at_ms in far_end.take_echoes()]
        for _, name in [echo for echo in echoes if echo[0] <= now_ms]:
            session.receive(carrier.mark(name), float(now_ms))
        echoes = [echo for echo in echoes if echo[0] > now_ms]
    assert found is not None
    assert found.played_ms == 1000.0
    ended = session.events(3000.0)
    assert settled(ended) == pytest.approx([far_end.heard_ms(9000.0)], abs=5)
    assert far_end.heard_ms(9000.0) == 1000.0 - hold_ms
    # 100 ms of audio before each mark. A mark whose audio ended just before the clear may count as cleared.
    played = [event.name for event in ended if isinstance(event, events.MarkPlayed)]
    cleared = {event.name for event in ended if isinstance(event, events.MarkCleared)}
    truth = [f"m{number}" for number in range(int(1000 - hold_ms) // 100)]
    assert played in (truth, truth[:-1])
    assert len(played) + len(cleared) == 20
    assert {event.kind for event in ended if isinstance(event, events.Diagnosis)} == set()


def test_the_final_value_waits_for_the_fence() -> None:
    session, far_end = carrier.started(own_marks=True), FarEnd()
    play_ms(session, 400)
    session.mark("end")
    far_end.take(session.outgoing(0.0), 0.0)
    far_end.advance(20.0)
    carrier.fed(session, [carrier.mark(name) for name, _ in far_end.take_echoes()], from_ms=20.0)
    found = session.interrupt(100.0)
    texts = session.outgoing(100.0)
    far_end.take(texts, 100.0)
    echoes = [carrier.mark(name) for name, _ in far_end.take_echoes()]
    assert echoes[-1] == carrier.mark(carrier.mark_names(texts)[-1])
    assert carrier.fed(session, echoes[:-1], from_ms=110.0, step_ms=0.0) == []
    ended = carrier.fed(session, echoes[-1:], from_ms=110.0)
    assert carrier.kinds(ended) == ["MarkCleared", "InterruptionSettled"]
    assert found.played_ms == 100.0
    assert settled(ended) == pytest.approx([100.0], abs=10.0)


def test_without_a_fence_the_final_value_waits_until_no_echo_can_follow() -> None:
    session = carrier.started()
    for name in ("a", "b"):
        play_ms(session, 200)
        session.mark(name)
    session.outgoing(0.0)
    session.interrupt(100.0)
    echoes = [carrier.mark("a"), carrier.mark("b")]
    assert carrier.fed(session, echoes, from_ms=110.0, step_ms=0.0) == []
    assert session.event_deadline_ms == 100.0 + UNKNOWN_ROUND_TRIP_MS + FENCE_TIMEOUT_MS
    ended = session.events(100.0 + UNKNOWN_ROUND_TRIP_MS + FENCE_TIMEOUT_MS)
    assert ended[:2] == [events.MarkCleared("a", "interrupt"), events.MarkCleared("b", "interrupt")]
    assert settled(ended) == [100.0]


@pytest.mark.parametrize("how", ["timeout", "stop", "next interruption"])
@pytest.mark.parametrize("own_marks", [False, True])
def test_an_interruption_settles_whatever_happens(how: str, own_marks: bool) -> None:
    session = carrier.started(own_marks=own_marks)
    play_ms(session, 200)
    session.mark("a")
    session.outgoing(0.0)
    found = session.interrupt(100.0)
    session.outgoing(100.0)
    assert settled(session.events(100.0)) == []
    if how == "timeout":
        ended = session.events(100.0 + UNKNOWN_ROUND_TRIP_MS + FENCE_TIMEOUT_MS)
    elif how == "stop":
        session.receive(carrier.STOP, 150.0)
        ended = session.events(150.0)
    else:
        session.interrupt(150.0)
        assert settled(session.events(150.0)) == []
        ended = session.events(3000.0)
    assert events.InterruptionSettled(found, 100.0, found.played_uncertainty_ms) in ended
    assert settled(ended) == ([100.0, 0.0] if how == "next interruption" else [100.0])
    assert session.event_deadline_ms in (None, 10_100.0)


def test_two_interruptions_in_a_row_send_one_clear_and_the_fences_of_both() -> None:
    session = carrier.started(own_marks=True)
    play_ms(session, 200)
    session.outgoing(0.0)
    session.interrupt(100.0)
    play_ms(session, 20)
    session.interrupt(100.0)
    texts = session.outgoing(100.0)
    assert order_of(texts)[0] == "clear"
    assert "clear" not in order_of(texts)[1:]
    assert carrier.sent_octets(texts) == b""
    ended = carrier.fed(session, texts[1:], from_ms=130.0, step_ms=0.0)
    assert len(settled(ended)) == 2


def test_a_returned_mark_proves_the_heard_audio() -> None:
    """The echo says 200 ms, so the final value cannot go below."""
    session = carrier.started()
    play_ms(session, 200)
    session.mark("a")
    play_ms(session, 200)
    session.mark("b")
    session.outgoing(0.0)
    carrier.fed(session, [carrier.mark("a")], from_ms=390.0)
    found = session.interrupt(395.0)
    assert found.played_ms == 395.0
    assert (found.played_uncertainty_ms, found.estimated) == (195.0, False)
    carrier.fed(session, [carrier.mark("b")], from_ms=400.0)
    # Lag 190 ms, of which the round trip is at most the 5 ms that the echo of b took: 205 to 210 ms were heard.
    assert settled(session.events(2000.0)) == pytest.approx([207.5])


def test_the_first_cleared_echo_measures_the_round_trip() -> None:
    session = carrier.started()
    for name in ("a", "b", "c"):
        play_ms(session, 100)
        session.mark(name)
    session.outgoing(0.0)
    carrier.fed(session, [carrier.mark("a")], from_ms=150.0)
    found = session.interrupt(180.0)
    carrier.fed(session, [carrier.mark("b"), carrier.mark("c")], from_ms=190.0, step_ms=100.0)
    # Lag 50 ms, and b returned 10 ms behind the clear: 130 to 140 ms were heard.
    assert found.played_ms == 180.0
    assert settled(session.events(2000.0)) == pytest.approx([135.0])


def test_an_early_echo_does_not_count_for_the_next_utterance() -> None:
    session = carrier.started()
    play_ms(session, 300)
    session.mark("early")
    session.outgoing(0.0)
    carrier.fed(session, [carrier.mark("early")], from_ms=100.0)
    session.interrupt(100.0)
    session.outgoing(100.0)
    play_ms(session, 100)
    session.mark("slow")
    play_ms(session, 300)
    session.mark("end")
    session.outgoing(200.0)
    carrier.fed(session, [carrier.mark("slow")], from_ms=380.0)
    found = session.interrupt(390.0)
    carrier.fed(session, [carrier.mark("end")], from_ms=390.0)
    ended = session.events(3000.0)
    # Heard 190 ms by the estimate, 80 ms of it still held back; what the first mark proved was of the first utterance.
    assert (found.played_ms, settled(ended)) == (190.0, [110.0])


def test_interruption_works_in_mp3_mode() -> None:
    session = carrier.started(StreamPlan(mode="mp3"))
    session.interrupt(10.0)
    assert order_of(session.outgoing(10.0)) == ["clear"]
