"""The supervisor: starts the workers, replaces those that die, restarts all of them without cutting a call."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Coroutine
from typing import Any, Final

from rtpcodec.pickling import Live
from rtpcodec.server.call_log import logger
from rtpcodec.server.endpoint_statistics import EndpointStatistics
from rtpcodec.server.workers.figures import EndedFigures, summed
from rtpcodec.server.workers.process import Launch, WorkerFailed, WorkerProcess
from rtpcodec.server.workers.turns import ARRIVALS_S
from rtpcodec.server.workers.worker_slot import FIRST_DELAY_S, WorkerSlot
from rtpcodec.server.workers.worker_table import MAX_WORKERS, WorkerTable

CLOSE_S: Final = 10.0
"""Limit for a worker that closes its calls at once, cancels its handlers and completes its files."""
MAX_FAILED_STARTS: Final = 5
"""Failed starts in a row, without a worker that serves, after which the supervisor ends with the error."""


class Supervisor(Live):
    """All workers of one listening socket. Use it in one event loop."""

    def __init__(
        self,
        spec: bytes,
        workers: int,
        listener: socket.socket,
        table: WorkerTable,
        *,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        """Prepare a supervisor.

        Args:
            spec: the pickled spec.
            workers: how many workers serve.
            listener: the listening socket that they share.
            table: their table.
            first_delay_s: delay before the second start of a worker that keeps dying.
        """
        self._first_delay_s = first_delay_s
        self._launch = Launch(spec, listener, table.descriptor)
        self._table = table
        self._slots = [WorkerSlot(self._start, self._retire, self._count_failure) for _ in range(workers)]
        self._live: dict[int, WorkerProcess] = {}
        self._ended = EndedFigures()
        self._keeping: list[asyncio.Task[None]] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self._restarts_asked = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._failed_starts = 0
        self.died = 0
        """Workers that ended unexpectedly."""
        self.stopping = False
        """Whether all workers must end."""

    @property
    def workers(self) -> tuple[WorkerProcess, ...]:
        """The workers whose processes run."""
        return tuple(self._live.values())

    @property
    def serving(self) -> int:
        """How many workers serve."""
        return sum(worker.is_serving for worker in self._live.values())

    @property
    def has_room(self) -> bool:
        """Whether a serving worker that is not blocked has room for a call."""
        return not self.stopping and any(
            not row.draining and row.has_room and row.calls < row.max_calls for row in self._table.live_rows()
        )

    async def open(self) -> None:
        """Start all workers. Raises WorkerFailed."""
        # 1. Start one worker first, so that a wrong setting is reported once.
        first, *others = self._slots
        await first.open()
        # 2. Start the others.
        await asyncio.gather(*(slot.open() for slot in others))
        grace_s = max(worker.grace_s for worker in self._live.values())
        logger.info("%d workers serve; allow %g s between SIGTERM and SIGKILL of them all", len(self._slots), grace_s)
        # 3. Replace workers that die, and wait for requests to restart.
        keeping = [slot.keep(self._first_delay_s) for slot in self._slots]
        self._keeping = [asyncio.create_task(each) for each in (*keeping, self._restart_when_asked())]

    async def over(self) -> None:
        """Wait until all workers have ended. Raises WorkerFailed if none serves and none starts."""
        await asyncio.shield(self._over)

    def restart(self) -> None:
        """Replace all workers, one after the other. Each leaves once its successor serves, and lets its calls end."""
        self._restarts_asked.set()

    def stop(self) -> None:
        """Drain all workers; the second call ends them at once."""
        # 1. Start no more workers.
        again, self.stopping = self.stopping, True
        logger.info("closing %d workers at once" if again else "draining %d workers", len(self._live))
        for task in self._keeping:
            task.cancel()
        # 2. Kill workers that do not serve yet; drain or close the others, and kill them if they take too long.
        for worker in self._live.values():
            if not worker.has_served:
                worker.kill()
            elif again:
                worker.close()
                self._wait_for(self._kill_late(worker, CLOSE_S))
            else:
                worker.drain()
                self._wait_for(self._kill_late(worker, worker.grace_s))
        self._finish_if_empty()

    async def close(self) -> None:
        """Kill all workers and end all tasks: for the exit after an error."""
        self.stopping = True
        for worker in self.workers:
            worker.kill()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, *(worker.exited.wait() for worker in self.workers), return_exceptions=True)
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def statistics(self) -> EndpointStatistics:
        """Return the figures of all workers as those of one endpoint, ended workers included."""
        live = self.workers
        await asyncio.gather(*(worker.figures() for worker in live if worker.pid))
        return summed([worker.statistics for worker in live if worker.statistics is not None], self._ended)

    async def _start(self) -> WorkerProcess:
        number = next(number for number in itertools.count(1) if number not in self._live)
        if number > MAX_WORKERS:
            raise WorkerFailed(f"{MAX_WORKERS} workers are running, draining ones included, which is the limit")
        worker = self._live[number] = WorkerProcess(number)
        try:
            await worker.start(self._launch)
        finally:
            self._wait_for(self._bury(worker))
        self._failed_starts = 0
        logger.info("worker %d (pid %d) serves", number, worker.pid)
        return worker

    async def _bury(self, worker: WorkerProcess) -> None:
        """Remove a worker when its process has ended."""
        await worker.exited.wait()
        # 1. Log its end, which may be unexpected.
        row = self._table.row(worker.number)
        if worker.has_served and not self.stopping and not worker.ended_orderly:
            self.died += 1
            calls = 0 if row is None else row.calls
            logger.error("worker %d (pid %d) %s, with %d calls", worker.number, worker.pid, worker.outcome, calls)
        else:
            logger.info("worker %d (pid %d) %s", worker.number, worker.pid, worker.outcome)
        # 2. Keep its counters.
        if worker.statistics is not None:
            self._ended.add(worker.statistics)
        # 3. Free its number, and wake its slot, which starts another worker.
        self._table.remove(worker.number)
        del self._live[worker.number]
        worker.draining.set()
        self._finish_if_empty()

    def _retire(self, worker: WorkerProcess) -> None:
        """Kill a retired worker if it drains for too long, because one of its handlers hangs."""
        if not worker.exited.is_set():
            self._wait_for(self._kill_late(worker, worker.grace_s + ARRIVALS_S))

    async def _kill_late(self, worker: WorkerProcess, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await worker.exited.wait()
        except TimeoutError:
            logger.error("worker %d still runs %g s after it had to end; it is killed", worker.number, limit_s)
            worker.kill()

    def _count_failure(self, error: WorkerFailed) -> None:
        self._failed_starts += 1
        logger.error("%s", error)
        if self._failed_starts >= MAX_FAILED_STARTS and not self.serving and not self._over.done():
            self._over.set_exception(error)

    async def _restart_when_asked(self) -> None:
        while True:
            await self._restarts_asked.wait()
            self._restarts_asked.clear()
            logger.info("restarting %d workers, one after the other", len(self._slots))
            try:
                for slot in self._slots:
                    await slot.replace()
                logger.info("restarted %d workers; the calls of the old ones continue there", len(self._slots))
            except WorkerFailed as error:
                logger.error("the restart was stopped; the old workers continue: %s", error)

    def _wait_for(self, ended: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ended)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _finish_if_empty(self) -> None:
        if self.stopping and not self._live and not self._over.done():
            self._over.set_result(None)
