"""SendGate bounds the audio that the far end has not acknowledged. A silent carrier proves nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rtpcodec.stream.speaking.send_gate import IDLE_PING_MS, MAX_PINGS, PING_MS, POLL_MS, UNACKNOWLEDGED_MS, SendGate
from rtpcodec.stream.stalling import StallWatch

MS = 8
"""Samples."""
LEAD_MS = 400.0
LIMIT_MS = LEAD_MS + UNACKNOWLEDGED_MS


def gate_of(lead_ms: float | None = LEAD_MS) -> SendGate:
    gate = SendGate(8000, lead_ms)
    gate.inbound = StallWatch(200.0)
    return gate


def ponged(gate: SendGate, position: int, now_ms: float) -> None:
    """Let a ping behind a position return at once."""
    payload = gate.ping(position, now_ms)
    assert payload is not None
    assert gate.ponged(payload, now_ms) == 0.0


def hear(gate: SendGate, now_ms: float) -> None:
    assert gate.inbound is not None
    gate.inbound.silence_ms(now_ms)


def test_a_gate_without_measurements_is_open() -> None:
    gate = gate_of()
    for now_ms in range(0, 10_000, 100):
        hear(gate, float(now_ms))
        assert gate.open(now_ms * MS, None, float(now_ms))
        assert gate.look_ms == float("-inf")


@pytest.mark.parametrize("round_trip_ms", [None, 40.0, 250.0, 600.0])
def test_audio_without_a_pong_closes_it_and_a_pong_opens_it(round_trip_ms: float | None) -> None:
    gate = gate_of()
    ponged(gate, 20 * MS, 0.0)
    limit_ms = LIMIT_MS + max(0.0, (round_trip_ms or 0.0) - 250.0)
    ping = gate.ping(int(20 + limit_ms) * MS, 600.0)
    hear(gate, 700.0)
    assert gate.open(int(20 + limit_ms) * MS, round_trip_ms, 700.0)
    assert not gate.open(int(21 + limit_ms) * MS, round_trip_ms, 700.0)
    assert gate.look_ms == 700.0 + POLL_MS
    assert ping is not None
    assert gate.ponged(ping, 710.0) == 110.0
    assert gate.open(int(21 + limit_ms) * MS, round_trip_ms, 710.0)
    assert gate.look_ms == float("-inf")


def test_it_stays_open_while_the_carrier_is_silent_too() -> None:
    gate = gate_of()
    ponged(gate, 0, 0.0)
    hear(gate, 500.0)
    assert not gate.open(2000 * MS, None, 699.0)
    assert gate.open(2000 * MS, None, 700.0)
    hear(gate, 800.0)
    assert not gate.open(2000 * MS, None, 800.0)


def test_octets_that_the_system_still_holds_close_it_at_once() -> None:
    gate = gate_of()
    held = 0
    gate.backlog = lambda: held
    gate.sent(250, 20.0)  # 12.5 octets per ms
    held = int(LIMIT_MS * 12.5)
    assert gate.open(0, None, 0.0)
    held += 1
    assert not gate.open(0, None, 0.0)
    held = 0
    assert gate.open(0, None, 1.0)


def test_a_system_that_does_not_know_leaves_it_to_pongs() -> None:
    gate = gate_of()
    gate.backlog = lambda: None
    gate.sent(250, 20.0)
    assert gate.open(10**9, None, 0.0)


@pytest.mark.parametrize("codec_octets", [80, 260, 1100])
@pytest.mark.parametrize("tls_octets", [0, 22, 29])
def test_other_octets_of_the_socket_do_not_count_as_audio(codec_octets: int, tls_octets: int) -> None:
    """After a loss, audio that may have arrived must be within the stated uncertainty."""
    gate = gate_of()
    gate.sent(codec_octets, 20.0)
    unread = 850
    messages = 42 * (codec_octets + 4 + tls_octets)
    pings, marks = 3 * (4 + tls_octets), 2 * (70 + tls_octets)
    gate.backlog = lambda: messages + pings + marks
    assert 0 <= gate.arrived(2000 * MS) / MS - (2000 - unread) <= 0.45 * unread
    gate.backlog = lambda: 0
    assert gate.arrived(2000 * MS) == 2000 * MS


def test_without_a_lead_it_never_closes() -> None:
    gate = gate_of(None)
    gate.backlog = lambda: 10**9
    gate.sent(250, 20.0)
    ponged(gate, 0, 0.0)
    hear(gate, 0.0)
    assert gate.open(10**9, None, 0.0)


def test_a_ping_follows_each_quarter_of_a_second_of_audio() -> None:
    gate = gate_of()
    positions = [at for at in range(0, 2001, 20) if gate.ping(at * MS, float(at)) is not None]
    assert positions == [0, 260, 520, 780, 1040, 1300, 1560, 1820]
    assert all(later - one >= PING_MS for one, later in pairwise(positions))


def test_pings_that_nobody_answers_become_rare_and_are_bounded() -> None:
    gate = gate_of()
    times = [float(at) for at in range(0, 120_000, 20) if gate.ping(at * MS, float(at)) is not None]
    early = [at for at in times if at < MAX_PINGS * 260.0]
    assert len(early) == MAX_PINGS
    assert all(later - one >= IDLE_PING_MS for one, later in pairwise(times[MAX_PINGS - 1 :]))
    assert gate.open(120_000 * MS, None, 120_000.0), "a socket that never answered proves nothing"


def test_a_pong_answers_its_ping_and_those_before_it() -> None:
    gate = gate_of()
    first, second = gate.ping(0, 0.0), gate.ping(300 * MS, 300.0)
    assert (first, second) == (b"1", b"2")
    assert gate.ponged(b"2", 350.0) == 50.0
    assert gate.ponged(b"1", 360.0) is None
    assert gate.ponged(b"2", 360.0) is None
    for payload in (b"", b"3", b"not ours", bytes(125)):
        assert gate.ponged(payload, 400.0) is None
