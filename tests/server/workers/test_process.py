"""Worker processes that hang: at the start, in the middle and at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtpcodec.server.workers import process
from rtpcodec.server.workers.process import WorkerFailed
from rtpcodec.server.workers.sockets import bound_socket
from rtpcodec.server.workers.supervisor import Supervisor
from rtpcodec.server.workers.worker_spec import WorkerSpec
from rtpcodec.server.workers.worker_table import new_table
from tests.server.dialler import until
from tests.server.workers.handlers import HANDLERS


@asynccontextmanager
async def supervised(configure: str | None = None, **options: Any) -> AsyncIterator[Supervisor]:
    """A supervisor of one worker, not open yet."""
    functions = {"handler": f"{HANDLERS}:echo", "on_audio": None, "on_event": None}
    spec = WorkerSpec(functions=functions, configure=configure, options=options).pickled()
    listener, table = bound_socket("127.0.0.1", 0, listening=True), new_table()
    supervisor = Supervisor(spec, 1, listener, table, first_delay_s=0.01)
    try:
        yield supervisor
    finally:
        await supervisor.close()
        listener.close()
        table.close()


@pytest.mark.long
def test_a_worker_that_does_not_become_ready_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_TIMEOUT_S", 0.2)

    async def main() -> None:
        async with supervised(configure=f"{HANDLERS}:hangs") as supervisor:
            with pytest.raises(WorkerFailed, match=r"^worker 1 was not ready within 0\.2 s$"):
                await supervisor.open()
            await until(lambda: not supervisor.workers)

    asyncio.run(main())


@pytest.mark.long
def test_a_process_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with supervised() as supervisor:
            await supervisor.open()
            (worker,) = supervisor.workers
            with monkeypatch.context() as broken:
                broken.setattr(sys, "executable", "/missing/python")
                worker.kill()
                await until(lambda: "worker 1 did not start: [Errno 2] No such file" in caplog.text)
            await until(lambda: supervisor.serving == 1)
            supervisor.stop()
            await supervisor.over()

    asyncio.run(main())


def test_a_start_that_is_cancelled_before_there_is_a_process_ends() -> None:
    async def main() -> None:
        async with supervised() as supervisor:
            opening = asyncio.create_task(supervisor.open())
            while not supervisor.workers:  # noqa: ASYNC110 -- before the first of its waits
                await asyncio.sleep(0)
            (worker,) = supervisor.workers
            assert worker.pid == 0
            opening.cancel()
            supervisor.stop()
            await supervisor.over()

    asyncio.run(main())


@pytest.mark.long
def test_a_worker_that_does_not_answer_keeps_its_latest_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STATISTICS_TIMEOUT_S", 0.2)

    async def main() -> None:
        async with supervised() as supervisor:
            await supervisor.open()
            (worker,) = supervisor.workers
            while worker.statistics is None:  # on a busy machine, it needs more than the limit above
                await supervisor.statistics()
            os.kill(worker.pid, signal.SIGSTOP)
            assert (await supervisor.statistics()).calls_taken == 0
            os.kill(worker.pid, signal.SIGCONT)

    asyncio.run(main())


@pytest.mark.long
def test_a_worker_that_does_not_end_is_killed(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with supervised() as supervisor:
            await supervisor.open()
            (worker,) = supervisor.workers
            os.kill(worker.pid, signal.SIGSTOP)
            worker.grace_s = 0.2
            supervisor.stop()
            await supervisor.over()

    asyncio.run(main())
    assert "worker 1 still runs 0.2 s after it had to end; it is killed" in caplog.text
