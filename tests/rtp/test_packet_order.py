"""The jitter buffer and odd sequence numbers and senders: every packet keeps its place, or is counted."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random

import pytest

from tests.rtp.odd_streams import FAR, FRAME, FRAME_MS, Heard, changed, evenly, packet


@pytest.mark.parametrize("lower", [1, 2, 3, 10, 59, 60, 64, 99, 100, 101, 102, 150])
@pytest.mark.parametrize("first", [0, 1000, 65_500])
@pytest.mark.parametrize("timestamps", ["continue", "restart", "same as before"])
def test_numbering_that_begins_lower_loses_nothing(lower: int, first: int, timestamps: str) -> None:
    before = [packet(first + n, n) for n in range(200)]
    base = {"continue": 200, "restart": 7_777_777, "same as before": 200 - lower}[timestamps]
    after = [packet(first + 200 - lower + n, base + n, payload=b"after%d" % n) for n in range(200)]
    coming = evenly(before + after)
    heard = Heard(coming)
    if timestamps == "same as before" and lower == 1:
        # Number and timestamp are those of the packet before, and the next one continues: one odd packet.
        assert (len(heard.packets), heard.buffer.late) == (399, 1)
        return
    assert heard.is_all_of(coming)
    assert (heard.buffer.restarts, heard.lost) == (1, 0)
    assert max(heard.delays_ms) <= 60 + FRAME_MS


def test_short_stream_before_a_lower_numbering() -> None:
    coming = evenly([packet(60, 0), *[packet(n, 1 + n) for n in range(200)]])
    assert Heard(coming).is_all_of(coming)


@pytest.mark.parametrize("lower", [11, 30, 60, 100, 101, 500])
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("jitter_ms", [0.0, 3.0])
def test_lower_numbering_that_looks_like_late_packets(lower: int, count: int, jitter_ms: float) -> None:
    """Numbers and timestamps restart below the first packet: late ones would arrive in a burst or between others."""
    source = Random(lower)
    packets = [packet(2000 + n) for n in range(count)] + [
        packet(2000 - lower + n, payload=b"%d" % n) for n in range(200)
    ]
    coming = [(at_ms + source.uniform(0, jitter_ms), one) for at_ms, one in evenly(packets)]
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.buffer.restarts == 1


@pytest.mark.parametrize("spacing_ms", [0.0, 1.0, 40.0])
def test_late_packets_are_not_a_lower_numbering(spacing_ms: float) -> None:
    """Fifteen packets on a slower path, in order: all at once, in a burst, or slower than the audio."""
    coming = evenly([packet(n) for n in range(200)])
    slow = coming[50:65]
    coming = coming[:50] + coming[65:] + [(1700.0 + spacing_ms * n, one) for n, (_, one) in enumerate(slow)]
    heard = Heard(sorted(coming, key=lambda one: one[0]))
    assert heard.packets == [packet for at, (_, packet) in enumerate(coming) if at < 185]
    assert (heard.buffer.late, heard.buffer.restarts, heard.lost) == (15, 0, 15)


@pytest.mark.parametrize("lower", [1, 30, 101, 20_000])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_packets_lost_where_a_numbering_begins(lower: int, lost: int) -> None:
    before = evenly([packet(n) for n in range(200)])
    after = evenly([packet(200 - lower + n, 200 + lost + n) for n in range(100)], FRAME_MS * (200 + lost))
    assert Heard(before + after).is_all_of(before + after)


@pytest.mark.parametrize(
    "numbers",
    [
        lambda n: 5,
        lambda n: n % 16,
        lambda n: n % 2,
        lambda n: -n,
        lambda n: Random(n).getrandbits(16),
        lambda n: 2 * n,
    ],
    ids=["constant", "modulo 16", "modulo 2", "falling", "random", "every other"],
)
def test_meaningless_numbers_are_put_in_order_by_timestamps(numbers: Callable[[int], int]) -> None:
    coming = evenly([packet(numbers(n), n) for n in range(200)])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert max(heard.delays_ms) <= 60 + FRAME_MS


@pytest.mark.parametrize("number", [0, 30, 57, 61, 62, 65, 70, 110, 160, 1000, 2500, 3100, 30_000, 65_500])
@pytest.mark.parametrize("timestamp", [FRAME * 60, FRAME * 60 + FAR, FRAME * 60 - FAR])
def test_one_odd_number_loses_no_other_packet(number: int, timestamp: int) -> None:
    packets = [packet(n) for n in range(200)]
    packets[60] = changed(packets[60], sequence_number=number, timestamp=timestamp & 0xFFFF_FFFF)
    heard = Heard(evenly(packets))
    if timestamp == FRAME * 60:
        assert heard.packets == packets, "the timestamp says where it belongs"
    if timestamp != FRAME * 60 and 60 < number <= 70:
        # It might be a packet after a few lost ones, with an odd timestamp.
        assert len(heard.packets) >= 199
        return
    assert [one for one in heard.packets if one is not packets[60]] == packets[:60] + packets[61:]
    assert heard.lost <= 1
    assert heard.buffer.restarts == 0


def test_one_packet_with_number_and_timestamp_far_ahead() -> None:
    packets = [packet(n) for n in range(200)]
    coming = evenly(packets)
    coming.insert(60, (FRAME_MS * 60, packet(600)))
    heard = Heard(coming)
    assert heard.packets == packets
    assert heard.buffer.late == 1


@pytest.mark.parametrize("lost", [1, 5, 50, 500, 2500, 5000])
def test_loss_that_took_its_time_is_reported(lost: int) -> None:
    packets = [packet(n) for n in range(200)] + [packet(200 + lost + n) for n in range(100)]
    coming = [(FRAME_MS * one.timestamp / FRAME, one) for one in packets]
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.lost == (lost if lost < 3000 else 0)


def test_numbers_that_skip_untimed_are_a_new_numbering() -> None:
    """A leap of numbers alone conceals no audio."""
    packets = [packet(n) for n in range(100)] + [packet(2000 + n, 100 + n) for n in range(100)]
    coming = evenly(packets)
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.lost == 0


@pytest.mark.parametrize("after_ms", [0.0, 100.0, 900.0])
def test_packets_that_arrive_twice_are_duplicates(after_ms: float) -> None:
    packets = [packet(n) for n in range(200)]
    again = [(at_ms + after_ms, changed(one)) for at_ms, one in evenly(packets)]
    heard = Heard(sorted(evenly(packets) + again, key=lambda one: one[0]))
    assert heard.packets == packets
    assert heard.buffer.duplicates == 200


@pytest.mark.parametrize("count", [52, 70, 200, 1000])
def test_sender_that_plays_the_same_packets_again_is_heard_again(count: int) -> None:
    """Like a capture that is played in a loop: equal packets a second and more later."""
    packets = [packet(n) for n in range(count)]
    coming = evenly(packets + [changed(one) for one in packets])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.buffer.restarts == 1


@pytest.mark.parametrize("at", [1, 50, 199])
def test_one_odd_ssrc_is_returned_in_its_place(at: int) -> None:
    packets = [packet(n) for n in range(200)]
    packets[at] = changed(packets[at], ssrc=99)
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert heard.buffer.restarts == 0


@pytest.mark.parametrize("standing", [True, False])
def test_packets_of_another_ssrc_between_those_of_audio_do_not_change_it(standing: bool) -> None:
    """A key with a separate SSRC: eight packets, each between two of audio."""
    audio = evenly([packet(n) for n in range(200)])
    key = [
        (FRAME_MS * n + 5, packet(40_000 + n, ssrc=2, payload_type=101, timestamp=777 + (0 if standing else FRAME * n)))
        for n in range(60, 68)
    ]
    heard = Heard(sorted(audio + key, key=lambda one: one[0]))
    assert [one for one in heard.packets if one.ssrc == 1] == [one for _, one in audio]
    assert [one for one in heard.packets if one.ssrc == 2] == [one for _, one in key]
    assert heard.buffer.restarts == 0
    assert heard.buffer.delay_ms == pytest.approx(10.0)


def test_key_with_a_separate_ssrc_in_place_of_audio_does_not_change_it() -> None:
    audio = [packet(n) for n in range(100)]
    key = [packet(40_000 + n, ssrc=2, payload_type=101, timestamp=777, payload=bytes([n])) for n in range(13)]
    more = [packet(100 + n, 113 + n) for n in range(50)]
    heard = Heard(evenly(audio + key + more))
    assert sorted(map(id, heard.packets)) == sorted(map(id, audio + key + more))
    assert [one for one in heard.packets if one.ssrc == 1] == audio + more
    assert heard.buffer.restarts == 0


@pytest.mark.parametrize("number", [5, 100, 101, 40_000])
def test_another_sender_continues_where_the_first_ends(number: int) -> None:
    coming = evenly(
        [packet(n) for n in range(100)] + [packet(number + n, 1_000_000 + n, ssrc=2, marker=not n) for n in range(100)]
    )
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.buffer.restarts == 1
    assert max(heard.delays_ms) <= 60 + FRAME_MS


def test_last_packet_of_another_sender_is_returned_without_a_second_one() -> None:
    coming = evenly([*[packet(n) for n in range(10)], packet(500, 77_777, ssrc=2)])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.items[-1][0] < inf
