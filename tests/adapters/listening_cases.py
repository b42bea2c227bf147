"""Cases of the contract: what the app learns from the carrier."""

from __future__ import annotations

from typing import Any, ClassVar

from rtpcodec.server import Call
from tests.adapters.contract import TOKEN, Case, Line, Outcome, sentence

PARAMETERS = {"account": "7", "name": "J\u00fcrgen \u00d8"}
SPOKEN = sentence(5, 100)


class Start(Case):
    """The first `start` with the ids, the parties, the parameters, and the request."""

    async def answer(self, call: Call) -> None:
        started = call.started
        self.seen |= {
            "parameters": started.custom_parameters,
            "numbers": (started.from_number, started.to_number),
            "client_state": started.client_state,
            "ids": (started.stream_id is not None, started.call_control_id is not None),
            "format": (call.media_format.encoding, call.media_format.sample_rate_hz),
            "token": call.headers["X-Telnyx-Streaming-Auth-Token"] == TOKEN,
            "path": call.path.endswith("?queue=sales%20desk&queue=2"),
            "plan": call.plan == self.plan,
        }

    async def dial(self, line: Line) -> None:
        pairs = [{"name": name, "value": value} for name, value in PARAMETERS.items()]
        fields: dict[str, Any] = {"custom_parameters": pairs, "client_state": b"secret"}
        line = Line(line.carrier, line.control, f"{line.url}?queue=sales%20desk&queue=2")
        await (await line.stream(self.plan, fields=fields)).finished()

    expected: ClassVar[Outcome] = {
        "parameters": PARAMETERS,
        "numbers": ("+15550100001", "+15550100002"),
        "client_state": "c2VjcmV0",
        "ids": (True, True),
        "format": ("PCMU", 8000),
        "token": True,
        "path": True,
        "plan": True,
    }


class Dtmf(Case):
    """Keys arrive in their order."""

    async def answer(self, call: Call) -> None:
        digits = await call.collect_dtmf()
        self.seen["digits"] = (digits.text, digits.reason)

    async def dial(self, line: Line) -> None:
        await (await line.stream(self.plan, dtmf=[(20, "4"), (40, "2"), (60, "#")])).finished()

    expected: ClassVar[Outcome] = {"digits": ("42", "end_key")}


class Stop(Case):
    """The caller hangs up: all audio arrived, the readers end, and the handler may use the time after it."""

    async def answer(self, call: Call) -> None:
        pcm = b"".join([audio.pcm async for audio in call.audio()])
        self.seen["audio"] = pcm == SPOKEN
        self.seen["reason"] = call.end_reason

    async def dial(self, line: Line) -> None:
        report = await (await line.stream(self.plan, SPOKEN)).finished()
        await self.ended.wait()
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"audio": True, "reason": "carrier_stop", "end": ("speech_ended", 1000)}
