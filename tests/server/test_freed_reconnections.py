"""A call whose WebSocket was lost is freed at once when it ends, however its reconnection went."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

import rtpcodec
from rtpcodec.errors import StreamEnded, StreamNotStarted
from rtpcodec.server import Call, Endpoint
from tests.census import Census
from tests.server.dialler import run, until
from tests.server.manual_carrier import ManualCarrier, begun
from tests.server.reconnection import EndOfCall


async def ask(call: Call) -> None:
    """Reconnect. The error ends here, because a task that a frame keeps would keep it."""
    with suppress(StreamNotStarted, StreamEnded):
        await call.reconnect()


async def until_held(call: Call) -> None:
    await until(lambda: call._pump.machine.held)


async def reconnected(_endpoint: Endpoint, carrier: ManualCarrier, call: Call) -> None:
    waiting = asyncio.create_task(ask(call))
    await until(lambda: len(carrier.starts) == 2)
    async with carrier.dial(1) as second:
        await second.start()
        await waiting
        call.close()
        await second.close_code()


async def hung_up(endpoint: Endpoint, carrier: ManualCarrier, call: Call) -> None:
    waiting = asyncio.create_task(ask(call))
    await until(lambda: len(carrier.starts) == 2)
    endpoint.webhook(EndOfCall())
    await waiting


async def closed(_endpoint: Endpoint, carrier: ManualCarrier, call: Call) -> None:
    waiting = asyncio.create_task(ask(call))
    await until(lambda: len(carrier.starts) == 2)
    call.close()
    await waiting


async def withdrawn(_endpoint: Endpoint, carrier: ManualCarrier, call: Call) -> None:
    waiting = asyncio.create_task(ask(call))
    await until(lambda: len(carrier.starts) == 2)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting


async def left(_endpoint: Endpoint, _carrier: ManualCarrier, call: Call) -> None:
    await until(lambda: call.ended)


@pytest.mark.parametrize("act", [reconnected, hung_up, closed, withdrawn, left])
def test_nothing_of_a_call_lives_after_a_lost_socket(
    act: Callable[[Endpoint, ManualCarrier, Call], Awaitable[None]],
) -> None:
    async def one(endpoint: Endpoint) -> None:
        carrier = ManualCarrier()
        async with begun(endpoint, carrier) as (call, dialler):
            dialler.socket.transport.abort()
            await until_held(call)
            await act(endpoint, carrier, call)
            del call
        await until(lambda: not endpoint.statistics().calls_running)

    async def main() -> None:
        async with rtpcodec.serve(disconnect_hold_s=0.1) as endpoint:
            await one(endpoint)
            with Census() as census:
                await one(endpoint)
                assert await census.settled() == []

    run(main, "uvloop")
