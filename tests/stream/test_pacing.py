"""The time of each frame: deadlines are absolute, the far end holds the lead, and after an underrun it is restored."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession
from tests.oracles.far_end import FarEnd
from tests.stream import carrier

HOUR_MS = 3_600_000.0


def play_seconds(session: MediaSession, seconds: float) -> None:
    session.play_payload(b"\x55" * int(8000 * seconds))


def run(
    session: MediaSession,
    far_end: FarEnd,
    until_ms: float,
    *,
    from_ms: float = 0.0,
    late_ms: float = 0.0,
    seed: int = 1,
) -> float:
    """Wake at each deadline, up to late_ms too late. Returns the time of the last wake-up."""
    rng = random.Random(seed)
    now_ms = from_ms
    while True:
        far_end.take(session.outgoing(now_ms), now_ms)
        deadline_ms = session.next_deadline_ms
        if deadline_ms is None:
            return now_ms
        wake_ms = max(now_ms, deadline_ms) + rng.random() * late_ms
        if wake_ms > until_ms:
            return now_ms
        now_ms = wake_ms


def test_the_lead_is_sent_at_once_then_one_frame_per_20_ms() -> None:
    session = carrier.started()
    play_seconds(session, 2)
    assert len(session.outgoing(1000.0)) == 20
    for at in range(1, 81):
        deadline_ms = 1000.0 + 20.0 * at
        assert session.next_deadline_ms == deadline_ms
        assert session.outgoing(deadline_ms - 0.001) == []
        assert len(session.outgoing(deadline_ms)) == 1
    assert (session.next_deadline_ms, session.queued_ms) == (None, 0.0)


@pytest.mark.parametrize(("lead_ms", "frames"), [(0.0, 1), (10.0, 1), (20.0, 1), (50.0, 2), (160.0, 8), (1000.0, 50)])
def test_lead_is_a_setting(lead_ms: float, frames: int) -> None:
    session, far_end = carrier.started(lead_ms=lead_ms), FarEnd()
    play_seconds(session, 3)
    assert len(session.outgoing(0.0)) == frames
    session = carrier.started(lead_ms=lead_ms)
    play_seconds(session, 3)
    run(session, far_end, 10_000.0)
    assert far_end.most_ahead_ms == max(20.0, lead_ms // 10 * 10)
    assert (far_end.breaks_ms, len(far_end.frames)) == ([], 150)


def test_no_lead_sends_all_at_once() -> None:
    session = carrier.started(lead_ms=None)
    play_seconds(session, 30)
    assert session.next_deadline_ms == float("-inf")
    assert len(session.outgoing(0.0)) == 1500
    assert session.heard_ms(10_000.0) == 10_000.0


def test_late_wake_ups_neither_drift_nor_starve_over_an_hour() -> None:
    session, far_end = carrier.started(), FarEnd()
    rng = random.Random(3)
    before_s = time.process_time()
    second = b"\x55" * 8000
    now_ms = 0.0
    for at in range(3600):
        session.play_payload(second)
        now_ms = run(session, far_end, 1000.0 * (at + 1) - 500.0, from_ms=now_ms, late_ms=40.0, seed=rng.randrange(999))
    run(session, far_end, HOUR_MS + 60_000, from_ms=now_ms, late_ms=40.0)
    # One hour of call: the limit only detects a loop over all audio that was ever sent.
    assert time.process_time() - before_s < 60
    assert far_end.breaks_ms == []
    assert far_end.most_ahead_ms <= 400.0
    assert len(far_end.frames) == 180_000
    assert far_end.frames[-1].end_ms == HOUR_MS
    assert session.statistics(HOUR_MS).octets_sent == 3600 * 8000
    assert session.heard_ms(HOUR_MS) == HOUR_MS


def test_a_stall_of_ours_is_caught_up_by_the_next_wake_up() -> None:
    session, far_end = carrier.started(), FarEnd()
    play_seconds(session, 5)
    now_ms = run(session, far_end, 1000.0)
    texts = session.outgoing(now_ms + 380.0)
    assert len(texts) == 19
    far_end.take(texts, now_ms + 380.0)
    run(session, far_end, 9000.0, from_ms=now_ms + 380.0)
    assert (far_end.breaks_ms, far_end.frames[-1].end_ms) == ([], 5000.0)


def test_a_starved_far_end_gets_its_whole_lead_again() -> None:
    session, far_end = carrier.started(), FarEnd()
    play_seconds(session, 5)
    now_ms = run(session, far_end, 1000.0)
    late_ms = now_ms + 400.0 + 150.0
    texts = session.outgoing(late_ms)
    assert len(texts) == 20
    far_end.take(texts, late_ms)
    assert far_end.breaks_ms == [150.0]
    run(session, far_end, 9000.0, from_ms=late_ms)
    assert far_end.breaks_ms == [150.0]
    assert far_end.most_ahead_ms == 400.0


def test_a_new_utterance_after_a_pause_starts_at_once_with_its_lead() -> None:
    session = carrier.started()
    play_seconds(session, 0.1)
    assert len(session.outgoing(0.0)) == 5
    assert session.outgoing(7000.0) == []
    play_seconds(session, 1)
    assert len(session.outgoing(7000.0)) == 20
    assert session.next_deadline_ms == 7020.0


def test_audio_that_is_played_before_start_is_held() -> None:
    session = MediaSession(own_marks=False)
    play_seconds(session, 1)
    session.mark("m")
    assert (session.outgoing(0.0), session.next_deadline_ms) == ([], None)
    session.receive(carrier.CONNECTED, 10.0)
    assert (session.outgoing(10.0), session.next_deadline_ms) == ([], None)
    session.receive(carrier.start(), 500.0)
    assert session.next_deadline_ms == float("-inf")
    assert len(session.outgoing(500.0)) == 20
    assert session.heard_ms(600.0) == 100.0


def test_producer_in_small_pieces_keeps_the_far_end_going() -> None:
    """Speech that is made in real time: 30 ms every 30 ms, with our timer sometimes 5 ms late."""
    session, far_end = carrier.started(), FarEnd()
    rng = random.Random(5)
    now_ms = 0.0
    play_seconds(session, 0.06)
    for at in range(1000):
        now_ms = 30.0 * at + rng.random() * 5
        session.play_payload(b"\x55" * 240)
        far_end.take(session.outgoing(now_ms), now_ms)
    assert far_end.breaks_ms == []
    assert far_end.heard(now_ms) == b"\x55" * len(far_end.heard(now_ms))


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3000)), max_size=40), st.sampled_from([0.0, 60.0, 400.0]))
def test_the_estimate_equals_the_audio_of_a_far_end_without_delay(steps: list[tuple[int, int]], lead_ms: float) -> None:
    session, far_end = carrier.started(lead_ms=lead_ms), FarEnd()
    now_ms = 0.0
    for wait_ms, octets in steps:
        now_ms += wait_ms
        session.play_payload(bytes(octets))
        far_end.take(session.outgoing(now_ms), now_ms)
        assert session.heard_ms(now_ms) == pytest.approx(far_end.heard_ms(now_ms))
        assert session.heard_ms(now_ms) <= session.position_ms
        assert far_end.most_ahead_ms <= max(20.0, lead_ms)
        deadline_ms = session.next_deadline_ms
        # All due messages were returned.
        assert deadline_ms is None or deadline_ms > now_ms


def test_outgoing_messages_are_counted() -> None:
    session = carrier.started()
    play_seconds(session, 1)
    session.mark()
    run(session, FarEnd(), 2000.0)
    statistics = session.statistics(2000.0)
    assert (statistics.messages_sent, statistics.media_sent, statistics.octets_sent) == (51, 50, 8000)
    assert (statistics.queued_ms, statistics.heard_ms) == (0.0, 1000.0)
    assert (statistics.messages_received, statistics.media_received, statistics.octets_received) == (1, 0, 0)
