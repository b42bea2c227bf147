"""One call as a machine: time-outs, close codes and the order of queued audio, without sockets and without sleeping."""

from __future__ import annotations

import pytest

from rtpcodec import MediaSession, events
from rtpcodec.stream.machine import CLOSE_TIMEOUT_MS, CallMachine, CallTimeouts
from rtpcodec.stream.marks import MARK_TIMEOUT_MS
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)


def opened(**timeouts: float | None) -> CallMachine:
    return CallMachine(MediaSession(L16), 0.0, timeouts=CallTimeouts(**({"connected_ms": None} | timeouts)))


def started(**timeouts: float | None) -> CallMachine:
    machine = opened(**timeouts)
    machine.receive(carrier.start(), 10.0)
    assert [type(event) for event in machine.events(10.0)] == [events.Started]
    return machine


def state_of(machine: CallMachine) -> tuple[int | None, str | None, bool]:
    return machine.hangup, machine.fault, machine.cut


def run_until(machine: CallMachine, end_ms: float, step_ms: float = 5.0) -> list[tuple[float, events.Event]]:
    """Run the machine at equal intervals. Returns the events with their times."""
    found: list[tuple[float, events.Event]] = []
    now_ms = 0.0
    while now_ms <= end_ms:
        found += [(now_ms, event) for event in machine.events(now_ms)]
        machine.outgoing(now_ms)
        now_ms += step_ms
    return found


def test_without_start_the_socket_is_closed_with_1002() -> None:
    machine = opened(start_ms=5000.0)
    assert machine.next_deadline_ms == 5000.0
    assert machine.events(4999.0) == []
    assert state_of(machine) == (None, None, False)
    assert machine.events(5000.0) == [events.Stopped("closed_here")]
    assert state_of(machine) == (1002, "no start was received within 5 s", False)


def test_frames_before_start_do_not_put_its_limit_off() -> None:
    machine = opened(start_ms=5000.0, idle_ms=1000.0)
    for now_ms in range(0, 5000, 100):
        machine.touch(float(now_ms))
        assert machine.events(float(now_ms)) == []
    assert machine.events(5000.0) == [events.Stopped("closed_here")]
    assert machine.hangup == 1002


def test_a_silent_call_is_closed_with_1008() -> None:
    machine = started(start_ms=5000.0, idle_ms=30_000.0)
    machine.receive(carrier.media(), 20_000.0)
    machine.events(20_000.0)
    found = run_until(machine, 60_000.0, 100.0)
    assert found == [(50_000.0, events.Stopped("closed_here"))]
    assert (machine.hangup, machine.fault) == (1008, "no frame was received for 30 s")


@pytest.mark.parametrize("idle_ms", [500.0, 4990.0, 5000.0, 7000.0])
def test_the_idle_limit_holds_whatever_the_limit_on_start(idle_ms: float) -> None:
    machine = started(start_ms=5000.0, idle_ms=idle_ms)
    (when,) = (at_ms for at_ms, event in run_until(machine, 20_000.0) if isinstance(event, events.Stopped))
    assert when == pytest.approx(10.0 + idle_ms, abs=5.0)


def test_any_frame_proves_that_the_call_is_alive() -> None:
    machine = started(idle_ms=1000.0)
    for now_ms in range(100, 10_000, 900):
        machine.touch(float(now_ms))
        assert machine.events(float(now_ms)) == []
    assert machine.hangup is None


def test_limits_can_be_switched_off() -> None:
    machine = opened(start_ms=None, idle_ms=None)
    assert machine.next_deadline_ms is None
    assert machine.events(1e9) == []
    machine.receive(carrier.start(), 1e9)
    machine.events(1e9)
    assert machine.next_deadline_ms is None


def test_a_deadline_is_never_too_late() -> None:
    """A pump sleeps until next_deadline_ms, so everything must be due at one of these times."""
    machine = started(start_ms=5000.0, idle_ms=1000.0)
    now_ms, looks = 10.0, 0
    while machine.hangup is None:
        deadline_ms = machine.next_deadline_ms
        assert deadline_ms is not None
        assert deadline_ms > now_ms
        now_ms = deadline_ms
        machine.events(now_ms)
        machine.outgoing(now_ms)
        looks += 1
    assert now_ms == 1010.0
    assert looks <= 3


def test_stop_closes_with_1000_after_its_events() -> None:
    machine = started()
    machine.receive(carrier.STOP, 20.0)
    assert machine.hangup is None
    assert machine.events(20.0) == [events.Stopped("stop")]
    assert machine.hangup == 1000
    machine.hung_up()
    assert (machine.hangup, machine.events(30.0), machine.outgoing(30.0)) == (None, [], [])


@pytest.mark.parametrize("odd", [{"stop": "x"}, {"sequence_number": "x"}, {"stream_id": 5}, {"stop": {"user_id": []}}])
def test_a_stop_with_an_odd_member_closes_as_any_other(odd: dict[str, object]) -> None:
    machine = started()
    machine.receive(carrier.text("stop", **odd), 20.0)
    assert [type(event) for event in machine.events(20.0)] == [events.Malformed, events.Stopped]
    assert machine.hangup == 1000


def test_too_many_malformed_messages_close_with_1008() -> None:
    machine = started()
    for _ in range(20):
        machine.receive("{", 6000.0)
    assert machine.events(6000.0)[-1] == events.Stopped("malformed")
    assert machine.hangup == 1008


def test_a_socket_that_does_not_answer_the_close_is_cut() -> None:
    machine = started()
    machine.close(1000, 100.0)
    machine.events(100.0)
    machine.hung_up()
    assert machine.next_deadline_ms == 100.0 + CLOSE_TIMEOUT_MS
    machine.events(99.0 + CLOSE_TIMEOUT_MS)
    assert not machine.cut
    machine.events(100.0 + CLOSE_TIMEOUT_MS)
    assert machine.cut


def test_a_peer_that_closes_and_stays_is_cut() -> None:
    machine = started()
    machine.peer_closed(1000, 100.0)
    assert machine.events(100.0) == [events.Disconnected("socket_closed"), events.Stopped("closed")]
    assert machine.hangup is None
    machine.events(100.0 + CLOSE_TIMEOUT_MS)
    assert machine.cut


def test_a_lost_socket_needs_nothing_more() -> None:
    machine = started()
    machine.close(1000, 100.0)
    machine.lost(150.0)
    assert machine.events(150.0) == [events.Stopped("closed_here")]
    assert (machine.hangup, machine.cut, machine.next_deadline_ms) == (None, False, None)


def test_the_first_close_decides_the_code() -> None:
    machine = started()
    machine.close(1011, 100.0)
    machine.close(1000, 101.0)
    assert machine.events(101.0) == [events.Stopped("closed_here")]
    assert machine.hangup == 1011


def test_waiting_audio_is_sent_after_queued_audio_and_dropped_at_the_end() -> None:
    machine = CallMachine(MediaSession(L16, max_queue_ms=200.0), 0.0)
    machine.receive(carrier.start(), 0.0)
    machine.events(0.0)
    assert machine.plays.play(bytes(range(256)) * 50) is not None
    octets = b"".join(carrier.sent_octets(machine.outgoing(float(now_ms))) for now_ms in range(0, 300, 20))
    assert octets == (bytes(range(256)) * 50)[: len(octets)]
    assert len(octets) >= 16 * 500
    machine.receive(carrier.STOP, 300.0)
    machine.events(300.0)
    assert machine.plays.waiting_ms == 0.0


def test_an_interruption_drops_waiting_audio() -> None:
    machine = CallMachine(MediaSession(L16, max_queue_ms=200.0), 0.0)
    machine.receive(carrier.start(), 0.0)
    waiting = machine.plays.play(bytes(2 * 8 * 1000))
    machine.outgoing(0.0)
    machine.interrupt(20.0)
    assert waiting is not None
    assert waiting.ended
    assert machine.plays.waiting_ms == 0.0


def test_a_paused_socket_gets_no_texts_and_its_deadlines_wait() -> None:
    machine = started(start_ms=None, idle_ms=30_000.0)
    machine.plays.play(bytes(2 * 8 * 100))
    machine.paused = True
    assert machine.outgoing(20.0) == []
    assert machine.next_deadline_ms is not None
    assert machine.next_deadline_ms > 20_000.0
    machine.paused = False
    assert len(carrier.sent_octets(machine.outgoing(30.0))) == 2 * 8 * 100


def test_a_frame_that_is_not_a_message_is_counted_as_malformed() -> None:
    machine = started()
    machine.reject("text", "a binary message of 3 octets, messages are text", 20.0)
    assert machine.events(20.0) == [events.Malformed("text", "a binary message of 3 octets, messages are text")]


def send_what_is_due(machine: CallMachine, now_ms: float) -> None:
    """Call `outgoing` until nothing is due, as the pump does, one call per turn of the loop."""
    machine.outgoing(now_ms)
    while (deadline_ms := machine.next_deadline_ms) is not None and deadline_ms <= now_ms:
        machine.outgoing(now_ms)


def test_a_mark_of_a_socket_that_does_not_read_times_out() -> None:
    machine = started(start_ms=None, idle_ms=None)
    machine.plays.play(bytes(2 * 8 * 1000))
    machine.session.mark("m")
    machine.paused = True
    assert machine.events(100.0) == []
    deadline_ms = 100.0 + 1000.0 + MARK_TIMEOUT_MS
    assert (machine.outgoing(100.0), machine.next_deadline_ms) == ([], deadline_ms)
    assert machine.events(deadline_ms) == [events.MarkCleared("m", "timeout")]
    assert machine.next_deadline_ms is None


def test_a_sent_mark_of_a_socket_that_stops_reading_times_out() -> None:
    machine = started(start_ms=None, idle_ms=None)
    machine.session.mark("m")
    assert len(machine.outgoing(50.0)) == 1
    machine.paused = True
    assert machine.next_deadline_ms == 50.0 + MARK_TIMEOUT_MS


@pytest.mark.parametrize("send_pcm_hz", [8000, 24000])
@pytest.mark.parametrize("at_ms", [0.0, 500.0])
def test_audio_that_waits_in_plays_counts_as_queued_and_dropped(send_pcm_hz: int, at_ms: float) -> None:
    session = MediaSession(L16, max_queue_ms=200.0, send_pcm_hz=send_pcm_hz, own_marks=False)
    machine = CallMachine(session, 0.0)
    machine.receive(carrier.start(), 0.0)
    machine.plays.play(bytes(2 * send_pcm_hz * 5))
    machine.plays.play(bytes(2 * send_pcm_hz // 10))
    assert machine.queued_ms == machine.statistics(0.0).queued_ms == 5100.0
    for now_ms in range(0, int(at_ms) + 1, 20):
        send_what_is_due(machine, float(now_ms))
        assert machine.queued_ms == pytest.approx(5100.0 - 400.0 - now_ms, abs=20.0)
    queued_ms = machine.queued_ms
    found = machine.interrupt(at_ms)
    assert found.played_ms == pytest.approx(at_ms)
    assert found.dropped_ms == pytest.approx(5100.0 - at_ms)
    assert found.dropped_ms == pytest.approx(queued_ms + 400.0, abs=20.0)
    settled = events.InterruptionSettled(found, found.played_ms, found.played_uncertainty_ms)
    assert machine.events(at_ms)[-1] == settled
    assert machine.queued_ms == 0.0
