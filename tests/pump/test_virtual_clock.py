"""Programs of asyncio in virtual time: steps, times and order."""

from __future__ import annotations

import asyncio
import math

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
    """1001 / 1000 * 1000 is less than 1001: a program that compares in ms sets that timer again, but must not hang."""

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
