"""The memory of calls that speak: `python -m benchmarks.memory [--calls 100 400] [--seconds 10]`. Prints a table.

Each row is a server process of its own, on uvloop, that echoes PCMU. The callers are this process. Each sends a chunk
of 20 ms every 20 ms, and waits while 10 of its chunks have not come back, so that a busy machine makes the calls slower
and queues nothing. The slope is the growth of the server's resident memory between both numbers of calls, per call.
`picows` sends each frame back as it is: the least that a call costs here.

`--no-marks` has callers that return no marks, so that nothing proves what was heard. `--parts` says by `tracemalloc`
which lines allocated what is held: memory that a C library allocates by itself is in the slope only.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import picows
import uvloop

import rtpcodec
from benchmarks.calls_per_core import frame
from benchmarks.idle_calls import AT_ONCE, PAGE_OCTETS, UPGRADE, start_frame

SLOTS: Final = 10
"""Calls are spread over the time of a chunk, like those of a carrier."""
MAX_UNANSWERED: Final = 10
MARK: Final = re.compile(rb'"mark":\{"name":"([^"]*)"')
SHOWN_PARTS: Final = 40
ROWS: Final = ("coroutine", "callback", "picows")


# The server's process


async def echo(call: rtpcodec.Call) -> None:
    """Echo the received audio."""
    async for audio in call.audio():
        await call.play(audio)


def echo_audio(call: rtpcodec.Call, audio: rtpcodec.Audio) -> None:
    """Play back one chunk."""
    call.play(audio)


class EchoFrames(picows.WSListener):
    """Send each text back."""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Send a frame back."""
        if frame.msg_type is picows.WSMsgType.TEXT:
            transport.send(picows.WSMsgType.TEXT, frame.get_payload_as_bytes())


async def serve(row: str) -> None:
    """Serve until standard input ends; each line of it requests the allocations since the first one."""
    if row == "picows":
        server = await picows.ws_create_server(lambda _: EchoFrames(), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        return
    receiver: dict[str, Any] = {"handler": echo} if row == "coroutine" else {"on_audio": echo_audio}
    async with rtpcodec.serve(**receiver, max_calls=10_000, max_lag_ms=None) as endpoint:
        print(endpoint.port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(held_parts()), flush=True)


def held_parts() -> dict[str, int]:
    """Return the octets that each line of code holds since the first call of this function."""
    if not tracemalloc.is_tracing():
        tracemalloc.start(1)
        return {}
    found = tracemalloc.take_snapshot().statistics("lineno")
    return {str(one.traceback[0]): one.size for one in found}


# The callers' process


class Caller(asyncio.Protocol):
    """One call: counts sent and received chunks, and returns each mark when the audio before it has been played."""

    def __init__(self, chunk_s: float, *, returns_marks: bool) -> None:
        self._chunk_s = chunk_s
        self._returns_marks = returns_marks
        self._played_s = 0.0
        self.sent = 0
        self._heard = 0
        self._transport: asyncio.Transport | None = None
        self.open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request a WebSocket."""
        self._transport = transport  # type: ignore[assignment]  # asyncio's signature is wider
        self.write(UPGRADE)

    def data_received(self, data: bytes) -> None:
        """Count the echoed chunks, and return marks."""
        if not self.open.done():
            self.open.set_result(None)
            self.write(start_frame("PCMU"))
        loop = asyncio.get_running_loop()
        heard = data.count(b'"payload"')
        self._heard += heard
        self._played_s = max(self._played_s, loop.time()) + heard * self._chunk_s
        if self._returns_marks and b'"mark"' in data:
            for name in MARK.findall(data):
                text = frame({"event": "mark", "mark": {"name": name.decode()}})
                loop.call_at(self._played_s, self.write, text)

    def write(self, octets: bytes) -> None:
        """Send octets."""
        if self._transport is not None:
            self._transport.write(octets)

    def speak(self, chunk: bytes) -> None:
        """Send the next chunk, unless too many have not been echoed."""
        if self.sent - self._heard < MAX_UNANSWERED:
            self.sent += 1
            self.write(chunk)


class Chunks:
    """The frames of a call's chunks, shared by all calls."""

    def __init__(self, chunk_ms: int) -> None:
        self._chunk_ms = chunk_ms
        self._payload = base64.b64encode(bytes(1 + at % 100 for at in range(8 * chunk_ms))).decode()
        self._frames: list[bytes] = []

    def frame(self, number: int) -> bytes:
        """Return the frame of the chunk with this number, counted from 0."""
        while number >= len(self._frames):
            chunk = len(self._frames)
            body = {
                "track": "inbound",
                "chunk": str(chunk + 1),
                "timestamp": str(self._chunk_ms * chunk),
                "payload": self._payload,
            }
            message = {"event": "media", "sequence_number": str(chunk + 2), "stream_id": "stream-1", "media": body}
            self._frames.append(frame(message))
        return self._frames[number]


async def open_calls(port: int, callers: list[Caller], calls: int, new: Callable[[], Caller]) -> None:
    """Open calls until there are as many."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with gate:
            _, caller = await asyncio.get_running_loop().create_connection(new, "127.0.0.1", port)
            await caller.open
            callers.append(caller)

    await asyncio.gather(*(one() for _ in range(calls - len(callers))))


async def speak(callers: list[Caller], chunks: Chunks, chunk_s: float, seconds: float) -> float:
    """Let each call send this many seconds of audio. Return the elapsed seconds."""
    goals = [caller.sent + round(seconds / chunk_s) for caller in callers]
    loop = asyncio.get_running_loop()
    began_s = due_s = loop.time()
    slot = 0
    while slot or any(caller.sent < goal for caller, goal in zip(callers, goals, strict=True)):
        for at in range(slot, len(callers), SLOTS):
            caller = callers[at]
            if caller.sent < goals[at]:
                caller.speak(chunks.frame(caller.sent))
        slot = (slot + 1) % SLOTS
        due_s = max(due_s + chunk_s / SLOTS, loop.time() - chunk_s)  # what is later than a chunk is not caught up
        await asyncio.sleep(due_s - loop.time())
    return loop.time() - began_s


def resident_octets(process: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * PAGE_OCTETS


async def measured(
    process: subprocess.Popen[str], row: str, chosen: argparse.Namespace
) -> tuple[list[int], dict[str, float]]:
    """Return the resident memory of a server after each step, and the parts of a call between the steps."""
    with process:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        port = int(process.stdout.readline())
        callers: list[Caller] = []
        chunks, chunk_s = Chunks(chosen.chunk_ms), chosen.chunk_ms / 1000
        new = partial(Caller, chunk_s, returns_marks=not chosen.no_marks)
        resident = []
        found: list[dict[str, int]] = []
        for calls in chosen.calls:
            if chosen.parts:
                process.stdin.write("\n")
                process.stdin.flush()
                found.append(json.loads(await asyncio.to_thread(process.stdout.readline)))
            await open_calls(port, callers, calls, new)
            took_s = await speak(callers, chunks, chunk_s, chosen.seconds)
            print(f"{row}: {calls} calls, {chosen.seconds:g} s of audio in {took_s:.1f} s", file=sys.stderr)
            resident.append(resident_octets(process.pid))
        if chosen.parts:
            process.stdin.write("\n")
            process.stdin.flush()
            found.append(json.loads(await asyncio.to_thread(process.stdout.readline)))
        process.kill()
    shares: dict[str, float] = {}
    if chosen.parts:
        more = chosen.calls[-1] - chosen.calls[-2]
        shares = {line: (octets - found[-2].get(line, 0)) / more for line, octets in found[-1].items()}
    return resident, shares


def table(chosen: argparse.Namespace) -> None:
    """Print a row per server."""
    steps: list[int] = chosen.calls
    print("| server |", *(f"{calls} calls |" for calls in steps), "slope per call |")
    print("|---|" + "--:|" * (len(steps) + 1))
    for row in chosen.rows:
        command = (sys.executable, "-m", __spec__.name, "--serve", row)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            resident, shares = runner.run(measured(process, row, chosen))
        slope = (resident[-1] - resident[0]) / (steps[-1] - steps[0]) / 1024
        figures = " | ".join(f"{octets / 1024 / 1024:.1f} MiB" for octets in resident)
        print(f"| {row} | {figures} | {slope:.1f} KiB |", flush=True)
        for line, octets in sorted(shares.items(), key=lambda one: -one[1])[: SHOWN_PARTS if shares else 0]:
            print(f"{octets:8.0f}  {line}")
        if shares:
            print(f"{sum(shares.values()):8.0f}  in all")


def main() -> None:
    """Print the table, or run as the server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--chunk-ms", type=int, default=20)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--no-marks", action="store_true", help="the callers return no marks")
    parser.add_argument("--serve", choices=ROWS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if chosen.serve:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(chosen.serve))
    else:
        table(chosen)


if __name__ == "__main__":
    main()
