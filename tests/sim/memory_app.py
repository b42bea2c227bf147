"""An app on the virtual clock that reads and writes messages with the standard library alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import rtpcodec
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan
from tests.pump.recorder import Recorder, network
from tests.sim.streams import media

Message = dict[str, Any]


class MemoryApp(Recorder):
    """Keeps each message and each pong with its time since `start`, and runs its steps at their times."""

    def __init__(self, socket: MemorySocket, steps: dict[float, Callable[[MemoryApp], object]]) -> None:
        super().__init__(socket)
        self.began_ms = 0.0
        self.messages: list[tuple[float, Message]] = []
        self.pong_times: list[tuple[float, bytes]] = []
        self._steps = steps

    @property
    def now_ms(self) -> float:
        return round(asyncio.get_running_loop().time() * 1000 - self.began_ms, 3)

    def received(self, text: object) -> None:
        message = json.loads(str(text))
        if message["event"] == "start":
            loop = asyncio.get_running_loop()
            self.began_ms = loop.time() * 1000
            for at_ms, step in self._steps.items():
                loop.call_later(at_ms / 1000, step, self)
        self.messages.append((self.now_ms, message))

    def ponged(self, payload: bytes) -> None:
        self.pong_times.append((self.now_ms, payload))

    def play(self, payload: bytes) -> None:
        self.socket.send(media(payload))

    def mark(self, name: str) -> None:
        self.socket.send(json.dumps({"event": "mark", "mark": {"name": name}}))

    def clear(self) -> None:
        self.socket.send('{"event":"clear"}')

    def marks(self) -> list[tuple[float, str]]:
        return [(at, message["mark"]["name"]) for at, message in self.messages if message["event"] == "mark"]


async def streamed(
    steps: dict[float, Callable[[MemoryApp], object]], *, speech_ms: int = 3000, seed: int = 0, **options: Any
) -> tuple[MemoryApp, CallReport]:
    """Stream a call to an app with these steps, by ms since `start`. Returns the app and the carrier's report."""
    apps: list[MemoryApp] = []

    def accept(socket: MemorySocket) -> MemoryApp:
        apps.append(MemoryApp(socket, steps))
        return apps[0]

    listener = network().listen("localhost", 0, lambda _target, _headers: accept)
    async with Carrier("KEY", seed) as carrier, rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
        call = carrier.new_call(bytes(16 * speech_ms), **options)
        fields = StreamPlan(send_codec="PCMU").command_fields()
        await control.start_streaming(call.call_control_id, stream_url=f"ws://localhost:{listener.port}/", **fields)
        report = await call.finished()
    listener.close()
    return apps[0], report
