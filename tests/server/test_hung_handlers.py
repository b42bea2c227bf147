"""Handlers that do not end when they are cancelled: reported while they run. Virtual time and real sockets."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

import rtpcodec
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, call_on
from rtpcodec.server.handler_task import MAX_HUNG_REPORTS
from tests.server.dialler import call, run, until
from tests.stream import carrier as wire


class Stubborn:
    """A handler that swallows every cancellation until it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.cancellations = 0

    async def __call__(self, _call: Call) -> None:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.cancellations += 1


async def nothing(_value: object) -> None:
    pass


def reports(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [text.partition("): ")[2] for text in caplog.messages if "still runs" in text]


def test_a_hung_handler_is_reported_again_after_twice_the_time(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        handler = Stubborn()

        async def serve() -> None:
            async with call_on(nothing, nothing, handler, handler_grace_s=5) as receiver:
                receiver.received(wire.start())
                await asyncio.sleep(0)

        serving = asyncio.create_task(serve())
        await asyncio.sleep(5.9)
        assert (handler.cancellations, reports(caplog)) == (1, [])
        await asyncio.sleep(7.2)
        assert reports(caplog) == [f"the handler still runs {s} s after it was cancelled" for s in (1, 2, 4, 8)]
        handler.released.set()
        await serving
        await asyncio.sleep(100)
        assert len(reports(caplog)) == 4

    run_virtual(main())


def test_a_handler_that_never_ends_is_reported_a_limited_number_of_times(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        handler = Stubborn()

        async def serve() -> None:
            async with call_on(nothing, nothing, handler, handler_grace_s=0) as receiver:
                receiver.received(wire.start())
                await asyncio.sleep(0)

        serving = asyncio.create_task(serve())
        await asyncio.sleep(1e7)
        assert len(reports(caplog)) == MAX_HUNG_REPORTS
        handler.released.set()
        await serving

    run_virtual(main())


def test_a_handler_that_ends_after_its_cancellation_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def tidy_up(_call: Call) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)

    async def main() -> None:
        async with call_on(nothing, nothing, tidy_up, handler_grace_s=5) as receiver:
            receiver.received(wire.start())
            await asyncio.sleep(0)
        await asyncio.sleep(100)
        assert reports(caplog) == []

    run_virtual(main())


def test_the_endpoint_counts_hung_handlers(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("rtpcodec.server.handler_task.HUNG_AFTER_S", 0.01)
    monkeypatch.setattr("rtpcodec.server.running_calls.ENDING_GRACE_S", 0.05)

    async def main() -> None:
        handler = Stubborn()
        async with contextlib.AsyncExitStack() as carriers, rtpcodec.serve(handler, handler_grace_s=0) as endpoint:
            carrier = await carriers.enter_async_context(call(endpoint.url))
            await until(lambda: endpoint.calls)
            assert endpoint.statistics().handlers_hung == 0
            await carrier.stop()
            await until(lambda: endpoint.statistics().handlers_hung == 1)
            await until(lambda: len(reports(caplog)) > 1)
            assert endpoint.statistics().calls_running == 1
            handler.released.set()
            await until(lambda: endpoint.statistics().handlers_hung == 0)

    run(main)
