"""The play-out clock: when audio is heard, when marks are due, what clear does, when it ran dry."""

from __future__ import annotations

from rtpcodec.sim import playout
from rtpcodec.sim.playout import Playout
from tests.sim.streams import ramp

MS = 8 * 2
"""Octets of a ms at 8 kHz."""


def due(line: Playout, now_ms: float) -> list[str]:
    names = []
    while line.next_mark_ms is not None and line.next_mark_ms <= now_ms:
        names.append(line.pop_mark())
    return names


def test_audio_is_heard_from_the_moment_it_comes_into_an_empty_buffer() -> None:
    line = Playout(8000, 1000.0)
    speech = ramp(160)
    assert line.play(speech, 1050.0)
    assert line.heard(1050.0) == bytes(50 * MS)
    assert line.heard(1060.0) == bytes(50 * MS) + speech[: 10 * MS]
    assert line.heard(1100.0) == bytes(50 * MS) + speech + bytes(30 * MS)
    assert line.queued_ms(1055.0) == 15
    assert line.queued_ms(1100.0) == 0


def test_queued_audio_follows_without_a_gap() -> None:
    line = Playout(8000, 0.0)
    whole = ramp(1600)
    for start in range(0, 1600, 160):
        line.play(whole[2 * start : 2 * start + 320], now_ms=3.0)
    assert line.heard(203.0) == bytes(3 * MS) + whole
    assert (line.dry_count, line.dry_ms) == (0, 0.0)


def test_a_mark_is_due_when_the_audio_before_it_has_been_played() -> None:
    line = Playout(8000, 0.0)
    line.play(ramp(800), 10.0)
    line.mark("middle", 11.0)
    line.play(ramp(800), 12.0)
    line.mark("end", 13.0)
    line.mark("also the end", 13.0)
    assert line.next_mark_ms == 110.0
    assert due(line, 109.9) == []
    assert due(line, 110.0) == ["middle"]
    assert due(line, 209.9) == []
    assert due(line, 210.0) == ["end", "also the end"]
    assert line.next_mark_ms is None


def test_a_mark_with_nothing_queued_is_due_at_once() -> None:
    line = Playout(8000, 0.0)
    line.mark("before anything", 5.0)
    assert due(line, 5.0) == ["before anything"]
    line.play(ramp(160), 10.0)
    line.mark("after", 40.0)
    assert due(line, 40.0) == ["after"]


def test_clear_empties_the_buffer_and_makes_all_marks_due_in_order() -> None:
    line = Playout(8000, 0.0)
    speech = ramp(1600)
    line.play(speech[:160], 0.0)
    line.mark("played", 0.0)
    line.play(speech[160:], 0.0)
    line.mark("a", 0.0)
    line.mark("b", 0.0)
    assert line.clear(50.0) == 2, "the mark behind 10 ms was on time"
    assert due(line, 50.0) == ["played", "a", "b"]
    assert line.queued_ms(50.0) == 0
    assert line.heard(100.0) == speech[: 50 * MS] + bytes(50 * MS)
    line.play(speech[:160], 100.0)
    assert line.heard(110.0) == speech[: 50 * MS] + bytes(50 * MS) + speech[: 10 * MS]


def test_running_dry_counts_gaps_between_audio_only() -> None:
    line = Playout(8000, 0.0)
    line.play(ramp(160), 500.0)
    assert (line.dry_count, line.dry_ms) == (0, 0.0), "silence before the first audio is no gap"
    line.play(ramp(160), 530.0)
    assert (line.dry_count, line.dry_ms) == (1, 10.0)
    line.play(ramp(160), 550.0)
    assert line.dry_count == 1, "just in time"
    line.clear(555.0)
    line.play(ramp(160), 900.0)
    assert (line.dry_count, line.dry_ms) == (1, 10.0), "silence behind a clear is wanted"


def test_a_delay_lets_late_chunks_follow_without_a_gap() -> None:
    line = Playout(8000, 0.0, delay_ms=40.0)
    whole = ramp(480)
    for number, late_ms in enumerate((0.0, 3.0, 39.0)):
        line.play(whole[320 * number : 320 * (number + 1)], 100.0 + 20 * number + late_ms)
    line.mark("end", 180.0)
    assert line.heard(200.0) == bytes(140 * MS) + whole
    assert (line.dry_count, line.next_mark_ms) == (0, 200.0)


def test_a_full_buffer_takes_nothing() -> None:
    line = Playout(8000, 0.0)
    minute = bytes(60 * 8000 * 2)
    assert all(line.play(minute, 0.0) for _ in range(10))
    assert line.queued_ms(0.0) == playout.MAX_QUEUED_MS
    assert not line.play(bytes(2), 0.0)
    assert line.play(bytes(2), 1.0), "one ms was heard"
    assert line.queued_ms(1.0) == playout.MAX_QUEUED_MS - 1 + 1 / 8


def test_too_many_marks_are_not_taken() -> None:
    line = Playout(8000, 0.0)
    line.play(bytes(320), 0.0)
    assert all(line.mark(str(number), 0.0) for number in range(playout.MAX_PENDING_MARKS))
    assert not line.mark("one more", 0.0)
    line.pop_mark()
    assert line.mark("there is room again", 0.0)


def test_positions_are_exact_after_an_hour_at_22050_hz() -> None:
    line = Playout(22050, 123.4)
    hour_ms = 3_600_000.0
    line.play(ramp(441), 123.4 + hour_ms)
    line.mark("end", 123.4 + hour_ms)
    assert line.next_mark_ms == 123.4 + hour_ms + 20
    assert len(line.heard(123.4 + hour_ms + 20)) == 2 * (3600 * 22050 + 441)
    assert line.window(3600 * 22050, 441) == ramp(441)
    assert line.window(3600 * 22050 + 440, 3) == ramp(441)[-2:] + bytes(4)
