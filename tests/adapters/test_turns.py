"""A peer that sends many messages at once gets its share of each turn of the event loop, on every host."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import urlsplit

import pytest

from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.server import Call
from rtpcodec.stream.events import Audio
from tests.adapters.hosts import HOSTS, App
from tests.pump.frames import TEXT
from tests.server.dialler import raw, run, until
from tests.server.test_limits import START

MESSAGES = 1000
SERVED = [name for name in HOSTS if name != "call_on"]
"""Hosts whose read loop is ours."""


def media(number: int) -> bytes:
    """Return a message whose payload is its number; some are not ASCII, which `websockets` takes by its queue."""
    payload = base64.b64encode(number.to_bytes(2)).decode()
    message = {"event": "media", "media": {"payload": payload}, "note": "é" if number % 7 == 0 else "e"}
    return json.dumps(message, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", SERVED)
def test_messages_of_one_read_are_shared_among_turns_in_their_order(name: str) -> None:
    heard: list[int] = []
    turns: list[int] = []

    async def main() -> None:
        running = asyncio.get_running_loop()
        turn, ticking = 0, True

        def tick() -> None:
            nonlocal turn
            turn += 1
            if ticking:
                running.call_soon(tick)

        def take(_call: Call, audio: Audio) -> None:
            heard.append(int.from_bytes(audio.payload))
            turns.append(turn)

        async with HOSTS[name]({"media": App(None, {"on_audio": take})}) as urls:
            target = urlsplit(urls["media"])
            async with raw(target.port or 0) as socket:
                assert (await socket.upgrade(target.path)).startswith("HTTP/1.1 101 ")
                socket.frame(TEXT, START)
                tick()
                for number in range(MESSAGES):
                    socket.frame(TEXT, media(number))
                await until(lambda: len(heard) == MESSAGES)
                ticking = False

    run(main)
    assert heard == list(range(MESSAGES))
    # A read may end within a share, and the next one begin in the same turn.
    assert max(turns.count(turn) for turn in set(turns)) <= 2 * TURN_FRAMES
