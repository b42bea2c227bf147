"""Calls whose handlers do not read hold a limited number of octets together, and other calls lose nothing."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError
from rtpcodec.server import EndpointSettings
from rtpcodec.stream.memory_budget import FREE_OCTETS
from tests.server.dialler import dial, run, until

LIMIT = 2_000_000
HOSTILE = 4
PARTS = 2
"""Of a call that hold its events: its reader, and what is kept for readers to come."""
MESSAGES = 60
LONG = "\U0001f600" * 15_000
"""Four octets per character, in UTF-8 and in memory."""


def test_eight_peers_do_not_fill_the_memory() -> None:
    honest: list[events.Event] = []

    async def main() -> None:
        read = asyncio.Event()

        async def handler(call: rtpcodec.Call) -> None:
            reader = call.events()
            await read.wait()
            (honest if call.path == "/honest" else []).extend([event async for event in reader])

        serving = rtpcodec.serve(handler, path=None, max_held_octets=LIMIT, idle_timeout_s=None)
        async with serving as endpoint, asyncio.TaskGroup() as group:
            flooded = [asyncio.Event() for _ in range(HOSTILE)]

            async def flood(done: asyncio.Event) -> None:
                async with dial(endpoint.url) as carrier:
                    await carrier.start()
                    for _ in range(MESSAGES):
                        text = {"event": "dtmf", "dtmf": {"digit": "1"}, "occurred_at": LONG}
                        await carrier.socket.send(json.dumps(text, ensure_ascii=False))
                    await carrier.send(event="last")
                    done.set()
                    await read.wait()

            async def call_honestly() -> None:
                async with dial(f"{endpoint.url}honest") as carrier:
                    await carrier.start()
                    for _ in range(50):
                        await carrier.media()
                    await asyncio.gather(*(done.wait() for done in flooded))
                    for _ in range(50):
                        await carrier.media()
                    total = HOSTILE * (MESSAGES + 3) + 102
                    await until(lambda: endpoint.statistics().messages_received == total)
                    statistics = endpoint.statistics()
                    assert statistics.held_octets <= LIMIT
                    assert statistics.dropped_events > HOSTILE * MESSAGES / 2
                    held = sum(runner.readers.octets for runner in endpoint._running)
                    assert held <= LIMIT + PARTS * (HOSTILE + 1) * FREE_OCTETS
                    read.set()

            for done in flooded:
                group.create_task(flood(done))
            group.create_task(call_honestly())

    run(main)
    assert sum(isinstance(event, events.Audio) for event in honest) == 100
    assert not any(isinstance(event, events.Overrun) for event in honest)


def test_what_calls_held_is_given_back_when_they_end() -> None:
    async def main() -> None:
        async def handler(call: rtpcodec.Call) -> None:
            async for event in call.events():
                if isinstance(event, events.Stopped):
                    return

        async with rtpcodec.serve(handler) as endpoint:
            for _ in range(3):
                async with dial(endpoint.url) as carrier:
                    await carrier.start(tags=["x" * 10_000])
                    for _ in range(20):
                        await carrier.send(event="other", text="x" * 60_000)
                    await carrier.stop()
                    assert await carrier.close_code() == 1000
            await endpoint.drain()
            await until(lambda: not endpoint.calls and not gc.collect())
            assert endpoint.statistics().calls_failed == 0
            assert endpoint.statistics().held_octets == 0

    run(main)


def test_a_message_in_fragments_is_refused_where_nothing_is_left_of_the_budget() -> None:
    async def main() -> None:
        async def handler(call: rtpcodec.Call) -> None:
            async for _ in call.events():
                pass

        async with rtpcodec.serve(handler, max_held_octets=0) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start()
            await carrier.socket.send(part for part in ("x" * 100_000,) * 4)
            assert await carrier.close_code() == 1013

    run(main)


def test_the_limit_is_checked() -> None:
    with pytest.raises(EndpointError, match=r"^max_held_octets is -1, at least 0 is needed$"):
        EndpointSettings(max_held_octets=-1)
