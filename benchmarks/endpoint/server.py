"""The process of one server: `python -m benchmarks.endpoint.server WANTED CORE FOLDER`. It prints its port."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.endpoint.processes import take_core
from benchmarks.endpoint.servers.serving import Serving


def main() -> None:
    """Serve until the process is killed."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    take_core(int(sys.argv[2]))
    module = import_module(f"benchmarks.endpoint.servers.{wanted['name']}")
    serving = Serving(wanted["codec"], wanted["chunk_ms"], dict(wanted["options"]), Path(sys.argv[3]), module.VERSION)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(module.serve(serving))


if __name__ == "__main__":
    main()
