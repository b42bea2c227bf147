"""The sockets that an endpoint listens on: shared ports, and sockets that the caller has bound."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from tests.server.dialler import LOOPS, call, raw, refused_with, run, until

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def bound(host: str = "127.0.0.1", family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    opened = socket.socket(family)
    opened.bind((host, 0))
    return opened


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("listening", [False, True], ids=["bound", "listening"])
def test_it_listens_on_a_given_socket_and_closes_it(loop: str, *, listening: bool) -> None:
    given = bound()
    if listening:
        given.listen()
    port = given.getsockname()[1]

    async def main() -> None:
        async with rtpcodec.serve(listen, sock=given) as endpoint:
            assert (endpoint.host, endpoint.port) == ("127.0.0.1", port)
            assert endpoint.url == f"ws://127.0.0.1:{port}/"
            async with call(endpoint.url):
                await until(lambda: endpoint.calls)
        assert given.fileno() == -1

    run(main, loop)


def test_a_given_socket_of_ipv6() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, sock=bound("::1", socket.AF_INET6)) as endpoint:
            assert endpoint.url == f"ws://[::1]:{endpoint.port}/"
            assert await refused_with(endpoint.url) == 101

    run(main)


def test_a_given_socket_that_others_can_reach_needs_a_token() -> None:
    with bound("0.0.0.0") as given:
        with pytest.raises(EndpointError, match=r"^host '0\.0\.0\.0' can be reached from other machines and no auth"):
            rtpcodec.serve(listen, sock=given)
        with pytest.raises(EndpointError, match=r"^host '0\.0\.0\.0' can be reached from other machines, and so can"):
            rtpcodec.serve(listen, sock=given, authorize="token", metrics=True)


@pytest.mark.parametrize(
    ("opened", "options", "message"),
    [
        (lambda: 3, {}, "sock is of type int, a socket is needed"),
        (socket.socket, {}, "sock is not bound: call its bind() first"),
        (lambda: socket.socket(socket.AF_UNIX), {}, "sock is not a TCP socket"),
        (lambda: socket.socket(type=socket.SOCK_DGRAM), {}, "sock is not a TCP socket"),
        (bound, {"port": 8080}, "sock and port=8080 are given, at most 1 is allowed"),
    ],
)
def test_sockets_that_it_cannot_listen_on_are_refused(opened: Any, options: dict[str, Any], message: str) -> None:
    given = opened()
    with pytest.raises(EndpointError) as refusal:
        rtpcodec.serve(listen, sock=given, **options)
    assert str(refusal.value) == message
    if isinstance(given, socket.socket):
        given.close()


def test_a_closed_socket_is_refused() -> None:
    given = bound()
    given.close()
    with pytest.raises(EndpointError, match=r"^sock is not bound"):
        rtpcodec.serve(listen, sock=given)


def test_a_network_in_memory_has_no_sockets() -> None:
    async def main() -> None:
        with bound() as given, pytest.raises(EndpointError, match=r"a network in memory has no sockets$"):
            async with rtpcodec.serve(listen, sock=given):
                pass

    run_virtual(main())


def test_a_port_is_shared_only_if_both_want_it() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, reuse_port=True) as first:
            async with rtpcodec.serve(listen, reuse_port=True, port=first.port) as second:
                assert second.port == first.port
            with pytest.raises(EndpointError, match=r"^cannot listen on 127\.0\.0\.1 port "):
                async with rtpcodec.serve(listen, port=first.port):
                    pass

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_draining_endpoint_leaves_its_shared_port_to_the_others(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, reuse_port=True) as old, call(old.url) as carrier:
            await until(lambda: old.calls)
            async with rtpcodec.serve(listen, reuse_port=True, port=old.port) as new:
                draining = asyncio.create_task(old.drain())
                await asyncio.sleep(0)
                for _ in range(20):
                    assert await refused_with(old.url) == 101
                assert new.statistics().calls_taken == 20
                assert not draining.done()
                await carrier.stop()
                assert await carrier.close_code() == 1000
                await draining

    run(main, loop)


def test_what_was_accepted_becomes_a_call_although_the_port_is_left() -> None:
    """No other process can serve these sockets."""

    async def main() -> None:
        async with rtpcodec.serve(listen, reuse_port=True) as endpoint, contextlib.AsyncExitStack() as sockets:
            silent = await sockets.enter_async_context(raw(endpoint.port))
            waiting = [socket.create_connection((endpoint.host, endpoint.port)) for _ in range(40)]
            draining = asyncio.create_task(endpoint.drain())
            for one in waiting:
                reader, writer = await asyncio.open_connection(sock=one)
                writer.write(UPGRADE)
                assert (await reader.readline()).split()[1] == b"101"
                writer.close()
            assert not endpoint.has_room
            with pytest.raises(EndpointError, match="draining"):
                await endpoint.stream(rtpcodec.AsyncCallControl("KEY"), "v3:a")
            silent.write(UPGRADE)
            assert (await silent.reader.readline()).split()[1] == b"101"
            assert endpoint.statistics().calls_taken == 41
            with pytest.raises(ConnectionRefusedError):
                await refused_with(endpoint.url)
            silent.writer.close()
            await draining

    run(main)
