"""WorkerSlot: the place of one serving worker. It replaces a worker that dies, or before it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.server.call_log import logger
from rtpcodec.server.workers.process import WorkerFailed, WorkerProcess

FIRST_DELAY_S: Final = 0.5
MAX_DELAY_S: Final = 30.0
"""A worker that dies is restarted at once. If it dies or fails again, it is restarted after FIRST_DELAY_S, then after
twice as long, up to this delay."""
STEADY_S: Final = 60.0
"""After a worker has served for this time, the delays start again."""


class Delays:
    """The back-off of one slot. Time is an argument, in s."""

    __slots__ = ("_first_s", "_next_s")

    def __init__(self, first_s: float = FIRST_DELAY_S) -> None:
        """Begin without a delay. first_s: the second delay."""
        self._first_s = first_s
        self._next_s = 0.0

    def next(self, served_s: float) -> float:
        """Return the delay before the next start.

        Args:
            served_s: how long the last worker served; 0: it did not start.
        """
        if served_s >= STEADY_S:
            self._next_s = 0.0
        delay_s = self._next_s
        self._next_s = min(max(2 * delay_s, self._first_s), MAX_DELAY_S)
        return delay_s


class WorkerSlot(Live):
    """The place of one serving worker."""

    def __init__(
        self,
        start: Callable[[], Awaitable[WorkerProcess]],
        retire: Callable[[WorkerProcess], object],
        failed: Callable[[WorkerFailed], object],
    ) -> None:
        """Make a slot without a worker.

        Args:
            start: starts a worker, and returns it once it serves; raises WorkerFailed.
            retire: called with a worker that no longer serves, dead or draining.
            failed: called with the error of each failed restart.
        """
        self._start = start
        self._retire = retire
        self._failed = failed
        self._changing = asyncio.Lock()
        self.worker: WorkerProcess | None = None

    async def open(self) -> None:
        """Start the first worker. Raises WorkerFailed."""
        self.worker = await self._start()

    async def replace(self) -> None:
        """Start another worker, then drain the old one. Raises WorkerFailed; then the old one continues to serve."""
        async with self._changing:
            new, old = await self._start(), self.worker
            self.worker = new
            if old is not None:
                old.leave()
                self._retire(old)

    async def keep(self, first_delay_s: float) -> None:
        """Start another worker whenever this one dies or drains by itself. Ends when it is cancelled.

        Args:
            first_delay_s: delay before the second start of a worker that keeps dying.
        """
        loop = asyncio.get_running_loop()
        delays = Delays(first_delay_s)
        served_since_s = loop.time()
        while True:
            # 1. Wait until the worker drains or dies.
            worker = self.worker
            if worker is not None:
                await _left(worker)
            # 2. Was it replaced meanwhile? Then watch the new one.
            async with self._changing:
                if worker is not self.worker:
                    served_since_s = loop.time()
                    continue
                if worker is not None:
                    self._retire(worker)
                    self.worker = None
                delay_s = delays.next(loop.time() - served_since_s)
            # 3. Start the next one, after a delay that grows with each failure.
            if delay_s:
                logger.warning("the next worker starts in %g s", delay_s)
                await asyncio.sleep(delay_s)
            async with self._changing:
                if self.worker is None:
                    await self._restart()
                served_since_s = loop.time()

    async def _restart(self) -> None:
        try:
            self.worker = await self._start()
        except WorkerFailed as error:
            self._failed(error)


async def _left(worker: WorkerProcess) -> None:
    """Wait until a worker drains or has ended; its end sets this event as well."""
    await worker.draining.wait()
