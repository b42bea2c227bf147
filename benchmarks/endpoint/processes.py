"""Servers in processes of their own, each on one core, and the CPU time that the scheduler has counted for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

MODULE: Final = "benchmarks.endpoint.server"
CORES: Final = sorted(os.sched_getaffinity(0))[:2]
"""Asked before this process keeps to one of them."""
REALTIME: Final = "RTPCODEC_BENCH_REALTIME"
"""Set: servers and load run before all other processes. A server that waits for its core reads more at once, so on a
busy machine its messages would seem cheaper."""


@dataclass(frozen=True)
class ServerSpec:
    """A server, and the settings of its process."""

    name: str
    """The file in `servers`."""
    codec: str = "PCMU"
    chunk_ms: int = 20
    options: tuple[tuple[str, Any], ...] = ()
    """Further settings that this server knows."""


@dataclass(frozen=True)
class CpuTime:
    """What the scheduler has counted."""

    used_s: float
    waited_s: float
    """Ready to run while another process had the core."""


class MissingServer(Exception):
    """A contender that cannot run here."""


def cores() -> tuple[int, int]:
    """Return the cores of the servers and of the load; both are the same where there is one."""
    return CORES[0], CORES[-1]


def take_core(core: int) -> None:
    """Keep this process on a core, before all others there if the environment asks for that."""
    os.sched_setaffinity(0, {core})
    if os.environ.get(REALTIME):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


class Server:
    """A process that serves."""

    def __init__(self, wanted: ServerSpec, pid: int, folder: Path, port: int, version: str) -> None:
        self.wanted = wanted
        self.pid = pid
        self.folder = folder
        self.port = port
        self.version = version

    def cpu_time(self) -> CpuTime:
        """Return the CPU time of all its threads so far. Linux only."""
        used_ns = waited_ns = 0
        for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            used, waited, _ = map(int, path.read_text().split())
            used_ns, waited_ns = used_ns + used, waited_ns + waited
        return CpuTime(used_ns / 1e9, waited_ns / 1e9)

    def resident_kib(self) -> int:
        """Return its resident memory. Linux only."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


@contextmanager
def served(wanted: ServerSpec) -> Iterator[Server]:
    """Run a server on its core. Raises MissingServer if its library is not installed."""
    core = cores()[0]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        command = [sys.executable, "-m", MODULE, json.dumps(asdict(wanted)), str(core), folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                process.wait()
                errors.seek(0)
                raise MissingServer((errors.read().strip() or f"ended with {process.returncode}").splitlines()[-1])
            found = json.loads(line)
            yield Server(wanted, process.pid, Path(folder), found["port"], found["version"])
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
