"""The jitter buffer and odd numbers, timestamps and senders: no single value moves the clock, all are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.jitter import Arrival, played
from rtpcodec import RtpPacket
from rtpcodec.rtp.jitter import JitterBuffer, Wait
from rtpcodec.rtp.reorder import Lost

FRAME_MS = 20.0
FRAME = 160
FAR = 80_000
"""Ticks of ten seconds."""

Packets = list[tuple[float, RtpPacket]]
"""Packets and the times at which they arrive."""


def packet(number: int, media: int | None = None, **changes: Any) -> RtpPacket:
    """A packet of 20 ms; media: the frame in the audio, the number where there is no other. The payload is unique."""
    frame = number if media is None else media
    facts: dict[str, Any] = {
        "payload_type": 0,
        "sequence_number": number & 0xFFFF,
        "timestamp": FRAME * frame & 0xFFFF_FFFF,
        "ssrc": 1,
        "payload": frame.to_bytes(8, "big", signed=True),
    }
    return RtpPacket(**(facts | changes))


def changed(one: RtpPacket, **changes: Any) -> RtpPacket:
    names = ("payload_type", "sequence_number", "timestamp", "ssrc", "payload", "marker")
    return RtpPacket(**({name: getattr(one, name) for name in names} | changes))


class Heard:
    """What the buffer gives to a reader, and when; then all that is left."""

    def __init__(self, packets: Packets, buffer: JitterBuffer | None = None) -> None:
        self.buffer = JitterBuffer(8000) if buffer is None else buffer
        coming = [Arrival(at_ms, place, 0.0, one) for place, (at_ms, one) in enumerate(packets)]
        self.items = list(played(self.buffer, coming))
        while not isinstance(item := self.buffer.pop(inf), Wait):
            self.items.append((inf, item))
        self.packets = [item for _, item in self.items if isinstance(item, RtpPacket)]
        self.lost = sum(item.count for _, item in self.items if isinstance(item, Lost))
        arrived_ms = {id(one): at_ms for at_ms, one in packets}
        self.delays_ms = [at_ms - arrived_ms[id(item)] for at_ms, item in self.items if isinstance(item, RtpPacket)]
        counted = self.buffer.late + self.buffer.duplicates + self.buffer.dropped
        assert len(self.packets) + counted == len(packets), "a packet was neither given out nor counted"
        assert self.buffer.lost == self.lost

    def is_all_of(self, packets: Packets) -> bool:
        return self.packets == [one for _, one in packets]


def evenly(packets: Sequence[RtpPacket], start_ms: float = 0.0) -> Packets:
    return [(start_ms + FRAME_MS * place, one) for place, one in enumerate(packets)]


# Numbering


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
        # Number and timestamp are those of the packet before, and what follows continues: one odd packet.
        assert (len(heard.packets), heard.buffer.late) == (399, 1)
        return
    assert heard.is_all_of(coming)
    assert (heard.buffer.restarts, heard.lost) == (1, 0)
    assert max(heard.delays_ms) <= 60 + FRAME_MS


def test_short_stream_before_a_lower_numbering() -> None:
    coming = evenly([packet(60, 0), *[packet(n, 1 + n) for n in range(200)]])
    assert Heard(coming).is_all_of(coming)


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
def test_numbers_without_sense_are_put_in_order_by_timestamps(numbers: Callable[[int], int]) -> None:
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
        # It could be a packet after a few lost ones, with an odd timestamp.
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


def test_numbers_that_skip_without_time_are_a_new_numbering() -> None:
    """A leap of numbers alone conceals no audio."""
    packets = [packet(n) for n in range(100)] + [packet(2000 + n, 100 + n) for n in range(100)]
    coming = evenly(packets)
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.lost == 0


@pytest.mark.parametrize("after_ms", [0.0, 100.0, 900.0])
def test_packets_that_come_twice_are_duplicates(after_ms: float) -> None:
    packets = [packet(n) for n in range(200)]
    again = [(at_ms + after_ms, changed(one)) for at_ms, one in evenly(packets)]
    heard = Heard(sorted(evenly(packets) + again, key=lambda one: one[0]))
    assert heard.packets == packets
    assert heard.buffer.duplicates == 200


@pytest.mark.parametrize("count", [52, 70, 200, 1000])
def test_sender_that_plays_the_same_packets_again_is_heard_again(count: int) -> None:
    """As a capture that is played in a loop: repeated to the octet, a second and more later."""
    packets = [packet(n) for n in range(count)]
    coming = evenly(packets + [changed(one) for one in packets])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.buffer.restarts == 1


# SSRC


@pytest.mark.parametrize("at", [1, 50, 199])
def test_one_odd_ssrc_is_given_out_in_its_place(at: int) -> None:
    packets = [packet(n) for n in range(200)]
    packets[at] = changed(packets[at], ssrc=99)
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert heard.buffer.restarts == 0


@pytest.mark.parametrize("standing", [True, False])
def test_packets_of_another_ssrc_between_those_of_audio_do_not_touch_it(standing: bool) -> None:
    """A key on an SSRC of its own: eight packets, each between two of audio."""
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


def test_key_on_an_ssrc_of_its_own_in_place_of_audio_does_not_touch_it() -> None:
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


def test_last_packet_of_another_sender_is_given_out_without_a_second_one() -> None:
    coming = evenly([*[packet(n) for n in range(10)], packet(500, 77_777, ssrc=2)])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.items[-1][0] < inf


# Timestamps


@pytest.mark.parametrize("at", [0, 1, 2, 10, 60, 198, 199])
@pytest.mark.parametrize("ahead", [80, 800, 1600, FAR, -80, -320, -800, -FAR, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("marker", [False, True])
def test_one_odd_timestamp_loses_nothing_and_moves_nothing(at: int, ahead: int, marker: bool) -> None:
    packets = [packet(1000 + n) for n in range(200)]
    packets[at] = changed(packets[at], timestamp=(packets[at].timestamp + ahead) & 0xFFFF_FFFF, marker=marker)
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert (heard.lost, heard.buffer.restarts) == (0, 0)
    # Where the first one is odd, the others are the new time.
    if 25 < at < 198:
        usual = [10.0] * 100
        assert heard.delays_ms[:at][-20:] == pytest.approx(usual[:20])
        assert heard.delays_ms[at] <= 60
        assert heard.delays_ms[at + 1 :][:100] == pytest.approx(usual[: 199 - at], abs=20.01)
        assert heard.buffer.delay_ms == pytest.approx(10.0)
    assert max(heard.delays_ms) <= 60 + FRAME_MS + max(0, ahead / 8 if ahead <= 1600 else 0)


@pytest.mark.parametrize("ahead", [FAR, -FAR, 800])
def test_odd_timestamp_beside_a_lost_packet(ahead: int) -> None:
    packets = [packet(1000 + n) for n in range(200)]
    packets[60] = changed(packets[60], timestamp=packets[60].timestamp + ahead)
    for lost in (59, 61):
        coming = evenly(packets)
        del coming[lost]
        heard = Heard(coming)
        assert heard.is_all_of(coming)
        assert heard.lost == 1


@pytest.mark.parametrize("every", [2, 3, 10])
def test_odd_timestamps_again_and_again(every: int) -> None:
    source = Random(every)
    packets = [packet(n) for n in range(300)]
    for at in range(1, 300, every):
        packets[at] = changed(packets[at], timestamp=source.getrandbits(32))
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert heard.lost == 0


@pytest.mark.parametrize("timestamps", [lambda n: Random(n).getrandbits(32), lambda n: 0, lambda n: -FRAME * n])
def test_timestamps_without_sense_keep_the_order_of_numbers(timestamps: Callable[[int], int]) -> None:
    coming = evenly([packet(n, timestamp=timestamps(n) & 0xFFFF_FFFF) for n in range(200)])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert max(heard.delays_ms) <= 60 + FRAME_MS


@pytest.mark.parametrize("words", [2, 5, 20])
@pytest.mark.parametrize("length", [1, 2, 5, 25])
@pytest.mark.parametrize("pause_ms", [60.0, 150.0, 250.0, 1000.0, 10_000.0])
@pytest.mark.parametrize("marker", [False, True])
def test_words_with_pauses_in_which_timestamps_stand_still(
    words: int, length: int, pause_ms: float, marker: bool
) -> None:
    coming: Packets = []
    for word in range(words):
        start_ms = word * (FRAME_MS * length + pause_ms)
        some = [packet(word * length + n, marker=marker and n == 0) for n in range(length)]
        coming += evenly(some, start_ms)
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.lost == 0
    assert max(heard.delays_ms) <= 200


@pytest.mark.parametrize("shift_ms", [210.0, 500.0, 3000.0])
@pytest.mark.parametrize("jitter_ms", [0.0, 5.0, 30.0])
def test_network_delay_that_rises_for_good_loses_nothing(shift_ms: float, jitter_ms: float) -> None:
    """Evenly spaced packets of one lateness are a shift and not a burst."""
    source = Random(3)
    times_ms = [FRAME_MS * n + (shift_ms if n >= 100 else 0.0) + source.uniform(0, jitter_ms) for n in range(200)]
    coming = sorted(zip(times_ms, [packet(n) for n in range(200)], strict=True), key=lambda one: one[0])
    heard = Heard(coming)
    assert len(heard.packets) >= 200 - (jitter_ms > FRAME_MS) * 10
    assert heard.items[-1][0] - coming[-1][0] <= 60


@pytest.mark.parametrize("stall_ms", [300.0, 500.0, 2000.0])
@pytest.mark.parametrize("spacing_ms", [0.0, 0.1, 1.0])
def test_burst_after_a_stall_is_no_shift(stall_ms: float, spacing_ms: float) -> None:
    """All at once, or as fast as a link lets them through: the delay does not stay."""
    coming: Packets = []
    free_ms = 0.0
    for n in range(300):
        sent_ms = FRAME_MS * n
        free_ms = max(sent_ms, 2000.0 + stall_ms if n >= 100 else 0.0, free_ms + spacing_ms)
        coming.append((free_ms, packet(n)))
    heard = Heard(coming)
    assert heard.buffer.late == pytest.approx((stall_ms - 200) / FRAME_MS, abs=12)
    assert heard.items[-1][0] - coming[-1][0] <= 200


@pytest.mark.parametrize("ahead_ms", [40.0, 150.0, 1000.0])
def test_timestamps_that_leap_ahead_without_a_pause_lose_nothing(ahead_ms: float) -> None:
    frames = round(ahead_ms / FRAME_MS)
    coming = evenly([packet(n, n + (frames if n >= 100 else 0)) for n in range(200)])
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert max(heard.delays_ms) <= 60


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize("timestamp", [FRAME * 100, 0x3200, 900_000_000])
@pytest.mark.parametrize("updates", [13, 60])
def test_packets_of_a_key_are_given_out_and_the_audio_keeps_its_time(
    interleaved: bool, timestamp: int, updates: int
) -> None:
    """The timestamp stands still within a key, and may be far from that of the audio."""
    coming: Packets = evenly([packet(n) for n in range(100)])
    number = 100
    for n in range(100, 100 + updates):
        coming.append(
            (FRAME_MS * n, packet(number, payload_type=101, timestamp=timestamp, payload=bytes([n]), marker=n == 100))
        )
        number += 1
        if interleaved:
            coming.append((FRAME_MS * n + 1, packet(number, n)))
            number += 1
    coming += evenly([packet(number + n, 100 + updates + n) for n in range(100)], FRAME_MS * (100 + updates))
    heard = Heard(coming)
    assert heard.is_all_of(coming)
    assert heard.lost == 0
    assert heard.buffer.delay_ms <= 40


# Every kind together


def odd(source: Random, packets: list[RtpPacket]) -> list[RtpPacket]:
    """Replace single values and continue in another numbering, time or sender at random places."""
    out = []
    numbers = ticks = 0
    ssrc = 1
    for place, one in enumerate(packets):
        if place % 40 == 39:
            kind = source.randrange(4)
            numbers += source.choice([-1, -30, -101, -5000, 20, 9000]) if kind == 0 else 0
            ticks += source.choice([FAR, -FAR, 400, -160, 2**31]) if kind == 1 else 0
            ssrc += kind == 2
        facts = {
            "sequence_number": (one.sequence_number + numbers) & 0xFFFF,
            "timestamp": (one.timestamp + ticks) & 0xFFFF_FFFF,
            "ssrc": ssrc,
            "marker": source.random() < 0.05,
        }
        if source.random() < 0.05:
            name, bits = source.choice([("sequence_number", 16), ("timestamp", 32), ("ssrc", 32)])
            facts[name] = source.choice([source.getrandbits(bits), (facts[name] + source.randint(-200, 200)) % 2**bits])
        out.append(changed(one, **facts))
    return out


def on_its_way(source: Random, packets: list[RtpPacket]) -> Iterator[tuple[float, RtpPacket]]:
    jitter_ms, loss, twice = source.choice([0, 5, 30, 100]), source.choice([0, 0.01, 0.2]), source.choice([0, 0.1])
    pause_ms = 0.0
    for place, one in enumerate(packets):
        pause_ms += source.choice([300, 3000]) if source.random() < 0.01 else 0
        for _ in range(1 + (source.random() < twice)):
            if source.random() >= loss:
                yield FRAME_MS * place + pause_ms + source.uniform(0, jitter_ms), changed(one)


@given(seed=st.integers(0, 2**32), first=st.sampled_from([0, 65_400]))
def test_every_packet_is_given_out_or_counted(seed: int, first: int) -> None:
    source = Random(seed)
    packets = odd(source, [packet(first + n, n) for n in range(300)])
    coming = sorted(on_its_way(source, packets), key=lambda one: one[0])
    Heard(coming)


@given(seed=st.integers(0, 2**32), first=st.sampled_from([0, 65_400]))
def test_oddities_on_a_good_network_cost_few_packets(seed: int, first: int) -> None:
    """Two odd values in a row, or beside a new numbering, may cost one packet each."""
    source = Random(seed)
    coming = evenly(odd(source, [packet(first + n, n) for n in range(400)]))
    heard = Heard(coming)
    assert heard.buffer.late + heard.buffer.duplicates <= 12
    assert max(heard.delays_ms) <= 250
