"""A supervisor and two workers, as processes: rolling restarts, deaths, ends, and the figures of all together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rtpcodec.errors import EndpointError
from rtpcodec.server.workers import supervisor as supervising
from rtpcodec.server.workers.sockets import bound_socket
from rtpcodec.server.workers.supervisor import Supervisor
from rtpcodec.server.workers.worker_spec import WorkerSpec
from rtpcodec.server.workers.worker_table import new_table
from tests.server.dialler import CHUNK, Dialler, call, refused_with, run, until
from tests.server.workers.handlers import HANDLERS
from tests.server.workers.program import Program, program

MESSAGES = 25
PAUSE_S = 0.05
"""Between the calls of one caller, so that the processes that start have time on this machine as well."""


async def until_true(condition: Callable[[], Awaitable[bool]]) -> None:
    """Poll an async condition; the test's own time limit ends it."""
    while not await condition():  # noqa: ASYNC110 -- another process has no event
        await asyncio.sleep(0.02)


async def echoed(dialler: Dialler, messages: int) -> int:
    """Send messages, and return how many octets came back."""
    for _ in range(messages):
        await dialler.media()
    return sum([len(await dialler.payload()) for _ in range(messages)])


async def ended_calls(url: str, over: asyncio.Event) -> int:
    """Make calls one after the other until the event is set: each sends, gets all back, and stops."""
    calls = 0
    while not over.is_set():
        async with call(url) as dialler:
            assert await echoed(dialler, MESSAGES) == MESSAGES * len(CHUNK)
            await dialler.stop()
            assert await dialler.close_code() == 1000
        calls += 1
        await asyncio.sleep(PAUSE_S)
    return calls


async def restarts(supervisor: Program, workers: int = 2) -> None:
    """Ask for a rolling restart, and wait until new workers serve in the place of all old ones."""
    before = {name for name in await supervisor.figures() if name.startswith("rtpcodec_worker_cpu")}
    os.kill(supervisor.pid, signal.SIGHUP)

    async def replaced() -> bool:
        found = await supervisor.figures()
        new = {name for name in found if name.startswith("rtpcodec_worker_cpu")} - before
        return len(new) == workers and found["rtpcodec_workers{serving}"] == workers

    await until_true(replaced)


async def restart_under_load(supervisor: Program, quick_calls: int, long_calls: int, rounds: int) -> int:
    """Restart all workers while calls run and others come. Returns how many calls there were."""
    over = asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        kept = [await stack.enter_async_context(call(supervisor.url)) for _ in range(long_calls)]
        quick = [tasks.create_task(ended_calls(supervisor.url, over)) for _ in range(quick_calls)]
        for _ in range(rounds):
            await restarts(supervisor)
            for dialler in kept:
                assert await echoed(dialler, MESSAGES) == MESSAGES * len(CHUNK)
        over.set()
        await asyncio.gather(*quick)
        for dialler in kept:
            await dialler.stop()
            assert await dialler.close_code() == 1000
    return long_calls + sum(task.result() for task in quick)


def check_nothing_is_lost(found: dict[str, float], calls: int, long_calls: int, rounds: int) -> None:
    messages = MESSAGES * (calls - long_calls + rounds * long_calls)
    assert found["rtpcodec_calls_accepted_total"] == calls
    assert found["rtpcodec_calls_refused_total"] == found["rtpcodec_calls_failed_total"] == 0
    assert found["rtpcodec_audio_chunks_received_total"] == messages
    assert found["rtpcodec_audio_chunks_sent_total"] == messages
    assert found["rtpcodec_workers_died_total"] == 0


async def until_all_ended(supervisor: Program) -> dict[str, float]:
    """Wait until the replaced workers have ended, and return the figures."""

    async def settled() -> bool:
        found = await supervisor.figures()
        return found["rtpcodec_workers{draining}"] == found["rtpcodec_calls"] == 0

    await until_true(settled)
    return await supervisor.figures()


def test_a_rolling_restart_under_load_cuts_no_call_and_loses_no_message() -> None:
    with program(drain_s=600) as supervisor:

        async def main() -> None:
            calls = await restart_under_load(supervisor, quick_calls=1, long_calls=4, rounds=1)
            check_nothing_is_lost(await until_all_ended(supervisor), calls, long_calls=4, rounds=1)
            assert await supervisor.status("/readyz") == (200, '{"status": "ok"}')
            assert await supervisor.status("/healthz") == (200, '{"status": "ok"}')
            os.kill(supervisor.pid, signal.SIGTERM)

        run(main)
        log = supervisor.ended()
        assert supervisor.process.returncode == 0
        assert "MainProcess: restarted 2 workers; the calls of the old ones continue there" in log


def worker_pids(supervisor: int) -> list[int]:
    """Return the processes of the workers."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
    return [int(pid) for pid in children.split()]


def test_the_first_signal_drains_all_and_the_second_ends_at_once() -> None:
    with program(workers=1) as supervisor:

        async def main() -> None:
            async with call(supervisor.url) as one, call(supervisor.url) as other:
                await echoed(one, 1)
                await echoed(other, 1)
                for pid in (supervisor.pid, *worker_pids(supervisor.pid)):  # as systemd does
                    os.kill(pid, signal.SIGTERM)
                while await refused_with(supervisor.url) != 503:
                    pass
                assert await supervisor.status("/readyz") == (503, '{"status": "draining"}')
                assert await echoed(one, 3) == 3 * len(CHUNK)
                await one.stop()
                assert await one.close_code() == 1000
                os.kill(supervisor.pid, signal.SIGTERM)
                assert await other.close_code() in (1001, 1006)

        run(main)
        supervisor.ended()
        assert supervisor.process.returncode == 0


@pytest.mark.long
def test_two_rolling_restarts_in_a_row_with_many_calls() -> None:
    with program(drain_s=600) as supervisor:

        async def main() -> None:
            calls = await restart_under_load(supervisor, quick_calls=2, long_calls=12, rounds=2)
            check_nothing_is_lost(await until_all_ended(supervisor), calls, long_calls=12, rounds=2)

        run(main, timeout_s=120)


async def calls_at_both(supervisor: Program, stack: AsyncExitStack) -> tuple[list[Dialler], list[float]]:
    """Open calls until both workers have one, however busy the machine is. Returns them, and each worker's number."""
    diallers: list[Dialler] = []
    while True:
        diallers.append(await stack.enter_async_context(call(supervisor.url)))
        await echoed(diallers[-1], 1)
        found = await supervisor.figures()
        shares = [found[name] for name in sorted(found) if name.startswith("rtpcodec_worker_calls")]
        if len(diallers) > 1 and min(shares) > 0:
            assert sum(shares) == found["rtpcodec_calls"] == len(diallers)
            return diallers, shares


async def a_worker_dies(supervisor: Program) -> None:
    """One worker is killed: its calls are lost, the others continue, and another worker takes its place."""
    async with AsyncExitStack() as stack:
        diallers, shares = await calls_at_both(supervisor, stack)
        os.kill(worker_pids(supervisor.pid)[0], signal.SIGKILL)
        await until_true(lambda: counts(supervisor, died=1, serving=2))
        await until(lambda: sum(one.socket.close_code is None for one in diallers) == shares[1])
        for one in diallers:
            if one.socket.close_code is None:
                assert await echoed(one, 2) == 2 * len(CHUNK)
                await one.stop()
                assert await one.close_code() == 1000
    await until_true(lambda: counts(supervisor, died=1, serving=2, calls=0))


async def a_worker_is_asked_alone(supervisor: Program) -> None:
    """One worker gets SIGTERM: its calls end, another worker takes its place, and no call is refused."""
    async with AsyncExitStack() as stack:
        diallers, _ = await calls_at_both(supervisor, stack)
        os.kill(worker_pids(supervisor.pid)[0], signal.SIGTERM)
        await until_true(lambda: counts(supervisor, died=1, draining=1, serving=2))
        for _ in range(20):
            assert await refused_with(supervisor.url) == 101
        for dialler in diallers:
            assert await echoed(dialler, 2) == 2 * len(CHUNK)
            await dialler.stop()
            assert await dialler.close_code() == 1000
    await until_true(lambda: counts(supervisor, died=1, draining=0, serving=2))


async def the_supervisor_dies(supervisor: Program) -> None:
    """The supervisor is killed: the workers let their calls end, and end. Another one may use their port meanwhile."""
    async with call(supervisor.url) as one:
        await echoed(one, 1)
        workers = worker_pids(supervisor.pid)
        supervisor.process.kill()
        await until(lambda: is_free(supervisor.port))
        assert await echoed(one, 2) == 2 * len(CHUNK)
        await one.stop()
        assert await one.close_code() == 1000
    await until(lambda: not any(runs(pid) for pid in workers))


def is_free(port: int) -> bool:
    """Whether another supervisor could listen on the port."""
    try:
        bound_socket("127.0.0.1", port, listening=True).close()
    except EndpointError:
        return False
    return True


async def counts(supervisor: Program, died: int, calls: int | None = None, **states: int) -> bool:
    """Whether so many workers have died, so many calls run, and so many workers are in these states."""
    found = await supervisor.figures()
    right = [found[f"rtpcodec_workers{{{state}}}"] == number for state, number in states.items()]
    return all(right) and found["rtpcodec_workers_died_total"] == died and calls in (None, found["rtpcodec_calls"])


@pytest.mark.long
def test_workers_that_die_are_replaced_and_calls_of_the_others_continue() -> None:
    with program(drain_s=600, configure=f"{HANDLERS}:logs_and_takes_few_calls") as supervisor:

        async def main() -> None:
            await a_worker_dies(supervisor)
            await a_worker_is_asked_alone(supervisor)
            await the_supervisor_dies(supervisor)

        run(main, timeout_s=120)
        log = supervisor.ended()
        assert "MainProcess: worker 1 " in log
        assert "ended by SIGKILL, with" in log
        assert "worker-2: listening on ws://127.0.0.1" in log


def runs(pid: int) -> bool:
    """Whether a process runs; one that nobody waits for counts as ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def failing_job() -> bytes:
    functions = {"handler": f"{HANDLERS}:echo", "on_audio": None, "on_event": None}
    return WorkerSpec(functions=functions, configure=f"{HANDLERS}:fails_if_asked", options={}).pickled()


@pytest.mark.long
def test_workers_that_fail_to_start_again_end_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails = tmp_path / "fails"
    monkeypatch.setenv("FAIL_FILE", str(fails))
    monkeypatch.setattr(supervising, "MAX_FAILED_STARTS", 2)
    caplog.set_level("INFO")

    async def main() -> None:
        listener, table = bound_socket("127.0.0.1", 0, listening=True), new_table()
        supervisor = Supervisor(failing_job(), 1, listener, table, first_delay_s=0.001)
        await supervisor.open()
        fails.touch()
        supervisor.restart()
        await until(lambda: "the restart was stopped; the old workers continue: worker 2 did not start" in caplog.text)
        assert supervisor.serving == 1
        (worker,) = supervisor.workers
        worker.kill()
        with pytest.raises(EndpointError, match=r"did not start: RuntimeError: the database is gone$"):
            await supervisor.over()
        await supervisor.close()
        listener.close()
        table.close()

    asyncio.run(main())
    assert caplog.text.count("did not start: RuntimeError: the database is gone") == 1 + 2


def test_a_wrong_setting_ends_the_supervisor_with_its_error() -> None:
    command = [sys.executable, "-m", "rtpcodec", "serve", "--workers", "2", "--port", "0", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "rtpcodec: worker 1 did not start: host '0.0.0.0' can be reached from other machines and no authorize is "
        "given: pass authorize=TOKEN or a function, or listen on 127.0.0.1"
    )
