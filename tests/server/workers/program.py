"""A supervisor and its workers as a program of their own: `python -m tests.server.workers.program OPTIONS-AS-JSON`."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from rtpcodec.server import run_workers
from rtpcodec.server.workers.running import WorkersOpened
from tests.server.dialler import get
from tests.server.workers.handlers import FORMAT, HANDLERS

HERE = "tests.server.workers.program"
ROOT = Path(__file__).parents[3]
STOP_S = 60


class Program:
    """A running supervisor."""

    def __init__(self, process: subprocess.Popen[str], opened: Mapping[str, Any]) -> None:
        self.process = process
        self.port: int = opened["port"]
        self.status_port: int = opened["status_port"]
        self.url = f"ws://127.0.0.1:{self.port}/"
        self.errors = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> str:
        """Wait for the end, and return the log."""
        self.errors += self.process.communicate(timeout=STOP_S)[1]
        return self.errors

    async def figures(self) -> dict[str, float]:
        """Return the samples of `/metrics`, labels as `name{value}`."""
        status, page = await get(self.status_port, "/metrics")
        assert status == 200
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return {one.name + "".join(f"{{{label}}}" for label in one.labels.values()): one.value for one in samples}

    async def status(self, path: str) -> tuple[int, str]:
        return await get(self.status_port, path)


@contextmanager
def program(**options: Any) -> Iterator[Program]:
    """Start a supervisor; in the block all workers serve. It is killed at the end if it still runs."""
    given = {"handler": f"{HANDLERS}:echo", "workers": 2, "lead_ms": None, "drain_s": 30, "metrics": True} | options
    command = [sys.executable, "-m", HERE, json.dumps(given)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        yield Program(process, json.loads(first))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        process.stderr.close()  # type: ignore[union-attr]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format=FORMAT)

    def ready(opened: WorkersOpened) -> None:
        sys.stdout.write(json.dumps({"port": opened.port, "status_port": opened.status_port}) + "\n")
        sys.stdout.flush()

    run_workers(**{"port": 0, "status_port": 0} | json.loads(sys.argv[1]), on_ready=ready)


if __name__ == "__main__":
    main()
