"""The processes of the endpoint and of the attacker, and their figures from Linux."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.storm.attack import Attack
from tests.storm.endpoint import REPORT_S
from tests.storm.loop_lag import Turn

ROOT: Final = Path(__file__).parents[2]
START_S: Final = 60.0
"""Safety net for the start of a process."""
END_S: Final = 30.0
"""Safety net for its end: the endpoint drains for one second, its handlers have two more."""
KIB: Final = 1024
MAX_NAME_CHARACTERS: Final = 100
"""Of a file: the names of attacks in a row are joined."""


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """Counters of a process at one moment."""

    at_s: float
    cpu_s: float
    waited_s: float
    """How long its main thread could have run and had no core."""
    rss_octets: int
    peak_octets: int
    """The largest rss_octets since `reset_peak`."""


def figures(pid: int) -> ProcessFigures:
    """Read the counters of a process. Raises OSError if it has ended."""
    of = Path("/proc", str(pid))
    fields = (of / "stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in (of / "status").read_text().splitlines())
    return ProcessFigures(
        at_s=time.monotonic(),
        cpu_s=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        waited_s=int((of / "schedstat").read_text().split()[1]) / 1e9,
        rss_octets=int(status["VmRSS"].split()[0]) * KIB,
        peak_octets=int(status["VmHWM"].split()[0]) * KIB,
    )


def reset_peak(pid: int) -> None:
    """Make the current memory the peak."""
    Path("/proc", str(pid), "clear_refs").write_text("5")


class EndpointProcess:
    """The endpoint in its process; `open_endpoint` makes it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._longest = Turn()
        self._reported_s = time.monotonic()
        self._reader: asyncio.Task[None] | None = None
        self.port = 0
        self.exit_code: int | None = None
        """None: it runs, or had to be killed."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def take_longest(self) -> Turn:
        """Return the longest turn of its loop since the last call; one that still lasts counts by its silence."""
        silent_ms = (time.monotonic() - self._reported_s - REPORT_S) * 1000
        longest, self._longest = self._longest.longer(Turn(wall_ms=silent_ms)), Turn()
        return longest

    def log_text(self) -> str:
        """Return its log."""
        return self._log.read_text("utf-8", "replace")

    def log_octets(self) -> int:
        return self._log.stat().st_size

    async def start(self) -> None:
        """Wait for its port. Raises RuntimeError if it ends before."""
        async with asyncio.timeout(START_S):
            line = await self._next_line()
        if line is None:
            raise RuntimeError(f"the endpoint did not start: {self.log_text()}")
        self.port, self._reported_s = line["port"], time.monotonic()
        self._reader = asyncio.create_task(self._read())

    async def _next_line(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        octets = await self._process.stdout.readline()
        return json.loads(octets) if octets.endswith(b"\n") else None

    async def _read(self) -> None:
        while (line := await self._next_line()) is not None:
            self._reported_s = time.monotonic()
            self._longest = self._longest.longer(Turn(line["turn_ms"], line["turn_cpu_ms"]))

    async def stop(self) -> None:
        """End it by SIGTERM, and by SIGKILL if it does not end."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_S):
                self.exit_code = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._reader is not None:
            await self._reader


@asynccontextmanager
async def open_endpoint(attack: Attack, token: str, folder: Path) -> AsyncIterator[EndpointProcess]:
    """Run an endpoint with what the attack needs; its log lies in a folder."""
    log = folder / f"{attack.name[:MAX_NAME_CHARACTERS]}.log"
    options = [f"--token={token}", f"--descriptors={attack.descriptors}", f"--max-calls={attack.max_calls}"]
    if attack.tls:
        options.append("--tls")
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.storm.endpoint",
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
        )
    endpoint = EndpointProcess(process, log)
    try:
        await endpoint.start()
        yield endpoint
    finally:
        await endpoint.stop()


@asynccontextmanager
async def open_attacker(
    attack: Attack, port: int, token: str, seconds: float
) -> AsyncIterator[asyncio.Task[dict[str, int]]]:
    """Run the attack in its process for so many seconds; the task gives what it did."""
    options = [attack.name, f"--port={port}", f"--token={token}", f"--seconds={seconds}"]
    if attack.tls:
        options.append("--tls")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storm.attacker", *options, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )

    async def result() -> dict[str, int]:
        out, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"the attacker ended with {process.returncode}")
        counts: dict[str, int] = json.loads(out)
        return counts

    ended = asyncio.create_task(result())
    try:
        yield ended
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.gather(ended, return_exceptions=True)
