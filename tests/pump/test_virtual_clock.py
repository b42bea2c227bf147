"""Programs of asyncio in virtual time: what they do, when, and in which order."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtpcodec
from rtpcodec.pump import VirtualEventLoop, run_virtual
from rtpcodec.pump.virtual import MAX_ROUNDS, TICK_S

HOUR_S = 3600.0


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_names_are_public() -> None:
    assert rtpcodec.pump.VirtualEventLoop is VirtualEventLoop
    assert rtpcodec.pump.run_virtual is run_virtual
    with pytest.raises(AttributeError, match=r"module 'rtpcodec\.pump' has no attribute 'nothing'"):
        _ = rtpcodec.pump.nothing


def test_sleep_moves_the_clock_by_exactly_its_length() -> None:
    async def main() -> list[float]:
        times = [now_s()]
        for delay_s in (0.5, 86400.0, 0.0):
            await asyncio.sleep(delay_s)
            times.append(now_s())
        return times

    assert run_virtual(main()) == [0.0, 0.5, 86400.5, 86400.5]


def test_clock_starts_where_it_is_told() -> None:
    async def main() -> tuple[float, float]:
        begin_s = now_s()
        await asyncio.sleep(1.5)
        return begin_s, now_s()

    assert run_virtual(main(), start_s=1e9) == (1e9, 1e9 + 1.5)


@pytest.mark.parametrize("start_s", [math.inf, -math.inf, math.nan])
def test_start_must_be_finite(start_s: float) -> None:
    with pytest.raises(ValueError, match=rf"start_s is {start_s}, a finite number is needed"):
        VirtualEventLoop(start_s)


def test_an_hour_of_20_ms_ticks() -> None:
    """180,000 timers at their exact deadlines: no drift, no tick left out."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        finished = loop.create_future()

        def tick() -> None:
            times.append(loop.time())
            if len(times) == 180_000:
                finished.set_result(None)
            else:
                loop.call_at((len(times) + 1) * 0.02, tick)

        loop.call_at(0.02, tick)
        await finished
        return times

    assert run_virtual(main()) == [count * 0.02 for count in range(1, 180_001)]


def test_relative_sleeps_drift_by_less_than_a_nanosecond_a_second() -> None:
    async def main() -> float:
        for _ in range(30_000):
            await asyncio.sleep(0.02)
        return now_s()

    assert abs(run_virtual(main(), start_s=HOUR_S) - (HOUR_S + 600)) < 600e-9


@pytest.mark.parametrize("start_s", [0.0, 1e9, 1e15])
def test_deadlines_in_milliseconds_are_reached(start_s: float) -> None:
    """1001 / 1000 * 1000 is less than 1001: whoever compares in ms sets the same timer again, and must not hang."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        late_ms = []
        for number in range(1, 2000):
            deadline_ms = start_s * 1000 + number
            while loop.time() * 1000 < deadline_ms:
                reached = loop.create_future()
                loop.call_at(deadline_ms / 1000, reached.set_result, None)
                await reached
            late_ms.append(loop.time() * 1000 - deadline_ms)
        return late_ms

    late_ms = run_virtual(main(), start_s=start_s)
    assert min(late_ms) >= 0
    assert max(late_ms) <= max(1e-5, 2 * math.ulp(start_s * 1000))


@pytest.mark.parametrize("delay_s", [0.0, -1.0, math.nan, -math.inf])
def test_a_timer_for_now_or_the_past_is_due_a_nanosecond_later(delay_s: float) -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        reached = loop.create_future()
        loop.call_later(delay_s, reached.set_result, None)
        await reached
        return now_s()

    assert run_virtual(main()) == TICK_S


def test_timers_of_one_deadline_run_in_the_order_in_which_they_were_set() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        order: list[int] = []
        for number in range(100):
            loop.call_at(1.0, order.append, number)
        await asyncio.sleep(2)
        return order

    assert run_virtual(main()) == list(range(100))


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=8))
def test_tasks_wake_by_deadline_then_in_the_order_in_which_they_slept(sleeps: list[list[int]]) -> None:
    """Against a model: at each deadline, the tasks whose sleep ends there in the order in which they began it."""

    async def main() -> list[tuple[float, int]]:
        steps: list[tuple[float, int]] = []

        async def walk(name: int, delays: list[int]) -> None:
            for delay in delays:
                await asyncio.sleep(delay + 1)
                steps.append((now_s(), name))

        await asyncio.gather(*(walk(name, delays) for name, delays in enumerate(sleeps)))
        return steps

    expected: list[tuple[float, int]] = []
    order = 0
    waiting = []
    for name, delays in enumerate(sleeps):
        if delays:
            waiting.append((delays[0] + 1, order, name, delays[1:]))
            order += 1
    while waiting:
        waiting.sort()
        at, _, name, delays = waiting.pop(0)
        expected.append((at, name))
        if delays:
            waiting.append((at + delays[0] + 1, order, name, delays[1:]))
            order += 1
    assert run_virtual(main()) == expected
    assert run_virtual(main()) == expected


def test_time_limits() -> None:
    async def main() -> list[float]:
        times = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.sleep(10)
        times.append(now_s())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 2)
        times.append(now_s())
        done, waiting = await asyncio.wait([asyncio.create_task(asyncio.sleep(9)) for _ in range(2)], timeout=1)
        assert not done
        for task in waiting:
            task.cancel()
        times.append(now_s())
        async with asyncio.timeout(5):
            await asyncio.sleep(4)
        times.append(now_s())
        return times

    assert run_virtual(main()) == [3, 5, 6, 10]


def test_queues_groups_and_cancellation() -> None:
    async def main() -> tuple[list[int], float]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        taken: list[int] = []

        async def produce() -> None:
            for number in range(3):
                await asyncio.sleep(1)
                await queue.put(number)
            raise ValueError("the producer fails")

        async def consume() -> None:
            while True:
                taken.append(await queue.get())

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(produce())
                group.create_task(consume())

        with pytest.raises(ExceptionGroup) as failed:
            await both()
        assert failed.group_contains(ValueError, match="the producer fails")
        return taken, now_s()

    assert run_virtual(main()) == ([0, 1, 2], 3)


def test_cancelled_timers_leave_the_heap() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        keep = [loop.call_later(HOUR_S, int) for _ in range(50)]
        most = 0
        for _ in range(1000):
            loop.call_later(HOUR_S, int).cancel()
            await asyncio.sleep(0.001)
            most = max(most, len(loop._scheduled))  # type: ignore[attr-defined]
        assert not any(timer.cancelled() for timer in keep)
        return most

    assert run_virtual(main()) < 250


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=300))
def test_cancelled_timers_never_run(timers: list[tuple[int, int]]) -> None:
    """Each timer is set for one time and cancelled at another; those that were due earlier run, the others do not."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        ran: list[int] = []
        for number, (due_s, cancelled_s) in enumerate(timers):
            timer = loop.call_at(due_s + 1, ran.append, number)
            loop.call_at(cancelled_s + 0.5, timer.cancel)
        await asyncio.sleep(30)
        return ran

    expected = [(due_s, number) for number, (due_s, cancelled_s) in enumerate(timers) if due_s + 1 < cancelled_s + 0.5]
    assert run_virtual(main()) == [number for _, number in sorted(expected)]


def test_a_task_that_polls_does_not_hold_the_clock() -> None:
    async def main() -> tuple[int, float]:
        reached = asyncio.get_running_loop().create_task(asyncio.sleep(5))
        rounds = 0
        while not reached.done():
            await asyncio.sleep(0)
            rounds += 1
        return rounds, now_s()

    rounds, at_s = run_virtual(main())
    assert at_s == 5
    assert MAX_ROUNDS <= rounds < MAX_ROUNDS + 10


def test_polling_without_a_timer_takes_no_time() -> None:
    async def main() -> float:
        for _ in range(2 * MAX_ROUNDS):
            await asyncio.sleep(0)
        return now_s()

    assert run_virtual(main()) == 0


def test_a_timer_at_infinity_is_never_due() -> None:
    async def main() -> float:
        forever = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.sleep(1)
        forever.cancel()
        return now_s()

    assert run_virtual(main()) == 1


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

    with pytest.raises(KeyboardInterrupt):
        run_virtual(main())


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
