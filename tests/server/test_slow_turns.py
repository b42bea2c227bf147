"""Calls that hold the event loop: measured, counted and named. A test that must be slow computes for a fixed time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, call_on
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.slow_turns import LOG_PERIOD_S, SlowTurns, timed
from tests.server.dialler import LOOPS, call, run, until
from tests.stream import carrier as wire

LIMIT_MS = 30.0


def spin(ms: float) -> None:
    """Hold the event loop."""
    end_s = perf_counter() + ms / 1000
    while perf_counter() < end_s:
        pass


async def spin_once(call: Call) -> None:
    async for _ in call.audio():
        spin(1.1 * LIMIT_MS)
        break
    async for _ in call.audio():
        pass


def spin_on_audio(_call: Call, _audio: rtpcodec.Audio) -> None:
    spin(1.1 * LIMIT_MS)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"handler": spin_once}, ": the handler, between two awaits"),
        ({"on_audio": spin_on_audio}, " octets, and on_audio"),
    ],
    ids=["handler", "on_audio"],
)
def test_a_slow_turn_is_counted_and_logged_with_the_call(
    options: dict[str, Any],
    cause: str,
    loop: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rtpcodec.server.slow_turns.LOG_PERIOD_S", 0.0)  # a busy machine makes other turns slow

    async def main() -> None:
        async with rtpcodec.serve(**options, slow_turn_ms=LIMIT_MS) as endpoint, call(endpoint.url) as carrier:
            await until(lambda: endpoint.calls)
            (name,) = [one.id for one in endpoint.calls]
            await carrier.media()
            await until(lambda: any(f"call {name} " in text and cause in text for text in caplog.messages))
            assert endpoint.statistics().slow_turns >= 1

    run(main, loop, slow_turns=True)


def test_without_a_limit_nothing_is_measured() -> None:
    async def main() -> None:
        async with rtpcodec.serve(spin_once, slow_turn_ms=None) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            await carrier.stop()
            await carrier.close_code()
            assert endpoint.statistics().slow_turns == 0

    run(main)


def test_slow_turns_of_one_call_are_logged_seldom_and_all_counted(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    counted: list[None] = []
    turns = SlowTurns(50.0, CallLog("c1"), lambda: counted.append(None), lambda: now_s)
    for _ in range(5):
        turns.report(0.2, "a timer")
    now_s += LOG_PERIOD_S
    turns.report(0.3, "a timer")
    assert caplog.messages == [
        "call c1: held the event loop for 200 ms: a timer",
        "call c1: held the event loop for 300 ms: a timer; 4 more since the last report",
    ]
    assert len(counted) == 6


def test_a_call_on_another_server_is_measured_as_well(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpcodec.server.slow_turns.LOG_PERIOD_S", 0.0)

    async def nothing(_value: object) -> None:
        pass

    async def main() -> None:
        async with call_on(nothing, nothing, spin_once, slow_turn_ms=LIMIT_MS) as receiver:
            receiver.received(wire.start())
            receiver.received(wire.media(chunk="1"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    run(main, slow_turns=True)
    assert "the handler, between two awaits" in caplog.text


def test_nothing_is_measured_on_the_virtual_clock(caplog: pytest.LogCaptureFixture) -> None:
    async def nothing(_value: object) -> None:
        pass

    async def main() -> None:
        async with call_on(nothing, nothing, spin_once, slow_turn_ms=LIMIT_MS) as receiver:
            receiver.received(wire.start())
            receiver.received(wire.media(chunk="1"))
            await asyncio.sleep(1)

    run_virtual(main())
    assert caplog.messages == []


def too_slow(took_s: float) -> None:
    pytest.fail(f"a step took {took_s} s")


async def returns() -> str:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return "value"


async def raises() -> str:
    await asyncio.sleep(0)
    raise ValueError("own")


async def survives() -> str:
    for _ in range(2):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    return "survived"


async def waits() -> str:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("work", "cancellations", "outcome"),
    [
        (returns, 0, "value"),
        (raises, 0, "ValueError"),
        (survives, 2, "survived"),
        (waits, 1, "CancelledError"),
    ],
)
def test_a_measured_coroutine_behaves_as_without(work: Callable[[], Any], cancellations: int, outcome: str) -> None:
    async def main() -> None:
        async def measured() -> object:
            return await timed(work(), 60.0, too_slow)

        task = asyncio.create_task(measured())
        for _ in range(cancellations):
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
        (found,) = await asyncio.gather(task, return_exceptions=True)
        assert (found if isinstance(found, str) else type(found).__name__) == outcome

    run(main)


def test_a_measured_coroutine_that_is_dropped_is_closed() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("closed")

    async def main() -> None:
        async def measured() -> object:
            return await timed(work(), 60.0, too_slow)

        dropped = measured()
        dropped.send(None)
        dropped.close()
        assert ends == ["closed"]

    run(main)


def test_an_exception_of_a_measured_coroutine_is_freed_at_once() -> None:
    class Own(Exception):
        pass

    async def fail() -> None:
        await asyncio.sleep(0)
        raise Own

    found: list[weakref.ref[BaseException]] = []

    async def main() -> None:
        async def measured() -> object:
            return await timed(fail(), 60.0, too_slow)

        gc.disable()
        try:
            with contextlib.suppress(Own):
                try:
                    await measured()
                except Own as error:
                    found.append(weakref.ref(error))
                    raise
            assert found[0]() is None
        finally:
            gc.enable()

    run(main)


def test_a_slow_step_within_the_delivery_of_a_chunk_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    counted: list[None] = []
    turns = SlowTurns(50.0, CallLog("c1"), lambda: counted.append(None), lambda: now_s)
    turns.report_step(0.2)
    turns.report(0.21, "a message")
    assert len(counted) == 1
    turns.report(0.3, "a message")  # 100 ms of its own
    now_s += LOG_PERIOD_S
    turns.report(0.4, "a message")  # the step was before it
    assert len(counted) == 3
    assert caplog.messages == [
        "call c1: held the event loop for 200 ms: the handler, between two awaits",
        "call c1: held the event loop for 400 ms: a message; 1 more since the last report",
    ]


def test_each_slow_step_within_a_turn_that_delivers_several_chunks_is_reported_once() -> None:
    now_s = 100.0
    counted: list[None] = []
    turns = SlowTurns(50.0, CallLog("c1"), lambda: counted.append(None), lambda: now_s)
    for _ in range(3):
        now_s += 0.2
        turns.report_step(0.2)
    turns.report(0.61, "a message")
    assert len(counted) == 3
    now_s += 1.0
    for _ in range(1000):
        turns.report_step(0.2)
    turns.report(0.3, "a message")
    assert len(turns._steps) <= 64
