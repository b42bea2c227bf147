"""A machine over successive WebSockets in memory: its reports, its texts, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import pytest

from rtpcodec import MediaSession, events
from rtpcodec.errors import StreamEnded
from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.pump.reconnectable_pump import ReconnectablePump
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.stream.machine import CallMachine, CallTimeouts
from rtpcodec.stream.plan import StreamPlan
from tests.pump.recorder import Recorder, keep, network, settle
from tests.pump.test_pump import RecordedSink, names
from tests.stream import carrier

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)


@dataclass
class Connections:
    """A pump, its sink, and the carrier's ends of its WebSockets."""

    hold_ms: float = 1000.0
    sink: RecordedSink = field(default_factory=RecordedSink)
    carriers: list[Recorder] = field(default_factory=list)
    pump: ReconnectablePump[CallMachine] = field(init=False)

    def begin(self, socket: MemorySocket) -> ReconnectablePump[CallMachine]:
        """Take a socket: the first one, or another one."""
        if not self.carriers:
            now_ms = asyncio.get_running_loop().time() * 1000
            timeouts = CallTimeouts(ping_ms=5000.0, media_ms=None)
            machine = CallMachine(MediaSession(L16, diagnosis_s=None), now_ms, timeouts=timeouts)
            machine.hold_ms = self.hold_ms
            self.pump = ReconnectablePump(machine, socket, self.sink)
            self.pump.run()
        else:
            self.pump.attach(socket, FrameBudget(None, None, 0.0))
        return self.pump

    async def dial(self) -> Recorder:
        """Open a WebSocket as the carrier does, with `connected` and `start`."""
        listener = network().listen("localhost", 0, lambda _target, _headers: self.begin)
        dialled, dial = keep()
        await network().connect(f"ws://localhost:{listener.port}/", {}, dial)
        listener.close()
        peer = dialled[0]
        self.carriers.append(peer)
        peer.socket.send(carrier.CONNECTED)
        peer.socket.send(carrier.start())
        await settle()
        return peer


def run_with_connections(test: Callable[[Connections], Awaitable[object]], hold_ms: float = 1000.0) -> Connections:
    async def main() -> Connections:
        connections = Connections(hold_ms)
        await test(connections)
        return connections

    return run_virtual(main())


def lose(peer: Recorder, how: Literal["close", "cut"]) -> None:
    if how == "close":
        peer.socket.close(1000)
    else:
        peer.socket.abort()


def media_count(peer: Recorder) -> int:
    return sum('"media"' in text for text in peer.texts)


@pytest.mark.parametrize("how", ["close", "cut"])
def test_a_reply_continues_on_another_socket(how: Literal["close", "cut"]) -> None:
    async def test(connections: Connections) -> None:
        first = await connections.dial()
        connections.pump.machine.plays.play(bytes(2 * 8 * 3000))
        connections.pump.run()
        await asyncio.sleep(1)
        lose(first, how)
        await asyncio.sleep(0.5)
        assert names(connections.sink.found) == ["Started", "Disconnected"]
        assert connections.pump.machine.held
        assert connections.sink.gone == 0
        sent = media_count(first)
        second = await connections.dial()
        await asyncio.sleep(5)
        assert media_count(first) == sent
        # 1 s was heard: 2 s, and what is repeated, are sent again. This carrier echoes no mark, which leaves doubt.
        lost = connections.sink.found[1]
        assert isinstance(lost, events.Disconnected)
        assert 2000 / 20 <= media_count(second) <= (2000 + 40 + lost.uncertainty_ms) / 20
        assert names(connections.sink.found)[2:4] == ["Reconnected", "Started"]
        second.socket.close(1000)
        await asyncio.sleep(2)
        assert names(connections.sink.found)[-2:] == ["Disconnected", "Stopped"]
        assert connections.sink.gone == 1

    run_with_connections(test)


@pytest.mark.parametrize("how", ["close", "cut"])
def test_without_another_socket_the_hold_ends_the_call_once(how: Literal["close", "cut"]) -> None:
    async def test(connections: Connections) -> None:
        lose(await connections.dial(), how)
        await asyncio.sleep(0.9)
        assert (names(connections.sink.found), connections.sink.gone) == (["Started", "Disconnected"], 0)
        await asyncio.sleep(0.2)
        assert (names(connections.sink.found), connections.sink.gone) == (["Started", "Disconnected", "Stopped"], 1)
        with pytest.raises(StreamEnded):
            connections.begin(MemorySocket(1))

    run_with_connections(test)


@pytest.mark.parametrize("how", ["close", "cut"])
def test_without_a_hold_a_lost_line_ends_the_call_at_once(how: Literal["close", "cut"]) -> None:
    async def test(connections: Connections) -> None:
        lose(await connections.dial(), how)
        await settle()
        assert (names(connections.sink.found), connections.sink.gone) == (["Started", "Disconnected", "Stopped"], 1)

    run_with_connections(test, hold_ms=0.0)


def test_a_call_that_is_closed_during_a_hold_ends_at_once() -> None:
    async def test(connections: Connections) -> None:
        lose(await connections.dial(), "cut")
        await settle()
        connections.pump.machine.close(1000, connections.pump.now_ms(), "closed")
        connections.pump.run()
        await settle()
        assert (names(connections.sink.found), connections.sink.gone) == (["Started", "Disconnected", "Stopped"], 1)
        assert connections.pump.machine.end_reason == "closed"

    run_with_connections(test)


def test_reports_of_the_replaced_socket_do_not_arrive() -> None:
    """The old socket is still open: its buffer, its end and its echoes have no effect any more."""

    async def test(connections: Connections) -> None:
        first = await connections.dial()
        second = await connections.dial()
        first.socket.send(carrier.STOP)
        await asyncio.sleep(0.1)
        assert first.log[-1] == "lost"
        assert names(connections.sink.found) == ["Started", "Disconnected", "Reconnected", "Started"]
        assert not connections.pump.machine.held
        second.socket.send(carrier.STOP)
        await settle()
        assert names(connections.sink.found)[-1] == "Stopped"
        await asyncio.sleep(3)
        assert connections.sink.gone == 1

    run_with_connections(test)


def test_a_peer_in_a_black_hole_is_cut_and_held() -> None:
    async def test(connections: Connections) -> None:
        peer = await connections.dial()
        connections.pump.machine.plays.play(bytes(2 * 8 * 60))  # its ping is answered
        connections.pump.run()
        await asyncio.sleep(0.1)
        peer.socket.answer_ping = lambda _payload: None
        await asyncio.sleep(10.0)
        assert names(connections.sink.found)[-1] == "Disconnected"
        assert peer.log[-1] == "lost"
        assert connections.pump.machine.held
        await connections.dial()
        assert names(connections.sink.found)[-2:] == ["Reconnected", "Started"]

    run_with_connections(test)


def test_a_silent_peer_that_answers_pings_stays() -> None:
    """A phone call on hold for an hour, on the virtual clock: the endpoint's idle time-out is 30 s."""

    async def test(connections: Connections) -> None:
        await connections.dial()
        await asyncio.sleep(3600)
        assert names(connections.sink.found) == ["Started"]

    run_with_connections(test)


def test_texts_that_wait_for_a_slow_reader_wait_for_the_next_socket_instead() -> None:
    async def test(connections: Connections) -> None:
        first = await connections.dial()
        connections.pump.paused()
        connections.pump.machine.plays.play(bytes(2 * 8 * 200))
        connections.pump.run()
        lose(first, "cut")
        await settle()
        second = await connections.dial()
        await asyncio.sleep(0.3)
        assert media_count(first) == 0
        assert media_count(second) == 10

    run_with_connections(test)


def test_an_event_of_a_loss_has_its_cause() -> None:
    async def test(connections: Connections) -> None:
        lose(await connections.dial(), "close")
        await settle()
        lose(await connections.dial(), "cut")
        await settle()
        causes = [event.cause for event in connections.sink.found if isinstance(event, events.Disconnected)]
        assert causes == ["socket_closed", "socket_lost"]

    run_with_connections(test)
