"""Pings and acknowledged octets of sockets in memory, and the path of a ping through the pump."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec import MediaSession
from rtpcodec.pump import run_virtual
from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.pump.memory_socket import RECEIVE_BUFFER_OCTETS
from rtpcodec.pump.pump import Pump
from rtpcodec.stream.machine import CallMachine, CallTimeouts
from tests.pump.recorder import Recorder, network, open_recorders, settle
from tests.pump.test_pump import L16, RecordedSink, RecordedSocket, opened
from tests.stream import carrier


def test_a_pong_repeats_its_ping_and_proves_that_all_before_it_was_read() -> None:
    class Slow(Recorder):
        def received(self, text: object) -> None:
            super().received(text)
            self.socket.pause_reading()
            asyncio.get_running_loop().call_later(1, self.socket.resume_reading)

    async def main() -> None:
        server, client = await open_recorders(network(), server=Slow)
        client.socket.send("first")
        client.socket.send("second")
        assert client.socket.ping(b"behind two")
        client.socket.send("third")
        await asyncio.sleep(0.5)
        assert (server.log, client.pongs) == (["first"], [])
        await asyncio.sleep(1)
        assert (server.log, client.pongs) == (["first", "second"], [])
        await asyncio.sleep(1)
        assert (server.log, client.pongs) == (["first", "second", "touched", "third"], [b"behind two"])

    run_virtual(main())


def test_a_program_may_answer_pings_when_it_wants() -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        held: list[bytes] = []
        server.socket.answer_ping = held.append
        client.socket.ping(b"a")
        await settle()
        assert (held, server.log, client.pongs) == ([b"a"], ["touched"], [])
        server.socket.pong(b"a")
        server.socket.pong(b"unsolicited")
        await settle()
        assert client.pongs == [b"a", b"unsolicited"]

    run_virtual(main())


def test_pongs_do_not_pile_up_for_an_end_that_does_not_read() -> None:
    async def main() -> None:
        network().max_unread_octets = 10
        server, client = await open_recorders(network())
        client.socket.pause_reading()
        server.socket.send("more than ten")
        for _ in range(1000):
            client.socket.ping(bytes(100))
        await settle()
        assert server.socket.unsent_octets == 13
        client.socket.resume_reading()
        await settle()
        client.socket.ping(b"reads again")
        await settle()
        assert client.pongs == [b"reads again"]

    run_virtual(main())


@pytest.mark.parametrize("how", ["close", "abort"])
def test_after_the_end_a_ping_is_not_sent(how: str) -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        if how == "close":
            client.socket.close(1000)
        else:
            client.socket.abort()
        assert not client.socket.ping(b"late")
        client.socket.pong(b"late")
        await settle()
        assert b"late" not in server.pongs
        assert client.socket.unacknowledged_octets == 0
        client.socket.hold_acknowledgements(hold=True)

    run_virtual(main())


# Acknowledged octets


def test_what_is_not_read_is_acknowledged_up_to_the_buffer_of_the_system() -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        server.socket.pause_reading()
        client.socket.send("x" * RECEIVE_BUFFER_OCTETS)
        assert (client.socket.unsent_octets, client.socket.unacknowledged_octets) == (RECEIVE_BUFFER_OCTETS, 0)
        client.socket.send("x" * 100)
        client.socket.ping(b"12")
        assert client.socket.unacknowledged_octets == 104
        server.socket.resume_reading()
        await settle()
        assert client.socket.unacknowledged_octets == server.socket.unacknowledged_octets == 0

    run_virtual(main())


def test_held_acknowledgements_count_all_that_was_sent_since() -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        client.socket.send("before")
        await settle()
        server.socket.hold_acknowledgements(hold=True)
        server.socket.hold_acknowledgements(hold=True)
        client.socket.send("é")
        client.socket.send("12345")
        await settle()
        assert server.texts == ["before", "é", "12345"], "held or not, it is read"
        assert client.socket.unacknowledged_octets == 7
        server.socket.hold_acknowledgements(hold=False)
        assert client.socket.unacknowledged_octets == 0

    run_virtual(main())


# The pump


def round_trip_ms(pump: Pump[CallMachine]) -> float | None:
    """The round trip by the session's statistics."""
    return pump.machine.statistics(pump.now_ms()).round_trip_ms


def test_a_ping_goes_behind_the_texts_of_its_run_and_its_pong_is_a_round_trip() -> None:
    async def main() -> None:
        pump, socket = opened(RecordedSink())
        pump.received(carrier.start())
        assert socket.pings == []
        pump.machine.plays.play(bytes(2 * 8 * 100))
        pump.run()
        assert [texts for texts, _ in socket.pings] == [5]
        assert pump.machine.ping is None
        pump.run()
        assert len(socket.pings) == 1
        await asyncio.sleep(0.125)
        assert round_trip_ms(pump) is None
        pump.ponged(socket.pings[0][1])
        assert round_trip_ms(pump) == pytest.approx(125.0)

    run_virtual(main())


def test_no_other_pong_is_a_round_trip() -> None:
    async def main() -> None:
        pump, socket = opened(RecordedSink())
        pump.received(carrier.start())
        for payload in (b"", b"unasked"):
            pump.ponged(payload)
        pump.machine.plays.play(bytes(2 * 8 * 100))
        pump.run()
        asked = socket.pings[0][1]
        for payload in (b"", asked[:-1], asked + b" "):
            pump.ponged(payload)
        assert round_trip_ms(pump) is None
        await asyncio.sleep(0.01)
        pump.ponged(asked)
        await asyncio.sleep(0.01)
        pump.ponged(asked)
        assert round_trip_ms(pump) == pytest.approx(10.0), "the repetition is not one"

    run_virtual(main())


def test_pongs_keep_a_call_alive_and_count_in_its_budget() -> None:
    async def main() -> None:
        pump, socket = opened(RecordedSink(), start_ms=None, idle_ms=1000.0)
        pump.received(carrier.start())
        for _ in range(5):
            await asyncio.sleep(0.9)
            pump.ponged(b"alive")
        assert socket.close_codes == []
        await asyncio.sleep(1.1)
        assert socket.close_codes == [1008]

        socket = RecordedSocket()
        now_ms = asyncio.get_running_loop().time() * 1000
        machine = CallMachine(MediaSession(L16), now_ms, timeouts=CallTimeouts())
        flooded = Pump(machine, socket, None, FrameBudget(10.0, None, now_ms))
        for _ in range(121):
            flooded.ponged(b"flood")
        assert socket.close_codes == [1008]

    run_virtual(main())


def test_a_socket_that_cannot_ping_is_asked_once() -> None:
    class Deaf(RecordedSocket):
        def ping(self, payload: bytes) -> bool:
            super().ping(payload)
            return False

    async def main() -> None:
        socket = Deaf()
        pump = Pump(CallMachine(MediaSession(L16), 0.0), socket)
        pump.received(carrier.start())
        pump.machine.plays.play(bytes(2 * 8 * 1000))
        pump.run()
        await asyncio.sleep(2)
        assert len(socket.texts) > 50
        assert len(socket.pings) == 1
        pump.ponged(socket.pings[0][1])
        assert round_trip_ms(pump) is None

    run_virtual(main())


def test_the_machine_can_read_the_backlog_for_as_long_as_the_socket_lives() -> None:
    async def main() -> list[Any]:
        pump, socket = opened(RecordedSink())
        backlog = pump.machine.backlog
        assert backlog is not None
        found: list[Any] = [backlog()]
        socket.unacknowledged_octets = 77
        found.append(backlog())
        pump.lost()
        return [*found, pump.machine.backlog]

    assert run_virtual(main()) == [0, 77, None]
