"""Cases of the contract: what the app learns from the carrier."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rtpcodec import events
from rtpcodec.server import Call
from rtpcodec.sim import MarkHabits, Variations
from rtpcodec.stream.connection import MAX_MALFORMED_IN_A_ROW
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.contract import DIALLING, SPEECH, TOKEN, CarrierSide, Case, Outcome, sentence
from tests.lateness import without_silence
from tests.server import dialler as by_hand

PARAMETERS = {"account": "7", "name": "J\u00fcrgen \u00d8"}
QUERY = "queue=sales%20desk&queue=2"
SPOKEN = sentence(6, 100)


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
            "token": call.headers.get("X-Telnyx-Streaming-Auth-Token"),
            "query": call.path.partition("?")[2],
            "plan": call.plan == self.plan,
        }

    async def dial(self, carrier_side: CarrierSide) -> None:
        carrier_side = replace(carrier_side, url=f"{carrier_side.url}?{QUERY}")
        await (
            await carrier_side.stream(self.plan, parameters=PARAMETERS, fields={"client_state": b"secret"})
        ).finished()

    expected: ClassVar[Outcome] = {
        "parameters": PARAMETERS,
        "numbers": ("+15550100001", "+15550100002"),
        "client_state": "c2VjcmV0",
        "ids": (True, True),
        "format": ("PCMU", 8000),
        "token": TOKEN,
        "query": QUERY,
        "plan": True,
    }


class BothTracks(Case):
    """The caller and what the caller hears, each on its own track."""

    plan = StreamPlan(tracks="both_tracks")

    async def answer(self, call: Call) -> None:
        call.play(SPOKEN)
        pcm = {"inbound": b"", "outbound": b""}
        async for audio in call.audio(None):
            pcm[audio.track] += audio.pcm
            if len(without_silence(pcm["outbound"])) >= len(SPOKEN) and pcm["inbound"]:
                break
        self.seen["inbound"] = SPEECH.startswith(pcm["inbound"])
        self.seen["outbound"] = without_silence(pcm["outbound"]) == SPOKEN

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"inbound": True, "outbound": True, "end": ("app_closed", 1000)}


class Dtmf(Case):
    """Keys arrive in their order."""

    async def answer(self, call: Call) -> None:
        digits = await call.collect_dtmf()
        self.seen["digits"] = (digits.text, digits.reason)

    async def dial(self, carrier_side: CarrierSide) -> None:
        await (await carrier_side.stream(self.plan, dtmf=[(20, "4"), (40, "2"), (60, "#")])).finished()

    expected: ClassVar[Outcome] = {"digits": ("42", "end_key")}


class CarrierError(Case):
    """The carrier refuses a mark: one event, and the call continues: the next mark proves that audio is heard."""

    options: ClassVar = {"own_marks": False}

    async def answer(self, call: Call) -> None:
        reader = call.events()
        call.mark("refused")
        async for event in reader:
            if isinstance(event, events.CarrierError | events.MarkPlayed):
                self.seen["answer"] = (type(event).__name__, getattr(event, "code", None))
                break
        call.play(SPOKEN)
        call.mark("heard")
        async for event in reader:
            if isinstance(event, events.MarkPlayed | events.MarkCleared):
                self.seen["next"] = (type(event).__name__, event.name)
                break

    async def dial(self, carrier_side: CarrierSide) -> None:
        habits = Variations(marks=MarkHabits(refused=(1,))) if carrier_side.dialect == "telnyx" else Variations()
        report = await (await carrier_side.stream(self.plan, variations=habits)).finished()
        self.seen["errors"] = report.errors_sent
        self.seen["heard"] = without_silence(report.heard_pcm) == SPOKEN
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {
        "answer": ("CarrierError", 100005),
        "next": ("MarkPlayed", "heard"),
        "heard": True,
        "errors": 1,
        "end": ("app_closed", 1000),
    }


class Malformed(Case):
    """Broken messages between good ones are reported, and the call continues."""

    async def answer(self, call: Call) -> None:
        self.seen["events"] = [
            event.rule if isinstance(event, events.Malformed) else type(event).__name__
            async for event in call.events()
            if not isinstance(event, events.Stalled)
        ]

    async def dial(self, carrier_side: CarrierSide) -> None:
        async with by_hand.call(carrier_side.url, token=TOKEN, **DIALLING) as carrier:
            await carrier.socket.send("{")
            await carrier.media()
            await carrier.socket.send(b"octets")
            await carrier.socket.send([b"octets ", b"in fragments"])
            await carrier.send(event="media", media={"payload": "!", "chunk": "2"})
            await carrier.send(event="news", what=1)
            await carrier.socket.send(["{", '"event":"media","media":{"chunk":"2",', '"payload":"/////w=="}}'])
            await carrier.stop()
            self.seen["close_code"] = await carrier.close_code()
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "events": ["Started", "json", "Audio", "text", "text", "base64", "Unknown", "Audio", "Stopped"],
        "close_code": 1000,
    }


class NotThisProtocol(Case):
    """Broken messages alone end the connection."""

    async def answer(self, call: Call) -> None:
        self.seen["answered"] = True

    async def dial(self, carrier_side: CarrierSide) -> None:
        async with by_hand.dial(carrier_side.url, token=TOKEN, **DIALLING) as carrier:
            for _ in range(MAX_MALFORMED_IN_A_ROW):
                await carrier.socket.send(b"octets")
            self.seen["close_code"] = await carrier.close_code()

    expected: ClassVar[Outcome] = {"close_code": 1008}


class Stop(Case):
    """The caller hangs up: all audio arrived, the readers end, and the handler may use the time after it."""

    async def answer(self, call: Call) -> None:
        pcm = b"".join([audio.pcm async for audio in call.audio()])
        self.seen["audio"] = pcm == SPOKEN
        self.seen["reason"] = call.end_reason

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan, SPOKEN)).finished()
        await self.ended.wait()
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"audio": True, "reason": "carrier_stop", "end": ("speech_ended", 1000)}
