"""Cases of the contract: how a call begins and ends."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Literal

from rtpcodec import events
from rtpcodec.server import Call
from rtpcodec.sim import Variations
from tests.adapters.contract import DIALLING, TOKEN, CarrierSide, Case, Outcome, sentence
from tests.server import dialler as by_hand

SPOKEN = sentence(7, 100)


class WrongToken(Case):
    """Another token and none are refused before the upgrade, and no handler runs."""

    needs_token = True

    async def answer(self, call: Call) -> None:
        self.seen["answered"] = True

    async def dial(self, carrier_side: CarrierSide) -> None:
        self.seen["statuses"] = [
            await by_hand.refused_with(carrier_side.url, **DIALLING),
            await by_hand.refused_with(carrier_side.url, token="another token", **DIALLING),
            await by_hand.refused_with(carrier_side.url, token=TOKEN, **DIALLING),
        ]
        call = await carrier_side.stream(self.plan, token="another token")
        report = await call.finished()
        self.seen["end"] = (report.end_reason, call.failure)

    expected: ClassVar[Outcome] = {
        "statuses": [401, 401, 101],
        "end": ("connection_failed", "connection_failed"),
    }


class HandlerReturns(Case):
    """The stream ends once the last audio was heard."""

    async def answer(self, call: Call) -> None:
        await call.play(SPOKEN)

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["heard"] = SPOKEN in report.heard_pcm or report.dry_count > 0
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"heard": True, "end": ("app_closed", 1000)}


class HandlerError(Case):
    """An exception of the handler ends this stream with 1011."""

    async def answer(self, call: Call) -> None:
        self.seen["began"] = True
        raise ZeroDivisionError("of the contract")

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"began": True, "end": ("app_closed", 1011)}


class HandlerCloses(Case):
    """`close` ends stream and connection with the code of the handler, which may continue."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()

    async def answer(self, call: Call) -> None:
        await call.close(4321)
        self.seen["reason"] = call.end_reason
        await self.over.wait()

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["end"] = (report.end_reason, report.close_code)
        self.seen["continues"] = not self.ended.is_set()
        self.over.set()
        await self.ended.wait()

    expected: ClassVar[Outcome] = {"reason": "closed", "end": ("app_closed", 4321), "continues": True}


class SlowHandler(Case):
    """A handler that reads late gets all the audio, even after the end of the stream."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()

    async def answer(self, call: Call) -> None:
        reader = call.audio()
        await self.over.wait()
        self.seen["stream_ended"] = call.ended
        self.seen["audio"] = b"".join([audio.pcm async for audio in reader]) == SPOKEN

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan, SPOKEN)).finished()
        self.over.set()
        await self.ended.wait()
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"stream_ended": True, "audio": True, "end": ("speech_ended", 1000)}


class HungHandler(Case):
    """A handler that does not end within `handler_grace_s` of the end is cancelled."""

    options: ClassVar = {"handler_grace_s": 0.05}

    async def answer(self, call: Call) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.seen["cancelled"] = call.end_reason
            raise

    async def dial(self, carrier_side: CarrierSide) -> None:
        await (await carrier_side.stream(self.plan, SPOKEN)).finished()
        await self.ended.wait()

    expected: ClassVar[Outcome] = {"cancelled": "carrier_stop"}


class ClosedByCarrier(Case):
    """The carrier closes the socket without a `stop`."""

    async def answer(self, call: Call) -> None:
        self.seen["events"] = [
            (event.cause if isinstance(event, events.Disconnected) else type(event).__name__)
            async for event in call.events()
            if isinstance(event, events.Disconnected | events.Stopped)
        ]
        self.seen["reason"] = call.end_reason

    async def dial(self, carrier_side: CarrierSide) -> None:
        call = await carrier_side.stream(self.plan, SPOKEN, variations=Variations(sends_stop=False))
        report = await call.finished()
        self.seen["end"] = (report.end_reason, report.close_code)
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "events": ["socket_closed", "Stopped"],
        "reason": "socket_closed",
        "end": ("speech_ended", 1000),
    }


class ClosedByPeer(ClosedByCarrier):
    """A close frame with another code is answered with that code, even while the handler still works."""

    async def answer(self, call: Call) -> None:
        await super().answer(call)
        await self.closed.wait()

    def __init__(self) -> None:
        super().__init__()
        self.closed = asyncio.Event()

    async def dial(self, carrier_side: CarrierSide) -> None:
        async with by_hand.call(carrier_side.url, token=TOKEN, **DIALLING) as carrier:
            await carrier.socket.close(4001)
            self.seen["end"] = carrier.socket.close_code
            self.seen["continues"] = not self.ended.is_set()
        self.closed.set()
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "events": ["socket_closed", "Stopped"],
        "reason": "socket_closed",
        "end": 4001,
        "continues": True,
    }


class ResetConnection(ClosedByCarrier):
    """The connection is reset: the call is lost, and the handler sees it end."""

    how: ClassVar[Literal["rst", "fin"]] = "rst"

    async def answer(self, call: Call) -> None:
        self.began.set()
        await super().answer(call)

    def __init__(self) -> None:
        super().__init__()
        self.began = asyncio.Event()

    async def dial(self, carrier_side: CarrierSide) -> None:
        call = await carrier_side.stream(self.plan)
        await self.began.wait()
        call.lose_socket(self.how)
        self.seen["end"] = (await call.finished()).end_reason
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "events": ["socket_lost", "Stopped"],
        "reason": "socket_lost",
        "end": "connection_lost",
    }


class EndedConnection(ResetConnection):
    """The same if the connection ends without a close frame."""

    how = "fin"
