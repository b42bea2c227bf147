"""The connection of a call in a machine: `connected` and `start` in time, pings while it is idle, media, a hold."""

from __future__ import annotations

import pytest

from rtpcodec import MediaSession, events
from rtpcodec.errors import StreamEnded
from rtpcodec.stream.machine import CallMachine, CallTimeouts
from tests.stream import carrier
from tests.stream.talking import L16

FIVE = CallTimeouts(ping_ms=5000.0, media_ms=5000.0)


def machine_of(timeouts: CallTimeouts = FIVE, *, hold_ms: float = 0.0, start: bool = True) -> CallMachine:
    machine = CallMachine(MediaSession(L16, diagnosis_s=None), 0.0, timeouts=timeouts)
    machine.hold_ms = hold_ms
    if start:
        machine.receive(carrier.CONNECTED, 0.0)
        machine.receive(carrier.start(), 0.0)
        machine.events(0.0)
    return machine


def look(machine: CallMachine, until_ms: float, *, from_ms: float = 0.0) -> list[tuple[float, str]]:
    """Run the machine at its deadlines. Returns events, pings and commands to the socket with their times."""
    found: list[tuple[float, str]] = []
    now_ms = from_ms
    while True:
        found += [(now_ms, type(event).__name__) for event in machine.events(now_ms)]
        machine.outgoing(now_ms)
        if machine.ping is not None:
            found.append((now_ms, "ping"))
            machine.pinged(True, now_ms)
        if machine.cut:
            found.append((now_ms, "cut"))
            machine.cut = False
        if machine.hangup is not None:
            found.append((now_ms, str(machine.hangup)))
            machine.hung_up()
        deadline_ms = machine.next_deadline_ms
        if deadline_ms is None or deadline_ms > until_ms:
            return found
        now_ms = max(now_ms, deadline_ms)


# `connected` and `start`


def test_a_socket_without_connected_is_closed() -> None:
    machine = machine_of(CallTimeouts(), start=False)
    assert look(machine, 12_500.0) == [(10_000.0, "Stopped"), (10_000.0, "1002"), (12_000.0, "cut")]
    assert (machine.fault, machine.end_reason) == ("no connected was received within 10 s", "start_timeout")


def test_start_may_arrive_two_minutes_after_connected() -> None:
    machine = machine_of(CallTimeouts(), start=False)
    machine.receive(carrier.CONNECTED, 9_000.0)
    assert look(machine, 128_999.0, from_ms=9_000.0) == []
    machine.receive(carrier.start(), 128_999.0)
    assert [type(event) for event in machine.events(128_999.0)] == [events.Started]


def test_a_socket_without_start_is_closed_two_minutes_after_connected() -> None:
    machine = machine_of(CallTimeouts(), start=False)
    machine.receive(carrier.CONNECTED, 9_000.0)
    found = look(machine, 130_000.0, from_ms=9_000.0)
    assert found == [(129_000.0, "Stopped"), (129_000.0, "1002")]
    assert machine.fault == "no start was received within 120 s"


# Pings


def test_an_idle_connection_gets_a_ping() -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0))
    assert look(machine, 29_999.0) == [(at_ms, "ping") for at_ms in (5e3, 10e3, 15e3, 20e3, 25e3)]
    assert not machine.session.ended, "nothing was ever answered"


def test_frames_in_less_than_the_interval_need_no_ping() -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0))
    for at in range(12):
        machine.touch(4900.0 * at)
        assert look(machine, 4900.0 * (at + 1) - 1, from_ms=4900.0 * at) == []


@pytest.mark.parametrize("hold_ms", [0.0, 3000.0])
def test_a_line_that_has_answered_and_answers_no_more_is_lost(hold_ms: float) -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0), hold_ms=hold_ms)
    assert look(machine, 5000.0) == [(5000.0, "ping")]
    machine.ponged(b"idle-1", 5100.0)
    machine.touch(5100.0)
    found = look(machine, 17_999.0, from_ms=5100.0)
    assert found[:2] == [(10_100.0, "ping"), (15_100.0, "Disconnected")]
    if hold_ms:
        assert found[2:] == [(15_100.0, "cut")]
        assert machine.held
    else:
        assert found[2:] == [(15_100.0, "Stopped"), (15_100.0, "cut")]
        assert machine.end_reason == "socket_lost"


def test_a_pong_to_a_ping_after_audio_is_an_answer_as_well() -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0))
    machine.plays.play(bytes(2 * 8 * 100))
    machine.outgoing(0.0)
    asked = machine.ping
    assert asked is not None
    machine.pinged(True, 0.0)
    machine.ponged(asked, 20.0)
    machine.touch(20.0)
    assert [entry for entry in look(machine, 11_000.0, from_ms=20.0) if entry[1] in ("ping", "Disconnected")] == [
        (5020.0, "ping"),
        (10_020.0, "Disconnected"),
    ]


def test_another_pong_is_not_an_answer() -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0))
    look(machine, 5000.0)
    for wrong in (b"", b"idle-2", b"1", b"idle-1 "):
        machine.ponged(wrong, 5001.0)
    machine.touch(5001.0)
    assert look(machine, 20_000.0, from_ms=5001.0) == [(10_001.0, "ping"), (15_001.0, "ping")]


def test_a_socket_without_pings_gets_no_other_ping() -> None:
    machine = machine_of(CallTimeouts(ping_ms=5000.0))
    machine.events(5000.0)
    assert machine.ping is not None
    machine.pinged(False, 5000.0)
    assert look(machine, 29_000.0, from_ms=5000.0) == []


# Media


def test_silence_of_media_is_reported_once() -> None:
    machine = machine_of(CallTimeouts(media_ms=5000.0))
    machine.receive(carrier.media(), 1000.0)
    machine.events(1000.0)
    for at_ms in range(2000, 20_000, 1000):  # frames, but no media
        machine.touch(float(at_ms))
    found = look(machine, 20_000.0, from_ms=1000.0)
    assert found == [(6000.0, "MediaSilent")]
    machine.receive(carrier.media(), 20_000.0)
    assert [kind for _, kind in look(machine, 26_000.0, from_ms=20_000.0)] == ["Stalled", "Audio", "MediaSilent"]


def test_a_stream_that_never_brings_media_is_silent_from_its_start_on() -> None:
    machine = machine_of(CallTimeouts(media_ms=5000.0))
    (event,) = (machine.events(4999.0), machine.events(5000.0))[1]
    assert event == events.MediaSilent(5000.0)


# A hold


@pytest.mark.parametrize("ends", ["peer_closed", "lost"])
def test_a_hold_without_another_socket_ends_the_session(ends: str) -> None:
    machine = machine_of(CallTimeouts(), hold_ms=3000.0)
    if ends == "lost":
        machine.lost(1000.0)
    else:
        machine.peer_closed(1000, 1000.0)
        machine.lost(1010.0)
    found = look(machine, 60_000.0, from_ms=1010.0)
    assert found == [(1010.0, "Disconnected"), (4000.0, "Stopped"), (4000.0, "cut")]
    assert machine.end_reason == ("socket_lost" if ends == "lost" else "socket_closed")
    with pytest.raises(StreamEnded):
        machine.attached(60_000.0)


def test_a_hold_can_be_kept() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.lost(1000.0)
    machine.keep_held(9000.0)
    machine.keep_held(3000.0)
    found = look(machine, 60_000.0, from_ms=1000.0)
    assert found == [(1000.0, "Disconnected"), (9000.0, "Stopped"), (9000.0, "cut")]


def test_a_hold_can_be_ended() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.end_hold(500.0)
    assert look(machine, 500.0) == [], "it is not held"
    machine.lost(1000.0)
    machine.end_hold(1500.0)
    assert look(machine, 60_000.0, from_ms=1500.0) == [(1500.0, "Disconnected"), (1500.0, "Stopped"), (1500.0, "cut")]


def test_our_end_during_a_hold_needs_no_close_frame() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=5000.0)
    machine.lost(1000.0)
    machine.close(1000, 1500.0, "handler_returned")
    found = look(machine, 60_000.0, from_ms=1500.0)
    assert found == [(1500.0, "Disconnected"), (1500.0, "Stopped"), (1500.0, "cut")]
    assert machine.end_reason == "handler_returned"


@pytest.mark.parametrize("losses", [1, 3])
def test_another_socket_carries_the_session_on(losses: int) -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.plays.play(bytes(2 * 8 * 5000))
    now_ms = 0.0
    for _ in range(losses):
        machine.outgoing(now_ms)
        now_ms += 700.0
        machine.lost(now_ms)
        assert machine.held
        assert [type(event) for event in machine.events(now_ms)] == [events.Disconnected]
        now_ms += 900.0
        assert machine.outgoing(now_ms) == []
        machine.attached(now_ms)
        assert not machine.held
        now_ms += 400.0  # beyond the hold
        machine.receive(carrier.CONNECTED, now_ms)
        machine.receive(carrier.start(), now_ms)
        back, start = machine.events(now_ms)
        assert back == events.Reconnected(1300.0, "stream-1")
        assert isinstance(start, events.Started)
        assert machine.outgoing(now_ms) != []
    assert not machine.session.ended


def test_a_socket_that_is_lost_before_its_start_is_the_same_loss() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.lost(1000.0)
    machine.events(1000.0)
    machine.attached(1500.0)
    machine.lost(1600.0)
    assert (machine.held, machine.events(1600.0)) == (True, [])
    machine.attached(2500.0)
    machine.receive(carrier.start(), 2600.0)
    assert machine.events(2600.0)[0] == events.Reconnected(1600.0, "stream-1")


def test_a_new_socket_without_connected_ends_the_call() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.lost(1000.0)
    machine.events(1000.0)
    machine.attached(1500.0)
    assert look(machine, 12_000.0, from_ms=1500.0) == [(11_500.0, "Stopped"), (11_500.0, "1002")]
    assert machine.end_reason == "start_timeout"


def test_a_loss_before_the_start_of_the_stream_ends_it() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0, start=False)
    machine.receive(carrier.CONNECTED, 100.0)
    machine.lost(200.0)
    assert (machine.held, machine.events(200.0)) == (False, [events.Stopped("closed")])


def test_a_stop_needs_no_hold() -> None:
    machine = machine_of(CallTimeouts(), hold_ms=1000.0)
    machine.receive(carrier.STOP, 100.0)
    machine.lost(100.0)
    assert (machine.held, machine.events(100.0)) == (False, [events.Stopped("stop")])
    assert machine.end_reason == "carrier_stop"


def test_a_socket_that_still_works_is_replaced_as_a_lost_one() -> None:
    machine = machine_of(CallTimeouts())
    machine.attached(1000.0)
    machine.receive(carrier.start(), 1100.0)
    assert carrier.kinds(machine.events(1100.0)) == ["Disconnected", "Reconnected", "Started"]
