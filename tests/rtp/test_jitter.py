"""The jitter buffer on seeded networks, and case by case."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from benchmarks import jitter as bench
from benchmarks.jitter import FRAME_MS, Network, arrivals, played, sent
from rtpcodec import RtpPacket
from rtpcodec.rtp.jitter import CEILING_MS, MAX_HELD_PACKETS, JitterBuffer, Wait
from rtpcodec.rtp.reorder import Lost
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance
from tests.vectors import VARIABLE, whole_set

NETWORKS = {
    "clean": Network(),
    "loss": Network(loss=0.05),
    "much loss": Network(loss=0.2),
    "bursts": Network(loss=0.1, burst=5),
    "jitter": Network(jitter_ms=20),
    "the most jitter": Network(jitter_ms=80, loss=0.01),
    "reordered and twice": Network(jitter_ms=40, duplicate=0.1, loss=0.02),
    "the worst": Network(jitter_ms=50, duplicate=0.05, loss=0.2, burst=3),
    "slow clock": Network(jitter_ms=10, drift_ppm=200, packets=10_000),
    "fast clock": Network(jitter_ms=10, drift_ppm=-200, packets=10_000),
    "talk spurts": Network(jitter_ms=20, loss=0.02, pause_every=100),
    "wraps twice": Network(first_sequence=65_500, packets=70_000),
}


def packet(number: int, **changes: Any) -> RtpPacket:
    facts = {"payload_type": 0, "sequence_number": number & 0xFFFF, "timestamp": 160 * number & 0xFFFF_FFFF, "ssrc": 1}
    return RtpPacket(**(facts | changes))


def drained(buffer: JitterBuffer, now_ms: float) -> list[int | Lost]:
    """Return all that is due: sequence numbers and losses."""
    out: list[int | Lost] = []
    while not isinstance(item := buffer.pop(now_ms), Wait):
        out.append(item if isinstance(item, Lost) else item.sequence_number)
    return out


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        pytest.param(name, seed, marks=pytest.mark.long if network.packets > 10_000 and seed else ())
        for name, network in NETWORKS.items()
        for seed in range(3)
    ],
)
def test_order_delay_and_length_hold_on_every_network(name: str, seed: int) -> None:
    network = NETWORKS[name]
    coming = arrivals(network, seed)
    earliest_ms = [ms + bench.WAY_MS for _, ms, _ in sent(network)]
    buffer = JitterBuffer(8000)
    number = min(one.number for one in coming[:1])
    first: int | None = None
    gave = lost = 0
    for now_ms, item in played(buffer, coming):
        if isinstance(item, Lost):
            lost += item.count
            number += item.count
            continue
        at = number if first is not None else (item.sequence_number - network.first_sequence) & 0xFFFF
        first = at if first is None else first
        number = at + 1
        # In order, and every skipped number is reported as lost.
        assert item.sequence_number == (network.first_sequence + at) & 0xFFFF
        assert now_ms - earliest_ms[at] <= CEILING_MS + 5, "delay beyond the ceiling"
        gave += 1
    assert first is not None
    # Every frame of the sender was returned or reported as lost, so the audio keeps its duration.
    last = max(one.number for one in coming)
    assert gave + lost == last + 1 - first
    assert buffer.held == 0
    assert buffer.lost == lost
    really_lost = last + 1 - first - len({one.number for one in coming if one.number >= first})
    assert lost <= really_lost + buffer.late
    assert lost - really_lost <= 0.02 * network.packets or network.jitter_ms >= 50


def test_added_delay_is_below_aiortcs_and_no_more_is_missing() -> None:
    network = replace(bench.NETWORKS["1 % loss, 20 ms jitter"], packets=1500)
    mine, theirs = bench.result(network, bench.ours), bench.result(network, bench.aiortc)
    assert mine.delay_ms < theirs.delay_ms / 2
    assert all(a <= b for a, b in zip(mine.missing, theirs.missing, strict=True))


def test_a_lost_packet_is_reported_when_it_was_due_and_delays_nothing() -> None:
    buffer = JitterBuffer(8000)
    times = {}
    for now_ms, item in played(
        buffer,
        [bench.Arrival(20.0 * n, n, 20.0 * n, packet(n)) for n in range(200) if n != 50],
    ):
        times[50 if isinstance(item, Lost) else item.sequence_number] = now_ms
    assert sorted(times) == list(range(200))
    # Its loss is known only after the next one has arrived.
    assert FRAME_MS <= times[50] - times[49] <= 2 * FRAME_MS
    assert times[51] - times[49] == pytest.approx(2 * FRAME_MS)
    assert times[199] == pytest.approx(20.0 * 199 + buffer.delay_ms)
    assert buffer.delay_ms == pytest.approx(10.0)


def test_late_packets_and_duplicates_are_distinguished() -> None:
    buffer = JitterBuffer(8000)
    assert [buffer.put(packet(n), 20.0 * n) for n in (1, 2, 2, 4)] == [True, True, False, True]
    assert drained(buffer, 200.0) == [1, 2, Lost(1), 4]
    assert not buffer.put(packet(3), 201.0)
    assert not buffer.put(packet(3), 202.0)
    assert not buffer.put(packet(4), 203.0)
    assert (buffer.late, buffer.duplicates, buffer.lost) == (1, 3, 1)


def test_packets_before_the_first_one_are_taken_until_something_was_played() -> None:
    buffer = JitterBuffer(8000)
    assert [buffer.put(packet(n), 60.0) for n in (3, 1, 2)] == [True, True, True]
    assert drained(buffer, 500.0) == [1, 2, 3]


def test_waits_say_until_when() -> None:
    buffer = JitterBuffer(8000)
    assert buffer.pop(0.0) == Wait(None)
    buffer.put(packet(1), 20.0)
    assert buffer.pop(20.0) == Wait(60.0)
    assert isinstance(buffer.pop(60.0), RtpPacket)
    assert buffer.pop(60.0) == Wait(None)


def test_another_sender_begins_after_what_is_held_of_the_first() -> None:
    buffer = JitterBuffer(8000)
    for n in (10, 11):
        buffer.put(packet(n), 20.0 * n)
    for n in (5000, 5001):
        buffer.put(packet(n, ssrc=2, timestamp=n), 240.0)
    assert drained(buffer, 1000.0) == [10, 11, 5000, 5001]
    assert buffer.restarts == 1
    assert buffer.lost == 0


def test_packets_missing_when_another_sender_begins_are_reported() -> None:
    buffer = JitterBuffer(8000)
    for n in (1, 2, 4, 5):
        buffer.put(packet(n), 20.0 * n)
    buffer.put(packet(9000, ssrc=2), 100.0)
    assert drained(buffer, 1000.0) == [1, 2, Lost(1), 4, 5, 9000]
    assert buffer.lost == 1


@pytest.mark.parametrize(
    "spread", [lambda n: {"ssrc": n & 1}, lambda n: {"sequence_number": n // 2 * 5000 + n % 2 & 0xFFFF}]
)
def test_senders_that_change_for_ever_are_bounded(spread: Callable[[int], dict[str, int]]) -> None:
    buffer = JitterBuffer(8000)
    for n in range(2000):
        buffer.put(packet(n, **spread(n)), 20.0 * n)
    assert buffer.held <= 60
    out = drained(buffer, inf)
    assert sum(item.count if isinstance(item, Lost) else 1 for item in out) + buffer.late == 2000
    assert buffer.held == 0


def test_a_leap_of_media_time_does_not_lift_the_bound() -> None:
    buffer = JitterBuffer(8000)
    for n in range(500):
        buffer.put(packet(n, timestamp=160 * n + (n > 5) * 1_000_000), 20.0 * n)
    assert buffer.held <= 57


def test_times_that_are_not_finite_are_refused() -> None:
    buffer = JitterBuffer(8000)
    buffer.put(packet(0), 0.0)
    for now_ms in (nan, inf, -inf):
        with pytest.raises(ValueError, match=f"^now_ms is {now_ms}, a finite number is needed$"):
            buffer.put(packet(1), now_ms)
    with pytest.raises(ValueError, match=r"^now_ms is nan, a number is needed$"):
        buffer.pop(nan)
    assert drained(buffer, inf) == [0]


def test_a_new_numbering_needs_two_packets_and_a_stray_one_changes_nothing() -> None:
    buffer = JitterBuffer(8000)
    buffer.put(packet(10), 0.0)
    assert not buffer.put(packet(40_000), 1.0)
    assert buffer.put(packet(11), 20.0)
    assert buffer.late == 1
    assert not buffer.put(packet(30_000, timestamp=5), 40.0)
    assert buffer.put(packet(30_001, timestamp=165), 60.0)
    assert drained(buffer, 1000.0) == [10, 11, 30_000, 30_001]
    assert buffer.restarts == 1


@pytest.mark.parametrize("jump", [47_200, 2**31 - 1, -50_000])
def test_timestamps_that_jump_with_a_talk_spurt_stall_nothing(jump: int) -> None:
    coming = [bench.Arrival(20.0 * n, n, 20.0 * n, packet(n)) for n in range(100)]
    coming += [
        bench.Arrival(20.0 * n, n, 20.0 * n, packet(n, timestamp=(160 * n + jump) & 0xFFFF_FFFF, marker=n == 100))
        for n in range(100, 200)
    ]
    out = list(played(JitterBuffer(8000), coming))
    assert [item.sequence_number for _, item in out if isinstance(item, RtpPacket)] == list(range(200))
    assert all(0 <= now_ms - 20.0 * at <= 60 for at, (now_ms, _) in enumerate(out))


def test_a_network_delay_that_rises_permanently_loses_no_packet() -> None:
    coming = [bench.Arrival(20.0 * n + (500 if n >= 100 else 0), n, 0.0, packet(n)) for n in range(200)]
    out = list(played(JitterBuffer(8000), coming))
    heard = [item.sequence_number for _, item in out if isinstance(item, RtpPacket)]
    assert heard == list(range(200))


def test_packets_a_stall_delayed_beyond_the_ceiling_are_lost_and_the_delay_does_not_stay() -> None:
    coming = [bench.Arrival(max(20.0 * n, 2500.0) if n >= 100 else 20.0 * n, n, 0.0, packet(n)) for n in range(300)]
    out = list(played(JitterBuffer(8000), coming))
    assert sum(item.count for _, item in out if isinstance(item, Lost)) == pytest.approx(300 / 20, abs=2)
    assert out[-1][0] == pytest.approx(20.0 * 299 + CEILING_MS, abs=CEILING_MS)


def test_packets_of_one_instant_do_not_wait_for_a_clock_that_stands_still() -> None:
    buffer = JitterBuffer(8000)
    times = []
    coming = [bench.Arrival(20.0 * n, n, 0.0, packet(n)) for n in range(10)]
    event = [bench.Arrival(20.0 * n, n, 0.0, packet(n, timestamp=1600, payload_type=101)) for n in range(10, 160)]
    for now_ms, item in played(buffer, coming + event):
        assert isinstance(item, RtpPacket)
        times.append(now_ms)
    assert len(times) == 160
    assert times[-1] <= 20.0 * 159 + 60
    assert buffer.late == 0


def test_packets_that_are_not_popped_are_bounded_and_reported_as_lost() -> None:
    buffer = JitterBuffer(8000)
    for n in range(500):
        buffer.put(packet(n), 20.0 * n)
    assert buffer.held == 51
    assert buffer.dropped == 449
    assert drained(buffer, 20_000.0) == [Lost(449), *range(449, 500)]
    still = JitterBuffer(8000)
    for n in range(2 * MAX_HELD_PACKETS):
        still.put(packet(n, timestamp=0), float(n))
    assert still.held == MAX_HELD_PACKETS


def test_limits_that_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^clock_hz is 0, a positive number is needed$"):
        JitterBuffer(0)
    with pytest.raises(ValueError, match=r"^clock_hz is nan, a positive number is needed$"):
        JitterBuffer(nan)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^floor_ms 50, start_ms 40 and ceiling_ms 30 are not in this order$"):
        JitterBuffer(8000, floor_ms=50, start_ms=40, ceiling_ms=30)
    assert JitterBuffer(8000, ceiling_ms=20).delay_ms == 0


def test_recorded_streams_are_returned_whole_and_in_order() -> None:
    vectors = whole_set()
    if vectors is None:
        pytest.skip(f"{VARIABLE} is not set")
    for path in sorted(Path(vectors, "rtp").glob("wireshark_*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        packets = [RtpPacket.parse(bytes.fromhex(line["rtp"])) for line in lines[1:]]
        clock_hz = 48_000 if "opus" in path.name else 8000
        coming = [
            bench.Arrival(1000.0 * line["t"], at, 0.0, one)
            for at, (line, one) in enumerate(zip(lines[1:], packets, strict=True))
        ]
        buffer = JitterBuffer(clock_hz)
        out = [item for _, item in played(buffer, coming)]
        given = [item for item in out if isinstance(item, RtpPacket)]
        ordered = sorted(packets, key=lambda one: sequence_distance(packets[0].sequence_number, one.sequence_number))
        assert len(given) + buffer.late + buffer.duplicates == len(packets), path.name
        assert buffer.late <= 0.02 * len(packets), path.name
        assert [one for one in ordered if one in given] == given, path.name
        assert timestamp_distance(given[0].timestamp, given[-1].timestamp) >= 0
