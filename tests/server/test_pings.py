"""Pings of the endpoint and its unacknowledged octets, on real sockets: other libraries and raw octets answer."""

from __future__ import annotations

import array
import asyncio
import fcntl
import socket
import ssl
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump.pump import Pump
from rtpcodec.server import Call
from rtpcodec.stream.machine import CallMachine
from tests.pump.frames import PING, PONG, TEXT, Frame, next_frame
from tests.server.dialler import LOOPS, RawSocket, call, raw, run, until
from tests.server.test_limits import START
from tests.server.test_tls import client_context, server_context

TLS = {"plain": False, "TLS": True}


class Held:
    """A handler that stays, and its pump."""

    def __init__(self) -> None:
        self.pumps: list[Pump[CallMachine]] = []
        self.leave = asyncio.Event()

    async def __call__(self, call: Call) -> None:
        self.pumps.append(call._pump)
        await self.leave.wait()

    async def pump(self) -> Pump[CallMachine]:
        await until(lambda: self.pumps)
        return self.pumps[0]


def speak(pump: Pump[CallMachine], duration_ms: int) -> None:
    """Play silence, after which a ping is sent."""
    pump.machine.plays.play(bytes(16 * duration_ms))
    pump.run()


def round_trip_ms(pump: Pump[CallMachine]) -> float | None:
    return pump.machine.statistics(pump.now_ms()).round_trip_ms


def contexts(*, tls: bool) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    return (server_context(), client_context()) if tls else (None, None)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("tls", TLS.values(), ids=TLS)
def test_the_pong_of_another_library_gives_the_round_trip(loop: str, *, tls: bool) -> None:
    async def main() -> None:
        handler = Held()
        server_side, client_side = contexts(tls=tls)
        # picows sends its own pings as well.
        async with (
            rtpcodec.serve(handler, ssl=server_side, ping_interval_s=0.05) as endpoint,
            call(endpoint.url, **({"ssl": client_side} if tls else {})) as dialler,
        ):
            pump = await handler.pump()
            assert round_trip_ms(pump) is None
            begun_ms = pump.now_ms()
            speak(pump, 60)  # the library reads no more than 16 messages ahead
            await until(lambda: round_trip_ms(pump) is not None)
            measured_ms = round_trip_ms(pump)
            assert measured_ms is not None
            assert 0 <= measured_ms <= pump.now_ms() - begun_ms
            await asyncio.sleep(0.12)  # time for two of picows
            assert not pump.machine.session.ended
            handler.leave.set()
            assert await dialler.close_code() == 1000

    run(main, loop)


@asynccontextmanager
async def raw_call(endpoint: Any, handler: Held) -> AsyncIterator[tuple[RawSocket, Pump[CallMachine]]]:
    async with raw(endpoint.port) as peer:
        assert (await peer.upgrade()).startswith("HTTP/1.1 101 ")
        peer.frame(TEXT, START)
        yield peer, await handler.pump()
        handler.leave.set()


async def barrier(peer: RawSocket, pump: Pump[CallMachine]) -> None:
    """Wait until the endpoint has read everything that was sent so far."""
    peer.frame(PING, b"all read?")
    while await next_frame(peer.reader) != Frame(PONG, b"all read?"):
        pass


@pytest.mark.parametrize("own", [None, 30.0], ids=["alone", "beside picows' own"])
def test_wrong_and_unsolicited_pongs_do_nothing(own: float | None) -> None:
    async def main() -> None:
        handler = Held()
        async with (
            rtpcodec.serve(handler, ping_interval_s=own) as endpoint,
            raw_call(endpoint, handler) as (peer, pump),
        ):
            peer.frame(PONG, b"unsolicited")
            peer.frame(PONG)
            await barrier(peer, pump)
            speak(pump, 20)
            while (asked := await next_frame(peer.reader)).opcode != PING:
                pass
            for wrong in (b"", b"wrong", asked.payload + b" and more", b"\xff" * 125):
                peer.frame(PONG, wrong)
            await barrier(peer, pump)
            assert round_trip_ms(pump) is None
            peer.frame(PONG, asked.payload)
            await barrier(peer, pump)
            assert round_trip_ms(pump) is not None
            assert not pump.machine.session.ended

    run(main)


def test_the_ping_arrives_behind_the_texts_that_were_due() -> None:
    async def main() -> None:
        handler = Held()
        async with rtpcodec.serve(handler) as endpoint, raw_call(endpoint, handler) as (peer, pump):
            speak(pump, 60)
            frames = [await next_frame(peer.reader) for _ in range(6)]
            assert [frame.opcode for frame in frames] == [TEXT] * 5 + [PING], "three of audio and two marks"

    run(main)


def test_after_a_close_frame_no_ping_is_sent() -> None:
    async def main() -> None:
        handler = Held()
        async with rtpcodec.serve(handler) as endpoint, raw_call(endpoint, handler) as (peer, pump):
            pump.machine.close(1000, pump.now_ms())
            pump.run()
            pump.machine.ping = b"late"
            pump.run()
            assert pump.machine.ping is None
            assert await peer.close_code() == 1000
            peer.write(Frame(8, (1000).to_bytes(2)).octets(from_client=True))
            assert await peer.reader.read() == b""

    run(main)


# Unacknowledged octets

pytest_linux = pytest.mark.skipif(sys.platform != "linux", reason="FIONREAD beside TIOCOUTQ: another system counts")


def unread(peer: socket.socket) -> int:
    """Octets that the system of the peer has received and the peer has not read."""
    found = array.array("i", (0,))
    fcntl.ioctl(peer.fileno(), termios.FIONREAD, found)
    return found[0]


async def upgraded(port: int) -> socket.socket:
    """An upgraded socket with a small buffer, which the test reads itself."""
    loop = asyncio.get_running_loop()
    peer = socket.socket()
    peer.setblocking(False)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await loop.sock_connect(peer, ("127.0.0.1", port))
    request = (
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n"
    )
    await loop.sock_sendall(peer, request.encode())
    while not (await loop.sock_recv(peer, 4096)).endswith(b"\r\n\r\n"):
        pass
    await loop.sock_sendall(peer, Frame(TEXT, START).octets(from_client=True))
    return peer


@pytest_linux
@pytest.mark.parametrize("loop", LOOPS)
def test_what_the_other_system_has_not_received_is_unacknowledged(loop: str) -> None:
    """Compared with the other system's count of received octets, and finally with the octets themselves."""

    async def main() -> None:
        handler = Held()
        async with rtpcodec.serve(handler, lead_ms=None) as endpoint:
            peer = await upgraded(endpoint.port)
            pump = await handler.pump()
            backlog = pump.machine.backlog
            assert backlog is not None
            await until(lambda: backlog() == 0)
            pump.machine.plays.play(bytes(16 * 10_000))  # 10 s in 500 messages of 260 octets
            pump.run()
            while pump.machine.session.queued_ms and not pump.machine.paused:
                await asyncio.sleep(0)
                pump.run()
            unacknowledged = backlog()
            assert unacknowledged is not None
            assert unacknowledged > 100_000, "nearly all, behind a window of a few kB"
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)  # a window that opens at once
            before = got = 0
            while backlog() or unread(peer):
                before = max(before, unread(peer))
                got += len(await asyncio.get_running_loop().sock_recv(peer, 65536))
            # Received octets whose acknowledgement is on its way count in both.
            assert got - before <= unacknowledged <= got
            peer.close()
            await until(lambda: pump.machine.backlog is None)

    run(main, loop)


@pytest_linux
@pytest.mark.parametrize("loop", LOOPS)
def test_below_tls_the_octets_of_the_system_count(loop: str) -> None:
    async def main() -> None:
        handler = Held()
        server_side, client_side = contexts(tls=True)
        async with (
            rtpcodec.serve(handler, lead_ms=None, ssl=server_side) as endpoint,
            call(endpoint.url, ssl=client_side) as dialler,
        ):
            pump = await handler.pump()
            backlog = pump.machine.backlog
            assert backlog is not None
            dialler.socket.transport.pause_reading()
            while (backlog() or 0) < 100_000 and not pump.machine.paused:
                if pump.machine.queued_ms < 1000:
                    pump.machine.plays.play(bytes(16 * 10_000))
                pump.run()
                await asyncio.sleep(0)
            assert (backlog() or 0) >= 100_000, "of which the loop's buffer holds at most 64 KiB"
            pump.machine.interrupt(pump.now_ms())
            dialler.socket.transport.resume_reading()
            reading = asyncio.create_task(dialler.close_code())
            await until(lambda: backlog() == 0)
            handler.leave.set()
            await reading

    run(main, loop)
