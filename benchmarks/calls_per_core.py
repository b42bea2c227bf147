"""Calls that one core carries: `python -m benchmarks.calls_per_core [--handler echo] [--calls 100 200 400]`.

`--handler module:name` measures a handler of yours, from a module in the current folder or on PYTHONPATH.

The endpoint is a process of its own, on `run` and real sockets; the carriers are another one, and each has a core. A
row adds calls, each of which sends a chunk of 20 ms every 20 ms, and shows what the endpoint's process needed:

- `busy`: CPU time of its process per second, all threads
- `per message`: CPU time for each message that it received, replies, files and everything else included: the least of
  all slots of SLOT_S, because other processes of the machine only ever add to it
- `lag p99`: how late its event loop was in 1 % of the measurements of a slot; the median of all slots
- `carriers late p99`: the same for the carriers. If it is more than a few ms, the machine has no room for them, and the
  row says little about the endpoint: believe `per message` only.

The last line is computed from `per message` of the last row: how many calls make a core so busy as `--target` says. The
default of `max_calls` comes from it; docs/running.md has the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import uvloop

import rtpcodec
from rtpcodec.server.loop_lag import LoopLag

CHUNK_S: Final = 0.02
SLOTS: Final = 20
"""Calls are spread over the 20 ms of a chunk, like those of a carrier."""
SETTLE_S: Final = 2.0
SLOT_S: Final = 0.5
LAG_PERIOD_S: Final = 0.01
AT_ONCE: Final = 50
UPGRADE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
"""The request of a carrier."""
FACTS: Final[dict[str, dict[str, Any]]] = {"echo": {}, "agent": {"receive_pcm_hz": 16000, "send_pcm_hz": 24000}}


async def echo(call: rtpcodec.Call) -> None:
    """Echo the received audio."""
    async for audio in call.audio():
        await call.play(audio)


async def agent(call: rtpcodec.Call) -> None:
    """Do a voice agent's local work: voice activity, a recording, 16 kHz in, speech of 24 kHz."""
    call.record(Path(tempfile.gettempdir()) / f"calls_per_core-{os.getpid()}" / f"{call.id}.wav")
    call.voice()
    chunk = bytes(2 * 24000 * 20 // 1000)
    async for _ in call.audio():
        await call.play(chunk)


def frame(message: dict[str, Any]) -> bytes:
    """Return a masked text frame."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return b"\x81" + length + bytes(4) + text


def handler_of(name: str) -> Callable[[rtpcodec.Call], Awaitable[None]]:
    """Return a handler of this module, or of another one by `module:name`."""
    if name in FACTS:
        return {"echo": echo, "agent": agent}[name]
    if ":" not in name:
        raise SystemExit(f"--handler is {name!r}, {', '.join(sorted(FACTS))} or module:name is needed")
    found: Callable[[rtpcodec.Call], Awaitable[None]] = pkgutil.resolve_name(name)
    return found


# The endpoint's process: it answers each line of its standard input with a line of figures.


def serve(handler: str) -> None:
    """Serve until SIGTERM."""
    folder = Path(tempfile.gettempdir()) / f"calls_per_core-{os.getpid()}"
    folder.mkdir(exist_ok=True)

    def ready(endpoint: rtpcodec.Endpoint) -> None:
        loop = asyncio.get_running_loop()
        lag = [LoopLag(loop, LAG_PERIOD_S)]

        def answer() -> None:
            sys.stdin.readline()
            counted, clocks = endpoint.statistics(), (time.monotonic(), time.process_time())
            figures = {"messages": counted.messages_received, "calls": counted.calls_running, "lag_ms": lag[0].p99_ms}
            print(json.dumps(figures | dict(zip(("time_s", "cpu_s"), clocks, strict=True))), flush=True)
            lag[0].stop()
            lag[0] = LoopLag(loop, LAG_PERIOD_S)
            lag[0].start()

        loop.add_reader(sys.stdin, answer)
        print(endpoint.port, flush=True)

    rtpcodec.run(
        handler_of(handler),
        port=0,
        max_calls=10_000,
        max_lag_ms=None,
        drain_s=0,
        on_ready=ready,
        **FACTS.get(handler, {}),
    )


# The carriers' process


class Carriers:
    """Calls that send a chunk every 20 ms, and drop received audio."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._slots: list[list[asyncio.StreamWriter]] = [[] for _ in range(SLOTS)]
        self._calls = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._payload = base64.b64encode(bytes(range(1, 161))).decode()
        self.late_ms: list[float] = []

    async def add(self, calls: int) -> None:
        """Open this many more calls."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(UPGRADE)
                await reader.readuntil(b"\r\n\r\n")
                media_format = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
                writer.write(frame({"event": "start", "start": {"media_format": media_format}}))
                self._slots[self._calls % SLOTS].append(writer)
                self._calls += 1
                task = asyncio.create_task(self._drop(reader))
                self._tasks.add(task)

        await asyncio.gather(*(one() for _ in range(calls)))

    async def speak(self) -> None:
        """Send chunks until cancelled."""
        loop = asyncio.get_running_loop()
        due_s, tick = loop.time(), 0
        while True:
            chunk, slot = divmod(tick, SLOTS)
            body = {"track": "inbound", "chunk": str(chunk + 1), "payload": self._payload}
            text = frame({"event": "media", "media": body})
            for writer in self._slots[slot]:
                writer.write(text)
            tick += 1
            due_s += CHUNK_S / SLOTS
            await asyncio.sleep(due_s - time.monotonic())
            self.late_ms.append((time.monotonic() - due_s) * 1000)

    async def _drop(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(65536):
            pass


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[len(values) * 99 // 100] if values else 0.0


class Endpoint:
    """The endpoint's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._input, self._output = process.stdin, process.stdout
        self.port = int(self._output.readline())

    async def figures(self) -> dict[str, Any]:
        """Return its figures now."""
        self._input.write("\n")
        self._input.flush()
        found: dict[str, Any] = json.loads(await asyncio.to_thread(self._output.readline))
        return found


async def measure(endpoint: Endpoint, steps: list[int], seconds: float) -> float:
    """Print a row per step. Return CPU seconds per message of the last one."""
    carriers = Carriers(endpoint.port)
    speaking = asyncio.create_task(carriers.speak())
    least_s, opened = 0.0, 0
    for calls in steps:
        await carriers.add(calls - opened)
        opened = calls
        await asyncio.sleep(SETTLE_S)
        carriers.late_ms.clear()
        slots, ends_s = [await endpoint.figures()], time.monotonic() + seconds
        while time.monotonic() < ends_s:
            await asyncio.sleep(SLOT_S)
            slots.append(await endpoint.figures())
        if slots[-1]["calls"] != calls:
            raise SystemExit(f"{slots[-1]['calls']} of {calls} calls run")
        least_s = min(
            (one["cpu_s"] - before["cpu_s"]) / max(1, one["messages"] - before["messages"])
            for before, one in pairwise(slots)
        )
        first, last = slots[0], slots[-1]
        busy = (last["cpu_s"] - first["cpu_s"]) / (last["time_s"] - first["time_s"])
        lag_ms = sorted(one["lag_ms"] for one in slots[1:])[len(slots) // 2 - 1]
        row = f"{calls} | {busy:.2f} | {least_s * 1e6:.1f} us | {lag_ms:.1f} ms | {p99(carriers.late_ms):.1f} ms"
        print(f"| {row} |", flush=True)
    speaking.cancel()
    return least_s


def main() -> None:
    """Start the endpoint, and run as the carriers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handler", default="echo", help="echo, agent, or module:name of a handler of yours")
    parser.add_argument("--calls", type=int, nargs="+", default=[50, 100, 200, 400], help="of each row, rising")
    parser.add_argument("--seconds", type=float, default=10.0, help="per row")
    parser.add_argument("--target", type=float, default=0.7, help="of a core, for the last line")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    handler_of(chosen.handler)
    cores = sorted(os.sched_getaffinity(0))
    if chosen.serve:
        os.sched_setaffinity(0, cores[:1])
        serve(chosen.handler)
        return
    command = (sys.executable, "-m", "benchmarks.calls_per_core", "--serve", "--handler", chosen.handler)
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as endpoint:
        try:
            os.sched_setaffinity(0, cores[1:2] or cores)
            print(
                f"| calls, {chosen.handler} | busy | per message | lag p99 | carriers late p99 |\n|--:|--:|--:|--:|--:|"
            )
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                each_s = runner.run(measure(Endpoint(endpoint), chosen.calls, chosen.seconds))
            calls = chosen.target * CHUNK_S / each_s
            print(f"\n{chosen.target:.0%} of a core carry {calls:.0f} calls of {chosen.handler}.")
        finally:
            endpoint.kill()
            shutil.rmtree(Path(tempfile.gettempdir()) / f"calls_per_core-{endpoint.pid}", ignore_errors=True)


if __name__ == "__main__":
    main()
