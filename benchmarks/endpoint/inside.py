"""What a message costs inside a server: `python -m benchmarks.endpoint.inside [--servers picows_echo ours]`.

Prints, per echoed message and for each server: system calls (by strace, if it is installed), Python frames, and C
functions that Python calls. Natives that call one another are in none of these lists. Counting makes a server many
times slower, so few calls are run, and no times are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from typing import Final

from benchmarks.endpoint.call_counter import FILE, TOGGLE
from benchmarks.endpoint.generator import Calls
from benchmarks.endpoint.measuring import connected
from benchmarks.endpoint.processes import Server, ServerSpec, served
from benchmarks.endpoint.traffic import traffic

CALLS: Final = 5
BEGIN_S: Final = 0.5
SECONDS: Final = 3.0
SAFETY_S: Final = 30.0
LEAST_PER_MESSAGE: Final = 0.02
"""Rarer names are not shown."""
OURS: Final = tuple(ServerSpec("ours", options=(("form", form),)) for form in ("callback", "coroutine"))


def system_calls(server: Server, load: Calls) -> dict[str, float]:
    """Return the system calls per echoed message by name."""
    if shutil.which("strace") is None:
        return {}
    with tempfile.NamedTemporaryFile("r") as output:
        command = ["strace", "-c", "-f", "-o", output.name, "-p", str(server.pid)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
            load.reset()
            load.run(SECONDS)
            tracer.send_signal(signal.SIGINT)
        found = re.findall(r"^ +[\d.]+ +[\d.]+ +\d+ +(\d+) .*?(\w+)$", output.read(), re.MULTILINE)
    return {name: int(count) / load.echoed for count, name in found if name != "total"}


def python_calls(server: Server, load: Calls, seconds: float = SECONDS) -> dict[str, float]:
    """Return Python frames and C functions per echoed message by name."""
    os.kill(server.pid, TOGGLE)
    load.reset()
    load.run(seconds)
    os.kill(server.pid, TOGGLE)
    written, deadline_s = server.folder / FILE, time.monotonic() + SAFETY_S
    while not written.exists() and time.monotonic() < deadline_s:
        load.receive(BEGIN_S)
    return {name: count / load.echoed for name, count in json.loads(written.read_text()).items()}


def show(title: str, counted: dict[str, float]) -> None:
    """Print the frequent ones."""
    print(f"\n{title}: {sum(counted.values()):.1f} per message")
    for name, count in sorted(counted.items(), key=lambda item: -item[1]):
        if count >= LEAST_PER_MESSAGE:
            print(f"{count:8.2f} {name}")


def main() -> None:
    """Count inside one server after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", nargs="+", default=["picows_echo", "ours"], help="files of `servers`")
    frames = traffic("PCMU", 20, BEGIN_S + 2 * SECONDS + 1)
    for name in parser.parse_args().servers:
        for wanted in OURS if name == "ours" else (ServerSpec(name),):
            with served(wanted) as server, connected(server.port, CALLS, frames.opening) as sockets:
                load = Calls(frames.frames, frames.payloads, frames.chunk_ms * 1_000_000, sockets)
                load.run(BEGIN_S)
                print(f"\n== {name} {dict(wanted.options).get('form', '')}")
                show("System calls", system_calls(server, load))
                counted = python_calls(server, load)
                show("Python frames", {one: count for one, count in counted.items() if one.startswith("frame")})
                show("C functions", {one: count for one, count in counted.items() if one.startswith("C ")})


if __name__ == "__main__":
    main()
