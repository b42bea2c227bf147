"""Counts of a captured stream equal those of RFC 3550 (rtp/statistics), and of a plain list of its numbers."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from rtpcodec import RtpPacket
from rtpcodec.rtp.capture._counters import StreamCounters
from rtpcodec.rtp.capture._counting import CLOCKS_HZ, StreamCounter
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.statistics import ReceptionStatistics
from tests.rtp.capture.wire import ALICE, BOB, START_NS, stream

KEY = ALICE, BOB, 0x1234


def disturbed(seed: int) -> list[Datagram]:
    """Return a stream of 20 ms packets with pauses, loss, duplicates and packets that change places."""
    chance = random.Random(seed)
    packets = stream(600, sequence_number=chance.randrange(65536), timestamp=chance.getrandbits(32), seed=seed)
    arriving: list[Datagram] = []
    pause_ns = 0
    for number, datagram in enumerate(packets):
        pause_ns += 400_000_000 if chance.random() < 0.01 else 0
        if number and chance.random() < 0.03:
            continue
        time_ns = datagram.time_ns + pause_ns + round(chance.random() * 30e6)
        arriving.append(datagram._replace(time_ns=time_ns))
        if chance.random() < 0.02:
            arriving.append(datagram._replace(time_ns=time_ns + 1_000_000))
        if number > 1 and chance.random() < 0.05:
            arriving[-1], arriving[-2] = arriving[-2], arriving[-1]
    return arriving


def counted(datagrams: list[Datagram]) -> StreamCounter:
    counter = StreamCounter(0)
    for one in datagrams:
        assert counter.count(one.payload, one.time_ns)
    return counter


def by_rfc(datagrams: list[Datagram], clock_hz: int) -> ReceptionStatistics:
    """RFC 3550's counts; a packet before the first, which it does not count, makes the source valid."""
    first = RtpPacket.parse(datagrams[0].payload)
    statistics = ReceptionStatistics(clock_hz)
    before = (first.sequence_number - 1) & 0xFFFF
    statistics.receive(RtpPacket(payload_type=0, sequence_number=before, timestamp=0, ssrc=first.ssrc), 0)
    for one in datagrams:
        statistics.receive(RtpPacket.parse(one.payload), (one.time_ns - START_NS) / 1e6)
    return statistics


@pytest.mark.parametrize("seed", range(12))
def test_figures_are_those_of_rfc_3550(seed: int) -> None:
    datagrams = disturbed(seed)
    counter = counted(datagrams)
    for clock_hz in CLOCKS_HZ:
        statistics = by_rfc(datagrams, clock_hz)
        assert counter.expected == statistics.expected
        assert counter.lost - counter.duplicates == statistics.lost
        assert counter.packets == statistics.received
        jitter = counter.jitter_ms(clock_hz)
        assert jitter is not None
        assert jitter[0] == pytest.approx(statistics.jitter_ms, rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_figures_are_those_of_a_plain_list_of_numbers(seed: int) -> None:
    datagrams = disturbed(seed)
    counter = counted(datagrams)
    start = RtpPacket.parse(datagrams[0].payload).sequence_number - 300
    numbers = [(RtpPacket.parse(one.payload).sequence_number - start) & 0xFFFF for one in datagrams]
    came = set(numbers)
    missing = [number for number in range(min(came), max(came)) if number not in came]
    highest, late, seen = 0, 0, set()
    for number in numbers:
        late += number not in seen and number < highest
        highest = max(highest, number)
        seen.add(number)
    assert counter.lost == len(missing)
    assert counter.loss_bursts == sum(second - first > 1 for first, second in pairwise([-2, *missing]))
    assert counter.duplicates == len(numbers) - len(came)
    assert counter.late == late
    assert counter.step_ticks == 160
    assert counter.payload_octets == 160 * len(datagrams)


def test_a_packet_before_the_first_moves_the_beginning() -> None:
    packets = stream(20)
    counter = counted([packets[1], packets[0], *packets[2:]])
    assert (counter.expected, counter.lost, counter.late, counter.duplicates) == (20, 0, 1, 0)


def test_two_numbers_in_a_row_far_off_are_a_restart_and_one_is_a_stray() -> None:
    before, after = stream(50, sequence_number=100), stream(50, sequence_number=30_000)
    counter = counted(before + after)
    assert (counter.restarts, counter.expected, counter.lost, counter.strays) == (1, 100, 0, 0)
    counter = counted([*before[:20], after[0], *before[20:]])
    assert (counter.restarts, counter.expected, counter.lost, counter.strays) == (0, 50, 0, 1)


@pytest.mark.parametrize("restart", [0, 1, 65_535])
def test_a_restart_at_the_wrap_counts_no_loss(restart: int) -> None:
    counter = counted(stream(50, sequence_number=30_000) + stream(50, sequence_number=restart))
    assert (counter.restarts, counter.expected, counter.lost, counter.loss_bursts) == (1, 100, 0, 0)


@pytest.mark.parametrize("missing", [1, 2, 63, 64, 126, 127, 128, 129, 130, 500, 2990])
def test_a_burst_of_any_length_is_one(missing: int) -> None:
    packets = stream(3200)
    counter = counted(packets[:100] + packets[100 + missing :])
    assert (counter.lost, counter.loss_bursts, counter.restarts) == (missing, 1, 0)


def test_the_packet_of_least_transit_is_found_by_each_clock() -> None:
    packets = [one._replace(time_ns=one.time_ns + 20_000_000) for one in stream(100)]
    packets[70] = packets[70]._replace(time_ns=packets[70].time_ns - 15_000_000)
    expected = RtpPacket.parse(packets[70].payload).timestamp, packets[70].time_ns
    assert counted(packets).least_transit(8000) == expected


def test_a_jump_of_timestamps_restarts_the_transit() -> None:
    # The transit of all packets after the jump seems a minute shorter.
    packets = [*stream(200, timestamp=0), *stream(50, sequence_number=65_700, timestamp=500_000, start_ms=4000)]
    timestamp, _ = counted(packets).least_transit(8000)
    assert timestamp < 200 * 160


def test_captures_without_times_have_no_jitter() -> None:
    counter = counted([one._replace(time_ns=0) for one in stream(50)])
    assert counter.lost == 0
    assert counter.jitter_ms(8000) is None
    assert counter.first_ns == counter.last_ns == 0


def test_known_streams_are_counted_until_a_datagram_needs_python() -> None:
    counters, counter = StreamCounters(), StreamCounter(0)
    counters.add(KEY, counter)
    packets, other = stream(10), stream(1, BOB, ALICE)
    odd = [
        other[0],
        packets[0]._replace(payload=b""),
        packets[0]._replace(payload=bytes(12)),
        packets[0]._replace(payload=b"\x80\xc8" + bytes(26)),
        packets[0]._replace(payload=packets[0].payload[:1] + b"\x08" + packets[0].payload[2:]),
        packets[0]._replace(payload=b"\x9f" + packets[0].payload[1:12]),
    ]
    for one in odd:
        iterator = iter([*packets, one, *packets])
        assert counters.count(iterator) is one
        assert counters.count(iterator) is None
    assert counters.counted == counter.packets == 20 * len(odd)


def test_a_broken_packet_changes_nothing() -> None:
    counter = counted(stream(5))
    assert not counter.count(b"\x80\x00", START_NS)
    assert counter.packets == 5


@pytest.mark.parametrize("drift_ppm", [-200, 0, 200])
def test_the_least_transit_is_that_of_the_first_minute(drift_ppm: int) -> None:
    """A sender's clock that runs fast makes later packets seem quicker."""
    packets = [
        one._replace(time_ns=START_NS + round((one.time_ns - START_NS) * (1 - drift_ppm / 1e6)))
        for one in stream(6000, seed=1)
    ]
    _, time_ns = counted(packets).least_transit(8000)
    assert START_NS <= time_ns <= START_NS + 60_000_000_000
