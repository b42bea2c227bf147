"""RFC 3550's counters, bursts and the E-model's figures."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from rtpcodec import RtpPacket
from rtpcodec.rtp.statistics import (
    G711,
    G711_WITHOUT_CONCEALMENT,
    Impairment,
    LossBursts,
    ReceptionStatistics,
    estimate_quality,
)


def packet(number: int, **changes: Any) -> RtpPacket:
    facts = {"payload_type": 0, "sequence_number": number & 0xFFFF, "timestamp": 160 * number & 0xFFFF_FFFF, "ssrc": 1}
    return RtpPacket(**(facts | changes))


def fed(numbers: list[int], jitter: float = 0.0) -> ReceptionStatistics:
    statistics, random = ReceptionStatistics(8000), Random(1)
    for n in numbers:
        statistics.receive(packet(n), 20.0 * n + random.uniform(0, jitter))
    return statistics


def test_a_source_is_valid_from_its_second_packet_in_a_row() -> None:
    statistics = ReceptionStatistics(8000)
    assert [statistics.receive(packet(n), 0.0) for n in (5, 9, 10, 11)] == [False, False, True, True]
    assert (statistics.expected, statistics.received, statistics.lost) == (2, 2, 0)


def test_losses_duplicates_and_late_ones_across_a_wrap() -> None:
    statistics = fed([65_532, 65_533, 65_534, 65_536, 65_535, 65_538, 65_538])
    assert statistics.extended_highest == 65_538
    assert statistics.expected == 65_538 - 65_533 + 1
    assert statistics.received == 6
    assert statistics.lost == 0
    assert fed([1, 2, 3, 6]).lost == 2
    assert fed([1, 2, 2, 2]).lost == -2


def test_the_fraction_is_that_since_the_last_report() -> None:
    statistics = fed([1, 2, 3, 4, 5])
    assert statistics.fraction_lost() == 0.0
    for n in (6, 10):
        statistics.receive(packet(n), 0.0)
    assert statistics.fraction_lost() == pytest.approx(3 / 5)
    assert statistics.fraction_lost() == 0.0
    statistics.receive(packet(10), 0.0)
    assert statistics.fraction_lost() == 0.0


def test_a_number_far_off_counts_when_its_successor_arrives() -> None:
    statistics = fed([1, 2, 3])
    assert not statistics.receive(packet(30_000), 0.0)
    assert statistics.receive(packet(4), 0.0)
    assert not statistics.receive(packet(30_000), 0.0)
    assert statistics.receive(packet(30_001), 0.0)
    assert (statistics.expected, statistics.received, statistics.lost) == (1, 1, 0)


def test_timestamps_of_a_new_numbering_do_not_count_as_jitter() -> None:
    statistics = fed(list(range(10)))
    for number in (30_000, 30_001, 30_002):
        statistics.receive(packet(number, timestamp=160 * number + 2**30), 20.0 * (number - 29_990))
    assert statistics.jitter_ms == 0.0


def test_another_source_is_counted_from_its_start() -> None:
    statistics = fed([1, 2, 5])
    assert not statistics.receive(packet(7, ssrc=2), 0.0)
    assert statistics.receive(packet(8, ssrc=2), 20.0)
    assert (statistics.ssrc, statistics.expected, statistics.jitter_ms) == (2, 1, 0.0)


def test_jitter_is_the_mean_deviation_of_transit() -> None:
    """Between two uniform deviates of width w the mean distance is w / 3."""
    assert fed(list(range(100))).jitter_ms == 0
    assert fed(list(range(3000)), jitter=30.0).jitter_ms == pytest.approx(10.0, rel=0.4)
    statistics = fed([1, 2, 3])
    statistics.receive(packet(4), 80.0 + 16.0)
    assert statistics.jitter_ms == pytest.approx(1.0)
    assert statistics.jitter_ticks == 8


def test_bursts() -> None:
    bursts = LossBursts()
    assert (bursts.share, bursts.ratio) == (0.0, 1.0)
    bursts.played(90)
    bursts.lost(2)
    bursts.lost(3)
    bursts.played()
    bursts.lost(5)
    assert (bursts.total, bursts.bursts, bursts.longest, bursts.packets) == (10, 2, 5, 101)
    assert bursts.ratio == pytest.approx(5 * (1 - 10 / 101))


@pytest.mark.parametrize(
    ("impairment", "network", "r", "mos"),
    [
        (G711, (0, 0, 1), 93.2, 4.41),
        (G711, (100, 0.01, 1), 93.2 - 95 / 26.1, 4.32),
        (G711_WITHOUT_CONCEALMENT, (100, 0.01, 1), 93.2 - 95 / 5.3, 3.83),
        (G711, (0, 0.05, 2), 93.2 - 475 / 27.6, 3.86),
        (Impairment(11, 19), (0, 0, 1), 82.2, 4.11),
        (G711, (400, 0, 1), 93.2 - 25 * (65 ** (1 / 6) - 3 * (1 + (2 / 3) ** 6) ** (1 / 6) + 2), 3.56),
        (G711, (0, 1, 1), 93.2 - 9500 / 125.1, 1.18),
        (Impairment(90, 1), (1000, 1, 1), 0, 1.0),
    ],
)
def test_the_e_model(impairment: Impairment, network: tuple[float, float, float], r: float, mos: float) -> None:
    delay_ms, loss, burst_ratio = network
    estimate = estimate_quality(impairment, delay_ms=delay_ms, loss=loss, burst_ratio=burst_ratio)
    assert estimate.r_factor == pytest.approx(r)
    assert estimate.mos == pytest.approx(mos, abs=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": 1.5}, "loss is 1.5, a share from 0 to 1 is needed"),
        ({"delay_ms": -1}, "delay_ms is -1, it cannot be negative"),
        ({"burst_ratio": 0.5}, "burst_ratio is 0.5, 1 is random loss and the least"),
    ],
)
def test_figures_that_are_refused(changes: dict[str, float], message: str) -> None:
    facts = {"delay_ms": 0.0, "loss": 0.0} | changes
    with pytest.raises(ValueError, match=f"^{message}$"):
        estimate_quality(G711, **facts)
    with pytest.raises(ValueError, match=r"^clock_hz is -1, a positive number is needed$"):
        ReceptionStatistics(-1)
