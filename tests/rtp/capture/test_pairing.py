"""The two directions of a call are paired, and others are not."""

from __future__ import annotations

import random

import pytest

from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.report import CaptureReport
from tests.rtp.capture.wire import ALICE, BOB, in_order, stream


def pairs(report: CaptureReport) -> list[tuple[list[int], list[int]]]:
    return [([one.ssrc for one in call.forward], [one.ssrc for one in call.backward]) for call in report.calls]


def test_an_ssrc_that_changes_continues_its_direction() -> None:
    there = [stream(50, ssrc=1), stream(50, ssrc=2, start_ms=1200), stream(50, ssrc=3, start_ms=2500)]
    report = find_streams(in_order(*there, stream(200, BOB, ALICE, ssrc=9, start_ms=3)))
    assert pairs(report) == [([1, 2, 3], [9])]


def test_the_side_that_was_heard_first_is_forward() -> None:
    report = find_streams(in_order(stream(50, start_ms=500, ssrc=1), stream(80, BOB, ALICE, ssrc=2)))
    assert pairs(report) == [([2], [1])]


def test_the_same_addresses_after_a_long_silence_are_another_call() -> None:
    calls = [
        in_order(stream(50, ssrc=n, start_ms=at), stream(50, BOB, ALICE, ssrc=n + 1, start_ms=at + 5))
        for n, at in ((1, 0), (3, 20_000), (5, 120_000))
    ]
    assert pairs(find_streams(in_order(*calls))) == [([1, 3], [2, 4]), ([5], [6])]


def test_tracks_of_one_bundle_are_paired_by_their_codec() -> None:
    media = [
        stream(100, ssrc=1, payload_type=8),
        stream(100, ssrc=2, payload_type=0, start_ms=1),
        stream(100, BOB, ALICE, ssrc=3, payload_type=0, start_ms=2),
        stream(100, BOB, ALICE, ssrc=4, payload_type=8, start_ms=3),
    ]
    assert pairs(find_streams(in_order(*media))) == [([1], [4]), ([2], [3])]


def test_directions_of_other_ports_are_paired_by_hosts_and_time() -> None:
    back = SocketAddress(BOB.host, 6000), SocketAddress(ALICE.host, 6002)
    report = find_streams(in_order(stream(100, ssrc=1), stream(100, *back, ssrc=2, start_ms=40)))
    assert pairs(report) == [([1], [2])]
    assert report.calls[0].paired_by == "overlap"


def test_two_equal_partners_are_not_paired() -> None:
    backs = [(SocketAddress(BOB.host, port), SocketAddress(ALICE.host, port)) for port in (6000, 6002)]
    media = [stream(100, *ends, ssrc=n) for n, ends in enumerate(backs, start=2)]
    report = find_streams(in_order(stream(100, ssrc=1), *media))
    assert sorted(pairs(report)) == [([1], []), ([2], []), ([3], [])]
    assert {call.paired_by for call in report.calls} == {"alone"}


def test_directions_at_other_times_are_not_one_call() -> None:
    back = SocketAddress(BOB.host, 6000), SocketAddress(ALICE.host, 6002)
    report = find_streams(in_order(stream(100, ssrc=1), stream(100, *back, ssrc=2, start_ms=5000)))
    assert pairs(report) == [([1], []), ([2], [])]


@pytest.mark.parametrize("seed", range(5))
def test_every_stream_is_in_exactly_one_call(seed: int) -> None:
    chance = random.Random(seed)
    hosts = [bytes((10, 0, 0, n)) for n in range(3)]
    media = []
    for ssrc in range(40):
        source, destination = (SocketAddress(chance.choice(hosts), 4000 + chance.randrange(2)) for _ in range(2))
        media.append(stream(chance.randrange(3, 20), source, destination, ssrc=ssrc, start_ms=chance.randrange(50_000)))
    report = find_streams(in_order(*media))
    assert sorted(one.ssrc for call in report.calls for one in call.streams) == list(range(40))
    starts = [call.forward[0].first_ns for call in report.calls]
    assert starts == sorted(starts)
    for call in report.calls:
        assert all(call.forward[0].first_ns <= one.first_ns for one in call.streams)
