"""The registry of workers: which worker gets the next stream, and when one counts as dead. Time is an argument."""

from __future__ import annotations

import asyncio

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.pump import run_virtual
from rtpcodec.server.placement import (
    EXPIRES_S,
    RESERVED_S,
    MemoryPlacement,
    PlacementReporter,
    Reservations,
    WorkerLoad,
)


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def load(name: str, calls: int = 0, **more: object) -> WorkerLoad:
    return WorkerLoad(name=name, url=f"ws://{name}/", calls=calls, **more)  # type: ignore[arg-type]


def placed(registry: MemoryPlacement, times: int = 1) -> list[str]:
    async def main() -> list[str]:
        return [(await registry.place()).name for _ in range(times)]

    return asyncio.run(main())


def report(registry: MemoryPlacement, *workers: WorkerLoad) -> None:
    async def main() -> None:
        for worker in workers:
            await registry.report(worker)

    asyncio.run(main())


def test_the_least_loaded_worker_gets_the_call() -> None:
    registry = MemoryPlacement(clock=Clock())
    report(registry, load("a", 5), load("b", 3), load("c", 4))
    assert placed(registry, 6) == ["b", "b", "c", "a", "b", "c"]


def test_the_load_is_the_share_of_max_calls() -> None:
    registry = MemoryPlacement(clock=Clock())
    report(registry, load("small", 5, max_calls=10), load("large", 40, max_calls=100))
    assert placed(registry) == ["large"]


def test_draining_full_and_late_workers_get_none() -> None:
    registry = MemoryPlacement(clock=Clock())
    report(registry, load("draining", draining=True), load("full", 9, max_calls=9), load("late", has_room=False))
    with pytest.raises(EndpointError, match=r"^no worker has room: 3 are alive, 1 of them drain, 2 are full$"):
        placed(registry)
    report(registry, load("busy", 400))
    assert placed(registry) == ["busy"]


def test_without_workers_there_is_no_room() -> None:
    with pytest.raises(EndpointError, match=r"^no worker has room: 0 are alive, "):
        placed(MemoryPlacement(clock=Clock()))


def test_a_worker_that_does_not_report_is_dead() -> None:
    clock = Clock()
    registry = MemoryPlacement(clock=clock)
    report(registry, load("dead"), load("alive", 7))
    clock.now_s = EXPIRES_S - 0.001
    report(registry, load("alive", 7))
    assert placed(registry) == ["dead"]
    clock.now_s = EXPIRES_S
    assert placed(registry, 2) == ["alive", "alive"]
    report(registry, load("dead"))
    assert placed(registry) == ["dead"]


def test_a_worker_that_leaves_gets_none() -> None:
    registry = MemoryPlacement(clock=Clock())
    report(registry, load("a"), load("b", 9))
    asyncio.run(registry.leave("a"))
    asyncio.run(registry.leave("unknown"))
    assert placed(registry) == ["b"]


def test_placed_calls_count_until_they_arrive_or_for_ten_seconds() -> None:
    clock = Clock()
    registry = MemoryPlacement(clock=clock)
    report(registry, load("a", 0), load("b", 2))
    assert placed(registry, 3) == ["a", "a", "a"]
    report(registry, load("a", 3, taken=3))  # all three have arrived
    assert placed(registry) == ["b"]
    clock.now_s = RESERVED_S
    report(registry, load("a", 3, taken=3), load("b", 2))  # the one for b never came
    assert placed(registry, 2) == ["b", "a"]


def test_arrivals_release_the_oldest_reservations() -> None:
    reserved = Reservations(taken=7)
    for now_s in (1.0, 2.0, 3.0):
        reserved.add(now_s)
    assert reserved.open(8, 3.0) == 2
    assert reserved.placed_s == (2.0, 3.0)
    assert reserved.open(8, 2.0 + RESERVED_S) == 1
    assert reserved.open(20, 2.0 + RESERVED_S) == 0


def test_an_endpoint_reports_itself() -> None:
    seen: list[tuple[str, int, bool]] = []

    class Registry(MemoryPlacement):
        async def report(self, worker: WorkerLoad) -> None:
            seen.append((worker.name, worker.calls, worker.draining))
            await super().report(worker)

    async def main() -> None:
        registry = Registry(clock=asyncio.get_running_loop().time)
        async with rtpcodec.serve(rtpcodec.server.handlers.echo, max_calls=3) as endpoint:
            async with PlacementReporter(endpoint, registry, "one", endpoint.url) as reporter:
                assert await registry.place() == WorkerLoad(name="one", url=endpoint.url, max_calls=3)
                await asyncio.sleep(2.5)  # on the virtual clock
                await reporter.drain()
                with pytest.raises(EndpointError, match="1 of them drain"):
                    await registry.place()
                await asyncio.sleep(1)
            with pytest.raises(EndpointError, match="0 are alive"):
                await registry.place()

    run_virtual(main())
    assert seen == [("one", 0, False)] * 3 + [("one", 0, True)] * 2


def test_a_failed_report_is_repeated(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryPlacement):
        reports = 0

        async def report(self, worker: WorkerLoad) -> None:
            self.reports += 1
            if self.reports == 2:
                raise ConnectionError("the store is gone")
            await super().report(worker)

    async def main() -> None:
        registry = Broken(clock=asyncio.get_running_loop().time)
        async with rtpcodec.serve() as endpoint, PlacementReporter(endpoint, registry, "one", endpoint.url):
            await asyncio.sleep(2.5)
            assert registry.reports == 3
            await registry.place()

    run_virtual(main())
    assert "the report to the registry of workers failed; it is repeated in 1 s" in caplog.text
