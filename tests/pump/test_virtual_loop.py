"""The loop of the virtual clock as asyncio sees it: runners, exceptions, debug mode, its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rtpcodec.pump import VirtualEventLoop, run_virtual

HOUR_S = 3600.0


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_asynchronous_generators_are_closed_at_the_end() -> None:
    closed = []

    async def count() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(1)
            closed.append(now_s())

    async def main() -> AsyncIterator[int]:
        numbers = count()
        assert await anext(numbers) == 1
        return numbers  # alive, so that the loop has to close it

    kept = run_virtual(main())
    assert closed == [1]
    del kept


def test_tasks_that_are_left_are_cancelled_at_the_end() -> None:
    ended: list[float] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(HOUR_S)
        finally:
            ended.append(now_s())

    async def main() -> asyncio.Task[None]:
        task = asyncio.create_task(linger())
        await asyncio.sleep(1)
        return task

    assert run_virtual(main()).cancelled()
    assert ended == [1]


def test_runner_runs_several_programs_on_one_clock() -> None:
    async def step() -> float:
        await asyncio.sleep(2)
        return now_s()

    with asyncio.Runner(loop_factory=VirtualEventLoop) as runner:
        assert [runner.run(step()) for _ in range(3)] == [2, 4, 6]


def test_run_refuses_a_running_loop_as_asyncio_does() -> None:
    async def inner() -> None: ...

    async def main() -> None:
        coroutine = inner()
        with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
            run_virtual(coroutine)
        coroutine.close()

    asyncio.run(main())
    run_virtual(main())


def test_exceptions_of_the_program_reach_the_caller() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise ZeroDivisionError("of the program")

    with pytest.raises(ZeroDivisionError, match="of the program"):
        run_virtual(main())


@pytest.mark.parametrize("debug", [False, True])
def test_exceptions_of_callbacks_go_to_the_exception_handler(debug: bool) -> None:
    found: list[dict[str, Any]] = []

    def fail() -> None:
        raise ZeroDivisionError("of the callback")

    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: found.append(context))
        loop.call_soon(fail)
        loop.call_later(1, fail)
        await asyncio.sleep(2)
        return now_s()

    with asyncio.Runner(loop_factory=VirtualEventLoop, debug=debug) as runner:
        assert runner.run(main()) == 2
    assert [str(context["exception"]) for context in found] == ["of the callback"] * 2
    assert all("fail" in context["message"] for context in found)


@pytest.mark.parametrize("failure", [SystemExit, KeyboardInterrupt])
def test_exceptions_that_end_a_process_end_the_run(failure: type[BaseException]) -> None:
    async def main() -> None:
        def end() -> None:
            raise failure

        asyncio.get_running_loop().call_later(1, end)
        await asyncio.sleep(2)

    with pytest.raises(failure):
        run_virtual(main())


def test_interrupt_key_cancels_the_program() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(HOUR_S)

    # A shell starts its background processes with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_virtual(main())
    finally:
        signal.signal(signal.SIGINT, before)


def test_debug_mode_logs_callbacks_that_take_long_in_real_time(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        end_s = time.perf_counter() + 0.002
        while time.perf_counter() < end_s:
            pass

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0.001
        await asyncio.sleep(HOUR_S)  # virtual time is not meant
        loop.call_soon(work)
        await asyncio.sleep(1)

    with (
        caplog.at_level(logging.WARNING, "asyncio"),
        asyncio.Runner(loop_factory=VirtualEventLoop, debug=True) as runner,
    ):
        runner.run(main())
    slow = [record.getMessage() for record in caplog.records if "work" in record.getMessage()]
    assert len(slow) == 1
    assert slow[0].startswith("Executing <Handle")
    assert slow[0].endswith("seconds of real time")


def test_debug_mode_checks_callbacks_and_tells_where_a_timer_was_set() -> None:
    async def main() -> tuple[str, str, str]:
        loop = asyncio.get_running_loop()
        with pytest.raises(TypeError, match="a callable object was expected by call_at"):
            loop.call_at(1, 1)  # type: ignore[arg-type]
        timer = loop.call_later(1, int)
        soon = loop.call_soon(int)
        made = repr(timer), repr(soon)
        timer.cancel()
        return *made, repr(timer)

    with asyncio.Runner(loop_factory=VirtualEventLoop, debug=True) as runner:
        timer, soon, cancelled = runner.run(main())
    assert f"created at {__file__}" in timer
    assert f"created at {__file__}" in soon
    assert "cancelled" in cancelled


def test_closed_loop_refuses_callbacks() -> None:
    loop = VirtualEventLoop()
    loop.close()
    calls: list[Callable[[], object]] = [
        lambda: loop.call_soon(int),
        lambda: loop.call_later(1, int),
        lambda: loop.call_at(1, int),
        lambda: loop.call_soon_threadsafe(int),
    ]
    for call in calls:
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            call()


def test_stop_ends_run_forever_after_the_round() -> None:
    loop = VirtualEventLoop()
    ran: list[str] = []
    loop.call_later(1, loop.stop)
    loop.call_later(1, ran.append, "same deadline")
    loop.call_later(2, ran.append, "later")
    loop.run_forever()
    assert (ran, loop.time()) == (["same deadline"], 1)
    loop.stop()
    loop.run_forever()
    assert (ran, loop.time()) == (["same deadline"], 1)
    loop.close()


def test_loop_that_is_not_closed_is_reported_as_by_asyncio() -> None:
    loop = VirtualEventLoop()
    with pytest.warns(ResourceWarning, match="unclosed event loop <VirtualEventLoop running=False"):
        loop.__del__()
    assert loop.is_closed()


def test_loop_is_freed_after_its_run() -> None:
    async def main() -> None:
        await asyncio.sleep(1)

    def count() -> int:
        gc.collect()
        return sum(isinstance(thing, VirtualEventLoop) for thing in gc.get_objects())

    before = count()
    run_virtual(main())
    assert count() == before
