"""Sockets that never become calls, and a process without descriptors: real calls are still served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, EndpointSettings, half_open
from rtpcodec.server.descriptors import RESERVED, descriptors_needed, raise_limit, warn_if_short
from rtpcodec.server.half_open import DROPS_PER_TURN, HalfOpenSockets
from rtpcodec.server.handlers import record
from rtpcodec.server.tcp_listener import RECEIVE_BUFFER_OCTETS
from tests.census import Census
from tests.server.dialler import LOOPS, call, raw, run, until
from tests.server.test_tls import client_context, server_context

CHILD = "tests.isolated.few_descriptors"
LIMIT = 60
SILENT = 2 * LIMIT


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def dial_silently(port: int) -> socket.socket:
    """Connect without waiting for it, and send nothing."""
    silent = socket.socket()
    silent.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        silent.connect(("127.0.0.1", port))
    return silent


@pytest.mark.parametrize("loop", LOOPS)
def test_a_call_is_served_where_silent_sockets_use_up_all_descriptors(loop: str) -> None:
    arguments = [sys.executable, "-m", CHILD, loop, str(LIMIT), "10"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        port = int(child.stdout.readline())
        silent = [dial_silently(port) for _ in range(SILENT)]

        async def main() -> None:
            async with call(f"ws://127.0.0.1:{port}/", open_timeout=30) as carrier:
                await carrier.media()
                await carrier.stop()
                assert await carrier.close_code() == 1000

        run(main)
        for each in silent:
            each.close()
        child.stdin.close()
        cpu_s = float(child.stdout.readline())
        log = child.stdout.read()
    assert [line for line in log.splitlines() if "accept" in line] == [
        "cannot accept a connection: Too many open files; retrying every 0.1 s"
    ]
    assert len(log) < 2000
    assert cpu_s < 10, "start-up included; a loop that spins uses all of the time"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_more_silent_sockets_than_the_limit_push_out_the_oldest(loop: str, tls: bool) -> None:
    async def main() -> None:
        context = server_context() if tls else None
        serving = rtpcodec.serve(listen, ssl=context, max_calls=1, max_half_open=7, max_half_open_per_address=3)
        async with serving as endpoint, contextlib.AsyncExitStack() as opened:
            silent = [await opened.enter_async_context(raw(endpoint.port)) for _ in range(6)]
            assert [await each.reader.read() for each in silent[:2]] == [b"", b""]
            options = {"ssl": client_context()} if tls else {}
            async with call(endpoint.url, **options) as carrier:
                await carrier.stop()
                assert await carrier.close_code() == 1000
            assert await silent[2].reader.read() == b"", "the call took its place"
            assert not silent[3].reader.at_eof()
            assert endpoint._server.half_open == 3  # type: ignore[union-attr]

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize(
    "sent", [b"", b"\x16", b"GET / HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "an octet", "a half"]
)
def test_a_handshake_has_a_deadline(loop: str, tls: bool, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_open, "HANDSHAKE_TIMEOUT_S", 0.05)

    async def main() -> None:
        context = server_context() if tls else None
        async with rtpcodec.serve(listen, ssl=context, start_timeout_s=None) as endpoint, raw(endpoint.port) as silent:
            silent.write(sent)
            with contextlib.suppress(ConnectionResetError):
                await silent.reader.read()
            assert endpoint.statistics().calls_taken == 0

    run(main, loop)


def test_a_call_outlives_the_deadline_of_its_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_open, "HANDSHAKE_TIMEOUT_S", 1.0)

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, call(endpoint.url) as carrier, raw(endpoint.port) as silent:
            assert await silent.reader.read() == b""
            await carrier.media()
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)


def test_accepted_sockets_have_a_bounded_receive_buffer() -> None:
    async def main() -> None:
        sizes: list[int] = []

        async def measure(call: Call) -> None:
            opened: Any = call._pump._socket
            transport = opened._transport.underlying_transport
            sizes.append(transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))

        async with rtpcodec.serve(measure) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1000
        assert sizes[0] in (RECEIVE_BUFFER_OCTETS, 2 * RECEIVE_BUFFER_OCTETS)

    run(main)


def test_the_address_with_most_sockets_loses_the_oldest_one() -> None:
    async def main() -> None:
        cut: list[str] = []
        sockets = HalfOpenSockets(5, 4)
        for name, address in zip(
            "abcde", ["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2", "2001:db8::1"], strict=True
        ):
            sockets.add(address, partial(cut.append, name))
        assert cut == []
        sockets.add("2001:db8::2", lambda: cut.append("f"))
        assert cut == ["b"]
        assert len(sockets) == 5
        sockets.close()
        assert sorted(cut) == list("abcdef")

    run(main)


def test_sockets_that_may_become_calls_have_places_on_top() -> None:
    async def main() -> None:
        cut: list[int] = []
        free = 3
        sockets = HalfOpenSockets(4, 2, lambda: free)
        for number in range(6):
            sockets.add("192.0.2.1", partial(cut.append, number))
        assert cut == [0], "2 and 3 per address"
        for number in range(6, 9):
            sockets.add(f"192.0.2.{number}", partial(cut.append, number))
        assert cut == [0, 1], "4 and 3 in all"
        free = -1
        sockets.add("192.0.2.1", partial(cut.append, 9))
        assert cut == [0, 1, 2]
        sockets.close()

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_all_calls_of_one_proxy_may_be_dialled_at_once(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, max_calls=200) as endpoint, contextlib.AsyncExitStack() as opened:
            dialled = [await opened.enter_async_context(raw(endpoint.port)) for _ in range(200)]
            await until(lambda: endpoint.statistics().sockets_half_open == 200)
            heads = await asyncio.gather(*(each.upgrade() for each in dialled))
            assert {head.split()[1] for head in heads} == {"101"}
            assert endpoint.statistics().calls_running == 200

    run(main, loop)


def test_hosts_of_one_ipv6_network_share_their_limit() -> None:
    async def main() -> None:
        cut: list[int] = []
        sockets = HalfOpenSockets(10, 2)
        for host in range(1, 5):
            sockets.add(f"2001:db8::{host}", partial(cut.append, host))
        sockets.add("2001:db8:0:1::1", lambda: cut.append(5))
        sockets.add("fe80::1%lo", lambda: cut.append(6))
        assert cut == [1, 2]
        sockets.close()

    run(main)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_nothing_of_a_handshake_that_was_cut_lives_after(tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent sockets come by the thousand, and the cycle collector would hold all calls."""
    monkeypatch.setattr(half_open, "HANDSHAKE_TIMEOUT_S", 0.05)

    async def be_silent(port: int) -> None:
        async with raw(port) as silent:
            with contextlib.suppress(ConnectionError):
                assert await silent.reader.read() == b""

    async def main() -> None:
        context = server_context() if tls else None
        async with rtpcodec.serve(listen, ssl=context) as endpoint:
            await be_silent(endpoint.port)
            with Census() as census:
                await be_silent(endpoint.port)
                await until(lambda: endpoint.statistics().sockets_half_open == 0)
                assert await census.settled() == []

    run(main, "uvloop")


def test_late_sockets_are_cut_in_shares() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        turns: list[int] = []
        turn = 0

        def tick() -> None:
            nonlocal turn
            turn += 1
            loop.call_soon(tick)

        sockets = HalfOpenSockets(100, 100)
        for _ in range(3 * DROPS_PER_TURN + 1):
            sockets.add("192.0.2.1", lambda: turns.append(turn))
        await asyncio.sleep(half_open.HANDSHAKE_TIMEOUT_S - 0.001)
        assert turns == []
        tick()
        while len(sockets):  # noqa: ASYNC110 -- turn by turn
            await asyncio.sleep(0)
        assert sorted(turns.count(each) for each in set(turns)) == [1, *[DROPS_PER_TURN] * 3]
        sockets.close()

    run_virtual(main())


def test_a_socket_that_ended_is_not_cut_later() -> None:
    async def main() -> None:
        cut: list[int] = []
        sockets = HalfOpenSockets(1, 1)
        ended = sockets.add("192.0.2.1", lambda: cut.append(1))
        sockets.remove(ended)
        sockets.remove(ended)
        assert not sockets.drop_oldest()
        sockets.add("192.0.2.1", lambda: cut.append(2))
        assert sockets.drop_oldest()
        sockets.close()
        assert cut == [2]

    run(main)


@pytest.fixture
def soft_limit() -> Iterator[int]:
    """Lower the soft limit for one test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, before[1]))
    yield 500
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_descriptors_of_an_endpoint(tmp_path: Path) -> None:
    listening = EndpointSettings(handler=listen, max_calls=100, max_half_open=10)
    recording = EndpointSettings(handler=record(tmp_path), max_calls=100, max_half_open=10)
    assert descriptors_needed(listening) == 100 + 10 + RESERVED
    assert descriptors_needed(recording) == 300 + 10 + RESERVED, "a file per track"


def test_the_soft_limit_is_raised_to_what_is_needed(soft_limit: int) -> None:
    raise_limit(soft_limit - 1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == soft_limit
    raise_limit(soft_limit + 100)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == soft_limit + 100
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY:
        raise_limit(hard + 1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.usefixtures("soft_limit")
def test_too_few_descriptors_are_a_warning_with_all_numbers(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    warn_if_short(EndpointSettings(handler=listen, max_calls=500 - 256 - RESERVED))
    assert caplog.records == []
    warn_if_short(EndpointSettings(handler=record(tmp_path), max_calls=500))
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        (
            "RLIMIT_NOFILE is 500, and max_calls=500 needs 1820: 3 per call, 256 before the upgrade (max_half_open), "
            f"{RESERVED} for the rest; raise the limit or lower max_calls"
        )
    ]


def test_run_raises_the_limit() -> None:
    program = (
        "import resource, os, signal, rtpcodec\n"
        "async def listen(call): pass\n"
        "def ready(endpoint):\n"
        "    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "rtpcodec.run(listen, port=0, max_calls=300, on_ready=ready)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) == 300 + 256 + RESERVED
    assert done.stderr == ""
