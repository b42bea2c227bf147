"""An app of Twilio's Media Streams on the virtual clock, which reads and writes with the standard library alone."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.sim import CallReport, Carrier
from tests.pump.recorder import Recorder, network

TONE = rtpcodec.pcmu_encode(b"\x10\x20" * 160)
SILENCE = rtpcodec.pcmu_encode(bytes(320))


class TwilioApp(Recorder):
    """Keeps each message with its time since `start`, and runs its steps at their times."""

    def __init__(self, socket: MemorySocket, steps: dict[float, Callable[[TwilioApp], object]]) -> None:
        super().__init__(socket)
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.began_ms = 0.0
        self.stream_sid = ""
        self._steps = steps

    @property
    def now_ms(self) -> float:
        return round(asyncio.get_running_loop().time() * 1000 - self.began_ms, 3)

    def received(self, text: object) -> None:
        message = json.loads(str(text))
        if message["event"] == "start":
            loop = asyncio.get_running_loop()
            self.began_ms = loop.time() * 1000
            self.stream_sid = message.get("streamSid", "")
            for at_ms, step in self._steps.items():
                loop.call_later(at_ms / 1000, step, self)
        self.messages.append((self.now_ms, message))

    def say(self, event: str, **members: Any) -> None:
        self.socket.send(json.dumps({"event": event, "streamSid": self.stream_sid, **members}))

    def play(self, payload: bytes) -> None:
        self.say("media", media={"payload": b64encode(payload).decode()})

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for _, message in self.messages if message["event"] == event]


def streamed(
    steps: dict[float, Callable[[TwilioApp], object]] | None = None,
    *,
    speech: bytes = bytes(16 * 200),
    stream: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[TwilioApp, CallReport]:
    """Stream one call of Twilio to an app with these steps, by ms since `start`."""
    apps: list[TwilioApp] = []

    def accept(socket: MemorySocket) -> TwilioApp:
        apps.append(TwilioApp(socket, steps or {}))
        return apps[0]

    async def main() -> CallReport:
        listener = network().listen("localhost", 0, lambda _target, _headers: accept)
        async with Carrier(dialect="twilio") as carrier:
            call = carrier.new_call(speech, **options)
            call.stream_to(f"ws://localhost:{listener.port}/media", **stream or {})
            report = await call.finished()
        listener.close()
        return report

    report = run_virtual(main())
    return apps[0], report
