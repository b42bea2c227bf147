"""The simulator as Twilio: every message as its documents write it, and the app's messages read strictly.

The texts stand here by hand, as in the documents (docs/twilio.md, Messages): a witness apart from both sides.
"""

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
    """Keeps each message with its time since `start`; its steps then run at their times."""

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
            self.stream_sid = message["streamSid"]
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
    """Stream one call of Twilio to an app with these steps, by ms since `start` came."""
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


def test_a_two_way_stream_is_exactly_this() -> None:
    app, report = streamed(
        {50: lambda app: app.say("mark", mark={"name": "my label"})},
        speech=bytes(16 * 60),
        dtmf=((30.0, "1"),),
        stream={"parameters": {"FirstName": "Jane", "RemoteParty": "Bob"}},
    )
    call, stream = report.call_control_id, report.stream_id
    account = app.of("start")[0]["start"]["accountSid"]
    payload = b64encode(SILENCE).decode()
    assert [len(one) for one in (call, stream, account)] == [34, 34, 34]
    assert (call[:2], stream[:2], account[:2]) == ("CA", "MZ", "AC")

    def chunk(number: int, sequence: int) -> dict[str, Any]:
        body = {"track": "inbound", "chunk": str(number), "timestamp": str(20 * (number - 1)), "payload": payload}
        return {"event": "media", "sequenceNumber": str(sequence), "media": body, "streamSid": stream}

    assert app.messages == [
        (0.0, {"event": "connected", "protocol": "Call", "version": "1.0.0"}),
        (
            0.0,
            {
                "event": "start",
                "sequenceNumber": "1",
                "start": {
                    "accountSid": account,
                    "streamSid": stream,
                    "callSid": call,
                    "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": {"FirstName": "Jane", "RemoteParty": "Bob"},
                },
                "streamSid": stream,
            },
        ),
        (20.0, chunk(1, 2)),
        (
            30.0,
            {
                "event": "dtmf",
                "streamSid": stream,
                "sequenceNumber": "3",
                "dtmf": {"track": "inbound_track", "digit": "1"},
            },
        ),
        (40.0, chunk(2, 4)),
        (50.0, {"event": "mark", "streamSid": stream, "sequenceNumber": "5", "mark": {"name": "my label"}}),
        (60.0, chunk(3, 6)),
        (
            80.0,
            {
                "event": "stop",
                "sequenceNumber": "7",
                "stop": {"accountSid": account, "callSid": call},
                "streamSid": stream,
            },
        ),
    ]


def test_the_caller_hears_the_media_of_the_app_and_its_mark_returns_behind_it() -> None:
    def speak(app: TwilioApp) -> None:
        app.play(TONE)
        app.say("mark", mark={"name": "said"})

    app, report = streamed({40: speak})
    assert [(at, message["mark"]) for at, message in app.messages if message["event"] == "mark"] == [
        (60.0, {"name": "said"})
    ]
    assert report.heard_pcm[640:960] == rtpcodec.pcmu_decode(TONE)
    assert (report.media_received, report.marks_returned, report.errors_sent, report.warnings) == (1, 1, 0, ())
