"""Clients without a valid token: the delay of their refusals, and that no other client waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

import rtpcodec
from rtpcodec.errors import HandshakeRefused
from rtpcodec.pump.virtual import VirtualEventLoop, run_virtual
from rtpcodec.server import Call, half_open
from rtpcodec.server.refusal_delays import (
    FREE_REFUSALS,
    MAX_ADDRESSES,
    MAX_WAITING,
    MAX_WAITING_OCTETS,
    MAX_WAITING_PER_ADDRESS,
    RESET_S,
    RefusalDelays,
)
from tests.server.dialler import LOOPS, get, raw, refused_with, run, until
from tests.server.test_tls import client_context, server_context

TOKEN = "Zm9v-very-secret"


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def refuse(delays: RefusalDelays, times: int, address: str = "192.0.2.1", now_s: float = 0.0) -> list[float]:
    return [delays.refused(address, now_s) for _ in range(times)]


def test_the_delay_doubles_after_the_first_refusals_up_to_a_limit() -> None:
    delays = RefusalDelays()
    found = [delays.refused("192.0.2.1", 10.0 * number) for number in range(11)]
    assert found == [0, 0, 0, 0.5, 1, 2, 4, 4, 4, 4, 4]


def test_other_addresses_have_a_delay_of_their_own() -> None:
    delays = RefusalDelays()
    refuse(delays, 8)
    assert refuse(delays, 4, "192.0.2.2") == [0, 0, 0, 0.5]


def test_an_address_that_was_quiet_starts_again() -> None:
    delays = RefusalDelays()
    refuse(delays, 8)
    assert delays.refused("192.0.2.1", RESET_S - 1) == 4
    assert refuse(delays, 4, now_s=2 * RESET_S - 1) == [0, 0, 0, 0.5]


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("not:an:address", "not:another", False),
        ("", "", True),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(first: str, second: str, one: bool) -> None:
    delays = RefusalDelays()
    refuse(delays, FREE_REFUSALS, first)
    assert (delays.refused(second, 0.0) > 0) is one


def test_waiting_refusals_are_bounded_per_address_and_in_all() -> None:
    delays = RefusalDelays()
    found = refuse(delays, 100)
    assert sum(delay > 0 for delay in found) == MAX_WAITING_PER_ADDRESS == delays.waiting(0.0)
    for number in range(200):
        refuse(delays, 20, f"192.0.2.{number}")
    assert delays.waiting(0.0) == MAX_WAITING
    assert delays.waiting(4.0) == 0
    assert delays.refused("192.0.2.1", 4.0) > 0


def test_the_addresses_that_are_remembered_are_bounded() -> None:
    delays = RefusalDelays()
    for number in range(3 * MAX_ADDRESSES):
        delays.refused(f"10.0.{number // 256}.{number % 256}", 0.0)
    assert len(delays) == MAX_ADDRESSES


def test_refusals_come_later_and_later_and_a_right_token_at_once_on_the_virtual_clock() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualEventLoop)
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
            spans: list[float] = []
            for _ in range(6):
                begun = loop.time()
                with pytest.raises(HandshakeRefused):
                    await loop.network.connect(endpoint.url, {}, pytest.fail)  # type: ignore[arg-type]
                spans.append(round(loop.time() - begun, 3))
            assert spans == [0, 0, 0, 0.5, 1, 2]
            late = asyncio.create_task(loop.network.request("GET", endpoint.url.replace("ws", "http"), {}))
            await asyncio.sleep(0.1)
            assert endpoint.statistics().refusals_waiting == 1
            assert await refused_in_memory(loop, endpoint.url) == 101
            assert not late.done()
            assert (await late).status == 401
            assert endpoint.statistics().requests_unauthorized == 7
            assert endpoint.statistics().refusals_waiting == 0

    run_virtual(main())


async def refused_in_memory(loop: VirtualEventLoop, url: str) -> int:
    headers = {"x-telnyx-streaming-auth-token": TOKEN}
    client = await loop.network.connect(url, headers, lambda end: end._receiver)
    client.abort()
    return 101


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
def test_a_refusal_that_is_held_back_holds_nobody_else(tls: bool, loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpcodec.server.refusal_delays.FIRST_DELAY_S", 0.2)
    options = {"ssl": server_context()} if tls else {}
    dialled = {"ssl": client_context()} if tls else {}

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rtpcodec.serve(listen, authorize=TOKEN, **options) as endpoint:  # type: ignore[arg-type]
            url = endpoint.url.replace("127.0.0.1", "localhost") if tls else endpoint.url
            for _ in range(FREE_REFUSALS):
                assert await refused_with(url, token="wrong", **dialled) == 401
            begun = clock()
            late = asyncio.create_task(refused_with(url, token="wrong", **dialled))
            await until(lambda: endpoint.statistics().refusals_waiting == 1)
            assert await refused_with(url, token=TOKEN, **dialled) == 101
            assert await late == 401
            assert clock() - begun >= 0.2
            assert endpoint.statistics().requests_unauthorized == FREE_REFUSALS + 1
            assert endpoint.statistics().calls_refused == FREE_REFUSALS + 1

    run(main, loop)


def test_a_plain_request_is_held_back_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpcodec.server.refusal_delays.FIRST_DELAY_S", 0.1)

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
            for _ in range(FREE_REFUSALS):
                assert await get(endpoint.port, "/") == (401, "not authorized")
            begun = clock()
            assert await get(endpoint.port, "/") == (401, "not authorized")
            assert clock() - begun >= 0.1

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_sockets_that_wait_for_a_refusal_end_with_the_server_or_earlier(loop: str) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as sockets:
            async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
                for _ in range(FREE_REFUSALS):
                    await refused_with(endpoint.url)
                waiting = [await sockets.enter_async_context(raw(endpoint.port)) for _ in range(3)]
                for one in waiting:
                    one.request()
                waiting[0].frame(1, b"{}")
                await until(lambda: len(endpoint._server._late_refusals.waiting) == 3)  # type: ignore[union-attr]
                waiting[1].writer.transport.abort()
                await until(lambda: len(endpoint._server._late_refusals.waiting) == 2)  # type: ignore[union-attr]
            for one in (waiting[0], waiting[2]):
                with contextlib.suppress(ConnectionError):
                    assert await one.reader.read() == b""

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_floods_while_it_waits_is_cut(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
            for _ in range(FREE_REFUSALS):
                assert await refused_with(endpoint.url) == 401
            async with raw(endpoint.port) as flooding:
                flooding.request()
                await until(lambda: endpoint.statistics().refusals_waiting == 1)
                for _ in range(MAX_WAITING_OCTETS):
                    flooding.frame(9)
                received = b""
                with contextlib.suppress(ConnectionError):
                    received = await flooding.reader.read()
                assert received == b"", "it was cut before its refusal"
            await until(lambda: not endpoint._server._late_refusals.waiting)  # type: ignore[union-attr]

    run(main, loop)


def wrong_token_over_tls(port: int) -> socket.socket:
    """Send a request with a wrong token, and leave the connection alone."""
    secured = client_context().wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
    secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return secured


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("delayed", [False, True], ids=["at once", "held back"])
def test_a_refused_socket_that_never_ends_tls_is_cut(delayed: bool, loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of TLS needs the other side, for which event loops wait 30 s."""
    monkeypatch.setattr(half_open, "HANDSHAKE_TIMEOUT_S", 0.5)
    monkeypatch.setattr("rtpcodec.server.refusal_delays.FREE_REFUSALS", 0 if delayed else FREE_REFUSALS)
    monkeypatch.setattr("rtpcodec.server.refusal_delays.FIRST_DELAY_S", 0.05)

    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN, ssl=server_context()) as endpoint:
            left = await asyncio.to_thread(wrong_token_over_tls, endpoint.port)
            with left:
                await until(lambda: endpoint.statistics().requests_unauthorized == 1)
                await until(lambda: endpoint.statistics().sockets_half_open == 1)
                held = endpoint.statistics().descriptors_open
                assert held is not None
                await until(lambda: endpoint.statistics().sockets_half_open == 0)
                await until(lambda: endpoint.statistics().descriptors_open == held - 1)
                assert (await asyncio.to_thread(left.recv, 4096)).startswith(b"HTTP/1.1 401 ")

    run(main, loop)


def test_guessers_of_another_address_delay_nobody() -> None:
    """Loopback has a whole network of addresses."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
            for number in range(FREE_REFUSALS):
                assert await refused_with(endpoint.url, local_addr=("127.0.0.2", 0)) == 401, number
            begun = clock()
            assert await refused_with(endpoint.url, local_addr=("127.0.0.3", 0)) == 401
            assert endpoint.statistics().refusals_waiting == 0
            assert clock() >= begun

    run(main)
