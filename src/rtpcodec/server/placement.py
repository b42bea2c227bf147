"""Placement: which worker gets the next stream. A small registry of workers, and its form in memory.

A stream stays with the worker that its `stream_url` leads to, so the address must be chosen when the command is sent.
`Placement` is the interface; a registry for several machines, in Redis for instance, has the same three methods.
Workers of one supervisor have theirs in a file: `rtpcodec.server.workers.worker_table`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Live

__all__ = ["RESERVED_S", "MemoryPlacement", "Placement", "PlacementReporter", "WorkerLoad"]

EXPIRES_S: Final = 5.0
"""A worker that has not reported for this time counts as dead."""
REPORT_PERIOD_S: Final = 1.0
"""Time between two reports: four may be late before the worker counts as dead."""
RESERVED_S: Final = 10.0
"""A placed call counts for its worker until its socket opens, for this time at most; the carrier dials within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLoad:
    """The load that a worker reports about itself."""

    name: str
    """Unique among all workers."""
    url: str
    """The URL that leads to this worker and to no other: its own port, or a path that a proxy sends there."""
    calls: int = 0
    """Calls that run."""
    taken: int = 0
    """Calls since it began, those that have ended included."""
    max_calls: int = 500
    """Limit on calls at the same time."""
    draining: bool = False
    """Whether it accepts no more calls."""
    has_room: bool = True
    """Whether one more call is welcome: it has fewer than max_calls, and its event loop is not late."""


WorkerT = TypeVar("WorkerT", bound=WorkerLoad)
_log = logging.getLogger("rtpcodec.server")


class Placement(Protocol):
    """A registry of workers. For several machines, implement it on a shared store.

    Methods raise EndpointError, or the errors of their store.
    """

    async def report(self, worker: WorkerLoad) -> None:
        """Add a worker, or replace its figures. Without a report for some seconds it counts as dead.

        Args:
            worker: its current figures.
        """

    async def leave(self, name: str) -> None:
        """Remove a worker; an unknown name does nothing."""

    async def place(self) -> WorkerLoad:
        """Return the least loaded worker that is alive, has room and is not draining, and count one more call for it.

        Choosing and counting must be one atomic step, so that two callers cannot take the last place twice. The count
        is dropped when the worker reports one more call, or after 10 s.

        Raises:
            EndpointError: there is no such worker.
        """


class Reservations:
    """The placed calls of one worker that have not arrived. Time is an argument, in s."""

    __slots__ = ("_placed_s", "_taken")

    def __init__(self, placed_s: Iterable[float] = (), taken: int = 0) -> None:
        """Begin with calls that were placed before.

        Args:
            placed_s: when, in order.
            taken: the worker's `taken` at the latest look.
        """
        self._placed_s = list(placed_s)
        self._taken = taken

    def open(self, taken: int, now_s: float) -> int:
        """Return how many placed calls have not arrived: calls that the worker has taken since were the oldest ones."""
        arrived, self._taken = max(taken - self._taken, 0), taken
        self._placed_s = [placed_s for placed_s in self._placed_s[arrived:] if now_s < placed_s + RESERVED_S]
        return len(self._placed_s)

    def add(self, now_s: float) -> None:
        """Count one call more."""
        self._placed_s.append(now_s)

    @property
    def placed_s(self) -> tuple[float, ...]:
        """When the open ones were placed."""
        return tuple(self._placed_s)


def least_loaded(workers: Iterable[tuple[WorkerT, int]]) -> WorkerT:
    """Return the worker with the smallest share of its places in use; the first one if several are equal.

    Args:
        workers: live workers, each with the number of placed calls that have not arrived.

    Raises:
        EndpointError: no worker has room.
    """
    rows = [(worker, worker.calls + placed) for worker, placed in workers]
    serving = [(worker, used) for worker, used in rows if not worker.draining]
    free = [(used / one.max_calls, one) for one, used in serving if used < one.max_calls and one.has_room]
    if not free:
        raise EndpointError(
            f"no worker has room: {len(rows)} are alive, {len(rows) - len(serving)} of them drain, "
            f"{len(serving)} are full"
        )
    return min(free, key=lambda one: one[0])[1]


class MemoryPlacement(Live):
    """A registry in the memory of this process: for several endpoints of one program, and for tests.

    Thread rule: it has no lock; use it in one event loop.
    """

    def __init__(self, *, expires_s: float = EXPIRES_S, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without workers.

        Args:
            expires_s: a worker that has not reported for this time, in s, counts as dead.
            clock: returns the time in s.
        """
        self._expires_s = expires_s
        self._clock = clock
        self._workers: dict[str, tuple[WorkerLoad, float, Reservations]] = {}

    async def report(self, worker: WorkerLoad) -> None:
        """Add a worker, or replace its figures."""
        known = self._workers.get(worker.name)
        reserved = Reservations(taken=worker.taken) if known is None else known[2]
        self._workers[worker.name] = (worker, self._clock(), reserved)

    async def leave(self, name: str) -> None:
        """Remove a worker; an unknown name does nothing."""
        self._workers.pop(name, None)

    async def place(self) -> WorkerLoad:
        """Return the least loaded worker, and count one more call. Raises EndpointError if none has room."""
        now_s = self._clock()
        for name, (_, reported_s, _) in tuple(self._workers.items()):
            if now_s >= reported_s + self._expires_s:
                del self._workers[name]
        chosen = least_loaded(
            (worker, reserved.open(worker.taken, now_s)) for worker, _, reserved in self._workers.values()
        )
        self._workers[chosen.name][2].add(now_s)
        return chosen


class Placeable(Protocol):
    """An endpoint as a registry sees it."""

    def load(self, name: str, url: str) -> WorkerLoad:
        """Return the endpoint's figures."""


class PlacementReporter(Live):
    """Reports an endpoint to a registry within its block: `async with PlacementReporter(...) as reporter`.

    At the end of the block the endpoint is removed. Before a drain, call `await reporter.drain()`, so that no more
    calls are placed here. Calls that were placed before still arrive for some seconds: wait RESERVED_S before
    `endpoint.drain()`.
    """

    def __init__(
        self, endpoint: Placeable, placement: Placement, name: str, url: str, *, period_s: float = REPORT_PERIOD_S
    ) -> None:
        """Make a reporter. Use it as `async with PlacementReporter(...) as reporter`.

        Args:
            endpoint: its load is reported.
            placement: the registry.
            name: name of the worker, unique among all.
            url: the URL that leads to this endpoint and to no other.
            period_s: time between two reports. A report that fails is logged, and repeated with the next one.
        """
        self._endpoint = endpoint
        self._placement = placement
        self._name = name
        self._url = url
        self._period_s = period_s
        self._draining = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> PlacementReporter:
        await self.report()
        self._task = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_exit: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._placement.leave(self._name)

    async def report(self) -> None:
        """Report now. Raises the errors of the registry."""
        load = self._endpoint.load(self._name, self._url)
        await self._placement.report(replace(load, draining=load.draining or self._draining))

    async def drain(self) -> None:
        """Report that no more calls are to be placed here. Raises the errors of the registry."""
        self._draining = True
        await self.report()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            try:
                await self.report()
            except Exception:  # whatever the registry's store raises
                _log.exception("the report to the registry of workers failed; it is repeated in %g s", self._period_s)
