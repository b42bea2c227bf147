"""The memory of an idle call: `python -m benchmarks.idle_calls [--calls 2000]`. Prints two Markdown tables.

An idle call has an open socket and a `start`, and no audio. Each row is a process of its own that serves on uvloop; the
callers are another process. The first table is the growth of the resident memory, the second says by `tracemalloc`
which part of it is whose: memory that a C library allocates by itself is in the first table only.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any, Final

import uvloop

import rtpcodec

PLANS: Final = {"PCMU": 8000, "OPUS": 16000}
FACES: Final = ("handler", "on_audio")
WARM_CALLS: Final = 50
"""Calls before the measurement, so that caches and modules are not counted."""
AT_ONCE: Final = 50
PAGE_OCTETS: Final = os.sysconf("SC_PAGE_SIZE")
OURS: Final = "rtpcodec"
UPGRADE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def listen(call: rtpcodec.Call) -> None:
    """Read audio that never arrives."""
    async for _ in call.audio():
        pass


def ignore(_call: rtpcodec.Call, _audio: object) -> None:
    """Drop audio that never arrives."""


def start_frame(encoding: str) -> bytes:
    """Return a masked frame with a `start`."""
    media_format = {"encoding": encoding, "sample_rate": PLANS[encoding], "channels": 1}
    start = {"call_control_id": "v3:0", "media_format": media_format}
    text = json.dumps({"event": "start", "sequence_number": "1", "stream_id": "stream-1", "start": start}).encode()
    return b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text


async def call(port: int, encoding: str, calls: int) -> None:
    """Open calls, and keep them until standard input ends."""
    writers = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(start_frame(encoding))
            writers.append(writer)

    await asyncio.gather(*(one() for _ in range(calls)))
    await asyncio.to_thread(sys.stdin.read)


async def grown(encoding: str, face: str, calls: int, *, is_traced: bool) -> dict[str, Any]:
    """Serve the calls in this process, and measure the memory of one of them."""
    receiver: dict[str, Any] = {"handler": listen} if face == "handler" else {"on_audio": ignore}
    plan = rtpcodec.StreamPlan(send_codec=encoding)
    limits: dict[str, Any] = {"max_calls": calls + WARM_CALLS, "idle_timeout_s": None}
    async with rtpcodec.serve(**receiver, plan=plan, **limits) as endpoint:

        async def begin(more: int) -> asyncio.subprocess.Process:
            there = len(endpoint.calls) + more
            command = (sys.executable, "-m", __spec__.name, "--port", str(endpoint.port), encoding, str(more))
            process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE)
            while len(endpoint.calls) < there:  # noqa: ASYNC110 -- a count has no event
                await asyncio.sleep(0.01)
            gc.collect()
            return process

        processes = [await begin(WARM_CALLS)]
        if is_traced:
            tracemalloc.start(1)
            before = tracemalloc.take_snapshot()
        resident = resident_octets()
        processes.append(await begin(calls))
        result: dict[str, Any] = {"resident": (resident_octets() - resident) / calls}
        if is_traced:
            found = tracemalloc.take_snapshot().compare_to(before, "filename")
            result["parts"] = [(part(one.traceback[0].filename), one.size_diff / calls) for one in found]
        for process in processes:
            process.kill()
            await process.wait()
        return result


def part(path: str) -> str:
    """Return the package of a file; memory of the event loop and of C code without a frame counts as asyncio's."""
    parts = Path(path).parts
    if OURS in parts:
        return OURS
    return next((name for name in ("picows", "aiofastnet") if name in parts), "asyncio and others")


def resident_octets() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_OCTETS


def in_a_process(encoding: str, face: str, calls: int, trace: str) -> dict[str, Any]:
    """Return the result of `grown` in a separate process."""
    command = (sys.executable, "-m", __spec__.name, "--row", encoding, face, str(calls), trace)
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def tables(calls: int) -> None:
    """Print both tables."""
    print(f"| plan, {calls} calls | handler | on_audio |\n|---|--:|--:|")
    for encoding in PLANS:
        resident = [in_a_process(encoding, face, calls, "")["resident"] for face in FACES]
        print(f"| {encoding} | {' | '.join(f'{octets / 1000:.1f} kB' for octets in resident)} |")
    print("\n| part of a call of PCMU with a handler | kB |\n|---|--:|")
    sums: dict[str, float] = {}
    for name, octets in in_a_process("PCMU", "handler", calls, "traced")["parts"]:
        sums[name] = sums.get(name, 0.0) + octets
    for name, octets in sorted(sums.items()):
        print(f"| {name} | {octets / 1000:.1f} |")


def main() -> None:
    """Print the tables, or run as one of the processes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle_calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--row", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--port", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if chosen.port:
            port, encoding, calls = chosen.port
            runner.run(call(int(port), encoding, int(calls)))
        elif chosen.row:
            encoding, face, calls, trace = chosen.row
            print(json.dumps(runner.run(grown(encoding, face, int(calls), is_traced=bool(trace)))))
        else:
            tables(chosen.calls)


if __name__ == "__main__":
    main()
