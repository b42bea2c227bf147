"""The jitter buffer and odd timestamps: no single value moves the clock; streams with every oddity are all counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import RtpPacket
from tests.rtp.odd_streams import FAR, FRAME, FRAME_MS, Heard, Packets, changed, evenly, packet


@pytest.mark.parametrize("at", [0, 1, 2, 10, 60, 198, 199])
@pytest.mark.parametrize("ahead", [80, 800, 1600, FAR, -80, -320, -800, -FAR, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("marker", [False, True])
def test_one_odd_timestamp_loses_nothing_and_moves_nothing(at: int, ahead: int, marker: bool) -> None:
    packets = [packet(1000 + n) for n in range(200)]
    packets[at] = changed(packets[at], timestamp=(packets[at].timestamp + ahead) & 0xFFFF_FFFF, marker=marker)
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert (heard.lost, heard.buffer.restarts) == (0, 0)
    # If the first one is odd, the schedule is re-based on the others.
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
def test_repeated_odd_timestamps(every: int) -> None:
    source = Random(every)
    packets = [packet(n) for n in range(300)]
    for at in range(1, 300, every):
        packets[at] = changed(packets[at], timestamp=source.getrandbits(32))
    heard = Heard(evenly(packets))
    assert heard.packets == packets
    assert heard.lost == 0


@pytest.mark.parametrize("timestamps", [lambda n: Random(n).getrandbits(32), lambda n: 0, lambda n: -FRAME * n])
def test_meaningless_timestamps_keep_the_order_of_numbers(timestamps: Callable[[int], int]) -> None:
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
def test_network_delay_that_rises_permanently_loses_nothing(shift_ms: float, jitter_ms: float) -> None:
    """Evenly spaced packets of one lateness are a shift and not a burst."""
    source = Random(3)
    times_ms = [FRAME_MS * n + (shift_ms if n >= 100 else 0.0) + source.uniform(0, jitter_ms) for n in range(200)]
    coming = sorted(zip(times_ms, [packet(n) for n in range(200)], strict=True), key=lambda one: one[0])
    heard = Heard(coming)
    assert len(heard.packets) >= 200 - (jitter_ms > FRAME_MS) * 10
    assert heard.items[-1][0] - coming[-1][0] <= 60


@pytest.mark.parametrize("stall_ms", [300.0, 500.0, 2000.0])
@pytest.mark.parametrize("spacing_ms", [0.0, 0.1, 1.0])
def test_burst_after_a_stall_is_not_a_shift(stall_ms: float, spacing_ms: float) -> None:
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
def test_packets_of_a_key_are_returned_and_the_audio_keeps_its_time(
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
def test_every_packet_is_returned_or_counted(seed: int, first: int) -> None:
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
