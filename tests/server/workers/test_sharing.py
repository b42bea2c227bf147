"""Two endpoints with one listening socket, in one process: which one accepts, and how one drains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Endpoint
from rtpcodec.server.workers.sockets import bound_socket
from rtpcodec.server.workers.turns import Turns
from rtpcodec.server.workers.worker_table import WorkerTable, new_table
from tests.server.dialler import LOOPS, call, refused_with, run, until
from tests.server.workers.handlers import echo


def turns_of(table: WorkerTable, number: int, endpoint: Endpoint) -> Turns:
    table.begin(number, endpoint.url)
    turns = Turns(table, number, lambda: endpoint.load(str(number), endpoint.url))
    endpoint.share(turns)
    turns.write()
    return turns


@asynccontextmanager
async def two_endpoints(max_calls: int = 100) -> AsyncIterator[tuple[list[Endpoint], list[Turns]]]:
    """Two endpoints that share a socket, as two workers do."""
    listener, table = bound_socket("127.0.0.1", 0, listening=True), new_table()
    async with AsyncExitStack() as stack:
        endpoints = [
            await stack.enter_async_context(rtpcodec.serve(echo, sock=listener.dup(), max_calls=max_calls))
            for _ in range(2)
        ]
        yield endpoints, [turns_of(table, number, endpoint) for number, endpoint in enumerate(endpoints, 1)]
    listener.close()
    table.close()


async def calls_of(stack: AsyncExitStack, endpoints: list[Endpoint], count: int) -> list[int]:
    """Open calls, and return how many each endpoint has."""
    for _ in range(count):
        await stack.enter_async_context(call(endpoints[0].url))
    return [endpoint.statistics().calls_running for endpoint in endpoints]


@pytest.mark.parametrize("loop", LOOPS)
def test_calls_go_where_fewest_are(loop: str) -> None:
    async def main() -> None:
        async with two_endpoints() as (endpoints, _), AsyncExitStack() as stack:
            assert await calls_of(stack, endpoints, 10) == [5, 5]

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_draining_endpoint_leaves_new_calls_to_the_other_and_keeps_its_own(loop: str) -> None:
    async def main() -> None:
        async with two_endpoints() as (endpoints, turns), AsyncExitStack() as stack:
            before = await calls_of(stack, endpoints, 4)
            turns[0].drain()
            after = await calls_of(stack, endpoints, 4)
            assert after == [before[0], before[1] + 4]

    run(main, loop)


def test_a_full_endpoint_refuses_nobody_while_the_other_has_room() -> None:
    async def main() -> None:
        async with two_endpoints(max_calls=2) as (endpoints, _), AsyncExitStack() as stack:
            assert await calls_of(stack, endpoints, 4) == [2, 2]
            assert await refused_with(endpoints[0].url) == 503, "both are full"

    run(main)


def test_a_burst_is_shared() -> None:
    async def main() -> None:
        async with two_endpoints() as (endpoints, _), AsyncExitStack() as stack:
            await asyncio.gather(*(stack.enter_async_context(call(endpoints[0].url)) for _ in range(20)))
            await until(lambda: sum(endpoint.statistics().calls_running for endpoint in endpoints) == 20)
            shares = [endpoint.statistics().calls_running for endpoint in endpoints]
            assert max(shares) - min(shares) <= 2

    run(main)


def test_stream_needs_an_address_of_its_own() -> None:
    async def main() -> None:
        async with two_endpoints() as (endpoints, _), rtpcodec.AsyncCallControl("KEY") as control:
            with pytest.raises(EndpointError, match=r"^all workers share this address, .* worker_port to "):
                await endpoints[0].stream(control, "v3:call")

    run(main)


def test_an_endpoint_that_is_not_open_shares_nothing() -> None:
    async def main() -> None:
        table = new_table()
        async with rtpcodec.serve(echo) as endpoint:
            turns = Turns(table, 1, lambda: endpoint.load("1", ""))
        with pytest.raises(EndpointError, match=r"^the endpoint is not open$"):
            endpoint.share(turns)
        table.close()

    run(main)


def test_the_socket_of_a_worker_alone_is_one_more() -> None:
    async def main() -> None:
        listener, table = bound_socket("127.0.0.1", 0, listening=True), new_table()
        own = bound_socket("127.0.0.1", 0)
        port = own.getsockname()[1]
        async with rtpcodec.serve(echo, sock=listener.dup()) as endpoint, AsyncExitStack() as stack:
            table.begin(1, "")
            endpoint.share(Turns(table, 1, lambda: endpoint.load("1", "")), own)
            for url in (endpoint.url, f"ws://127.0.0.1:{port}/"):
                await stack.enter_async_context(call(url))
            await until(lambda: endpoint.statistics().calls_running == 2)
        assert own.fileno() == -1
        listener.close()
        table.close()

    run(main)
