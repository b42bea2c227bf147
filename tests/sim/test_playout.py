"""The play-out clock: when audio is heard, when marks are due, the effect of `clear`, and underruns."""

from __future__ import annotations

import sys

from rtpcodec.sim.media import playout
from rtpcodec.sim.media.playout import Playout
from tests.sim.streams import ramp
from tests.stream.executed_lines import lines_of

MS = 8 * 2
"""Octets of 1 ms at 8 kHz."""


def due(play_out: Playout, now_ms: float) -> list[str]:
    names = []
    while play_out.next_mark_ms is not None and play_out.next_mark_ms <= now_ms:
        names.append(play_out.pop_mark())
    return names


def test_audio_is_heard_from_the_moment_it_comes_into_an_empty_buffer() -> None:
    play_out = Playout(8000, 1000.0)
    speech = ramp(160)
    assert play_out.play(speech, 1050.0)
    assert play_out.heard(1050.0) == bytes(50 * MS)
    assert play_out.heard(1060.0) == bytes(50 * MS) + speech[: 10 * MS]
    assert play_out.heard(1100.0) == bytes(50 * MS) + speech + bytes(30 * MS)
    assert play_out.queued_ms(1055.0) == 15
    assert play_out.queued_ms(1100.0) == 0


def test_queued_audio_follows_without_a_gap() -> None:
    play_out = Playout(8000, 0.0)
    whole = ramp(1600)
    for start in range(0, 1600, 160):
        play_out.play(whole[2 * start : 2 * start + 320], now_ms=3.0)
    assert play_out.heard(203.0) == bytes(3 * MS) + whole
    assert (play_out.dry_count, play_out.dry_ms) == (0, 0.0)


def test_a_mark_is_due_when_the_audio_before_it_has_been_played() -> None:
    play_out = Playout(8000, 0.0)
    play_out.play(ramp(800), 10.0)
    play_out.mark("middle", 11.0)
    play_out.play(ramp(800), 12.0)
    play_out.mark("end", 13.0)
    play_out.mark("also the end", 13.0)
    assert play_out.next_mark_ms == 110.0
    assert due(play_out, 109.9) == []
    assert due(play_out, 110.0) == ["middle"]
    assert due(play_out, 209.9) == []
    assert due(play_out, 210.0) == ["end", "also the end"]
    assert play_out.next_mark_ms is None


def test_a_mark_with_nothing_queued_is_due_at_once() -> None:
    play_out = Playout(8000, 0.0)
    play_out.mark("before anything", 5.0)
    assert due(play_out, 5.0) == ["before anything"]
    play_out.play(ramp(160), 10.0)
    play_out.mark("after", 40.0)
    assert due(play_out, 40.0) == ["after"]


def test_clear_empties_the_buffer_and_makes_all_marks_due_in_order() -> None:
    play_out = Playout(8000, 0.0)
    speech = ramp(1600)
    play_out.play(speech[:160], 0.0)
    play_out.mark("played", 0.0)
    play_out.play(speech[160:], 0.0)
    play_out.mark("a", 0.0)
    play_out.mark("b", 0.0)
    assert play_out.clear(50.0) == 2, "the mark behind 10 ms was on time"
    assert due(play_out, 50.0) == ["played", "a", "b"]
    assert play_out.queued_ms(50.0) == 0
    assert play_out.heard(100.0) == speech[: 50 * MS] + bytes(50 * MS)
    play_out.play(speech[:160], 100.0)
    assert play_out.heard(110.0) == speech[: 50 * MS] + bytes(50 * MS) + speech[: 10 * MS]


def test_running_dry_counts_gaps_between_audio_only() -> None:
    play_out = Playout(8000, 0.0)
    play_out.play(ramp(160), 500.0)
    assert (play_out.dry_count, play_out.dry_ms) == (0, 0.0), "silence before the first audio is not a gap"
    play_out.play(ramp(160), 530.0)
    assert (play_out.dry_count, play_out.dry_ms) == (1, 10.0)
    play_out.play(ramp(160), 550.0)
    assert play_out.dry_count == 1, "just in time"
    play_out.clear(555.0)
    play_out.play(ramp(160), 900.0)
    assert (play_out.dry_count, play_out.dry_ms) == (1, 10.0), "silence behind a clear is wanted"


def test_a_delay_lets_late_chunks_follow_without_a_gap() -> None:
    play_out = Playout(8000, 0.0, delay_ms=40.0)
    whole = ramp(480)
    for number, late_ms in enumerate((0.0, 3.0, 39.0)):
        play_out.play(whole[320 * number : 320 * (number + 1)], 100.0 + 20 * number + late_ms)
    play_out.mark("end", 180.0)
    assert play_out.heard(200.0) == bytes(140 * MS) + whole
    assert (play_out.dry_count, play_out.next_mark_ms) == (0, 200.0)


def test_a_full_buffer_accepts_nothing() -> None:
    play_out = Playout(8000, 0.0)
    minute = bytes(60 * 8000 * 2)
    assert all(play_out.play(minute, 0.0) for _ in range(10))
    assert play_out.queued_ms(0.0) == playout.MAX_QUEUED_MS
    assert not play_out.play(bytes(2), 0.0)
    assert play_out.play(bytes(2), 1.0), "one ms was heard"
    assert play_out.queued_ms(1.0) == playout.MAX_QUEUED_MS - 1 + 1 / 8


def test_too_many_marks_are_refused() -> None:
    play_out = Playout(8000, 0.0)
    play_out.play(bytes(320), 0.0)
    assert all(play_out.mark(str(number), 0.0) for number in range(playout.MAX_PENDING_MARKS))
    assert not play_out.mark("one more", 0.0)
    play_out.pop_mark()
    assert play_out.mark("there is room again", 0.0)


def test_long_names_of_marks_are_limited() -> None:
    play_out = Playout(8000, 0.0)
    play_out.play(bytes(320), 0.0)
    name = "x" * 60_000
    taken = 0
    while play_out.mark(name, 0.0):
        taken += 1
    assert taken == playout.MAX_MARK_OCTETS // sys.getsizeof(name)
    assert play_out.clear(0.0) == taken
    for _ in range(taken):
        assert play_out.pop_mark() == name
    assert play_out.mark(name, 0.0)
    assert play_out.drop_marks(-1.0) == 0


def test_many_clears_visit_each_mark_once() -> None:
    play_out = Playout(8000, 0.0)
    play_out.play(bytes(320), 0.0)
    for number in range(playout.MAX_PENDING_MARKS):
        play_out.mark(str(number), 0.0)
    assert play_out.clear(1.0) == playout.MAX_PENDING_MARKS
    assert lines_of(lambda: play_out.clear(1.0)) < 20
    assert [play_out.pop_mark() for _ in range(3)] == ["0", "1", "2"]


def test_positions_are_exact_after_an_hour_at_22050_hz() -> None:
    play_out = Playout(22050, 123.4)
    hour_ms = 3_600_000.0
    play_out.play(ramp(441), 123.4 + hour_ms)
    play_out.mark("end", 123.4 + hour_ms)
    assert play_out.next_mark_ms == 123.4 + hour_ms + 20
    assert len(play_out.heard(123.4 + hour_ms + 20)) == 2 * (3600 * 22050 + 441)
    assert play_out.window(3600 * 22050, 441) == ramp(441)
    assert play_out.window(3600 * 22050 + 440, 3) == ramp(441)[-2:] + bytes(4)
