"""Calls that continue hold no more memory than calls that have just settled, on the virtual clock."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.pump.socket import Receiver
from tests.isolated.leaks import rss_octets

SETTLED_S = 15
"""Audio after which a call has filled what it keeps: 5 s of what was sent, the last 16 round trips."""
MARK = re.compile(r'"mark":\{"name":"([^"]*)"')
START = {"event": "start", "start": {"media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}}}


class Carrier:
    """The socket of one call: it plays what it gets, and returns marks and pongs."""

    unacknowledged_octets = None
    receiver: Receiver

    def __init__(self, chunk_ms: int) -> None:
        self._chunk_ms = chunk_ms
        self._payload = base64.b64encode(bytes(at % 100 for at in range(8 * chunk_ms))).decode()
        self._chunk = 0
        self._played_s = 0.0
        self.heard_ms = 0.0

    def send(self, text: str) -> None:
        loop = asyncio.get_running_loop()
        if text.startswith('{"event":"media"'):
            sent_ms = len(json.loads(text)["media"]["payload"]) // 4 * 3 / 8
            self.heard_ms += sent_ms
            self._played_s = max(self._played_s, loop.time()) + sent_ms / 1000
        found = MARK.search(text)
        if found is not None:
            echo = json.dumps({"event": "mark", "mark": {"name": found.group(1)}})
            loop.call_at(self._played_s + 0.05, self.receiver.received, echo)

    def ping(self, payload: bytes) -> bool:
        asyncio.get_running_loop().call_later(0.03, self.receiver.ponged, payload)
        return True

    def close(self, _code: int) -> None:
        asyncio.get_running_loop().call_soon(self.receiver.lost)

    def abort(self) -> None:
        asyncio.get_running_loop().call_soon(self.receiver.lost)

    def detach(self) -> None:
        pass

    def speak(self) -> None:
        at_ms = self._chunk * self._chunk_ms
        self._chunk += 1
        media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": str(at_ms), "payload": self._payload}
        message = {"event": "media", "sequence_number": str(self._chunk + 1), "media": media}
        self.receiver.received(json.dumps(message))


async def echo(call: rtpcodec.Call) -> None:
    async for audio in call.audio():
        await call.play(audio)


async def answer(call: rtpcodec.Call) -> None:
    """Play the first 20 ms of each chunk."""
    async for audio in call.audio():
        await call.play(audio.pcm[:320])


def play(call: rtpcodec.Call, audio: rtpcodec.Audio) -> None:
    call.play(audio)


def grown(held_octets: Callable[[], int], calls: int, seconds: int, chunk_ms: int, **receiver: Any) -> int:
    """Return the octets that calls hold more after this number of seconds than once they have settled."""

    async def speak(carriers: list[Carrier], duration_s: int) -> int:
        for _ in range(duration_s * 1000 // chunk_ms):
            for carrier in carriers:
                carrier.speak()
            await asyncio.sleep(chunk_ms / 1000)
        gc.collect()
        return held_octets()

    async def main() -> int:
        async with rtpcodec.serve(**receiver, port=8080, max_calls=calls) as endpoint:
            carriers = []
            for _ in range(calls):
                carrier: Any = Carrier(chunk_ms)
                carrier.receiver = endpoint.accept(carrier, "/", {})
                carrier.receiver.received(json.dumps(START))
                carriers.append(carrier)
            settled = await speak(carriers, SETTLED_S)
            more = await speak(carriers, seconds)
            assert min(carrier.heard_ms for carrier in carriers) >= (SETTLED_S + seconds - 2) * 20
            return more - settled

    return run_virtual(main())


@pytest.mark.parametrize("receiver", [{"handler": echo}, {"on_audio": play}], ids=["handler", "on_audio"])
def test_a_call_that_continues_holds_as_much_as_a_settled_one(receiver: dict[str, Any]) -> None:
    grown(lambda: 0, 1, 1, 20, **receiver)  # what the process keeps from its first call on
    tracemalloc.start(1)
    try:
        octets = grown(lambda: tracemalloc.get_traced_memory()[0], 1, 15, 20, **receiver)
    finally:
        tracemalloc.stop()
    assert octets < 8000, "some chunks may be on their way; a leak of 16 octets per message would be 12,000"


@pytest.mark.long
@pytest.mark.hours
def test_200_calls_of_ten_minutes_hold_as_much_as_settled_ones() -> None:
    # 600 chunks each, and as many answers
    assert grown(rss_octets, 200, 600, 1000, handler=answer) < 200 * 4096
