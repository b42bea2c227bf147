"""Captures whose clock was set, or with a damaged packet time: no call loses sound."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.report import CapturedCall
from tests.rtp.capture.made_calls import Kept
from tests.rtp.capture.test_decoding import heard, ulaw
from tests.rtp.capture.wire import ALICE, BOB, in_order, stream

PACKETS = 200
MIDDLE = PACKETS
"""The number of datagrams of both directions."""
HOUR_NS = 3600 * 10**9


def later(one: Datagram, by_ns: int) -> Datagram:
    return one._replace(time_ns=one.time_ns + by_ns)


def another_at(call: list[Datagram], by_ns: int) -> list[Datagram]:
    """Return a datagram of another protocol between those of the call."""
    other = later(call[MIDDLE], by_ns)._replace(payload=b"\x12\x34" + bytes(30))
    return [*call[:MIDDLE], other, *call[MIDDLE:]]


def one_at(number: int, by_ns: int) -> Callable[[list[Datagram]], list[Datagram]]:
    return lambda call: [later(one, by_ns) if at == number else one for at, one in enumerate(call)]


def set_by(by_ns: int) -> Callable[[list[Datagram]], list[Datagram]]:
    return lambda call: call[:MIDDLE] + [later(one, by_ns) for one in call[MIDDLE:]]


@pytest.mark.parametrize(
    "disturbed",
    [
        pytest.param(lambda call: another_at(call, 24 * HOUR_NS), id="another datagram a day later"),
        pytest.param(lambda call: another_at(call, -24 * HOUR_NS), id="another datagram a day earlier"),
        pytest.param(one_at(MIDDLE, 24 * HOUR_NS), id="one packet a day later"),
        pytest.param(one_at(MIDDLE, -24 * HOUR_NS), id="one packet a day earlier"),
        pytest.param(one_at(2 * PACKETS - 1, -24 * HOUR_NS), id="the last packet a day earlier"),
        pytest.param(set_by(HOUR_NS), id="set forward"),
        pytest.param(set_by(-HOUR_NS), id="set back"),
        pytest.param(lambda call: [one._replace(time_ns=0) for one in call], id="without times"),
    ],
)
def test_the_whole_call_is_decoded(disturbed: Callable[[list[Datagram]], list[Datagram]]) -> None:
    payload = ulaw(160 * PACKETS)

    def payload_of(number: int) -> bytes:
        return payload[160 * number : 160 * number + 160]

    there = stream(PACKETS, ssrc=1, payload_of=payload_of)
    back = stream(PACKETS, BOB, ALICE, ssrc=2, payload_of=payload_of)
    datagrams = disturbed(in_order(there, back))
    kept: list[Kept] = []

    def sink_of(_call: CapturedCall, rate_hz: int, channels: int) -> Kept:
        kept.append(Kept())
        kept[-1].rate_hz, kept[-1].channels = rate_hz, channels
        return kept[-1]

    (sound,) = decode_datagrams(datagrams, find_streams(datagrams), sink_of)
    assert [track.streams[0].decoded_packets for track in sound.tracks] == [PACKETS, PACKETS]
    assert kept[0].channels == 2
    assert [kept[0].channel(number) for number in (0, 1)] == [heard(payload)] * 2
    assert kept[0].left_by == [None]


def test_calls_end_although_a_datagram_was_a_day_later() -> None:
    calls = [
        stream(50, ALICE._replace(port=port), ssrc=port, start_ms=at_ms)
        for port, at_ms in ((4000, 0), (4002, 500), (4004, 5000), (4006, 10_000))
    ]
    datagrams = in_order(*calls)
    datagrams.insert(10, later(datagrams[10], 24 * HOUR_NS)._replace(payload=b"other"))
    kept: list[Kept] = []
    most_open: list[int] = []

    def sink_of(*_: object) -> Kept:
        kept.append(Kept())
        most_open.append(sum(not one.left_by for one in kept))
        return kept[-1]

    sounds = decode_datagrams(datagrams, find_streams(datagrams), sink_of)
    assert [sound.duration_ms for sound in sounds] == [1000] * 4
    assert most_open == [1, 2, 1, 1]
