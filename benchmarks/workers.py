"""Calls of one worker and of several: CPU per message, and the highest number of messages per second.

    python -m benchmarks.workers [--workers 1 2] [--calls 40] [--seconds 10] [--repeat 3]

Each row is a supervisor with its workers; the callers are another process. "paced" is a message per call every 20 ms,
as carriers send: CPU time per message there and back, for the same number of calls per worker. "flat out" sends each
message when the echo of the one before has come: messages per second, and the share of a core that the callers take.
Where the callers take a core, two workers on two cores cannot carry twice as much; then CPU per message counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

import uvloop
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.transports import PAYLOAD, REQUEST, frame
from rtpcodec.server import run_workers
from rtpcodec.server.workers.running import WorkersOpened

CHUNK_S: Final = 0.02
WARM_S: Final = 2.0
START: Final = frame({"event": "start", "start": {"media_format": {"encoding": "PCMU", "sample_rate": 8000}}})


@dataclass
class Row:
    """The measurements of one run."""

    cpu_us: float
    per_s: float
    callers_share: float
    calls: list[int]


class Caller(asyncio.Protocol):
    """One call: sends a message by a timer, or when an echo has arrived."""

    def __init__(self, *, flat_out: bool) -> None:
        self.flat_out = flat_out
        self.chunk = 0
        self.rest = b""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the call."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Begin when the request is answered, and continue with each echo."""
        if not self.is_open:
            head, end, self.rest = (self.rest + data).partition(b"\r\n\r\n")
            self.is_open = bool(end)
            if self.is_open:
                self.transport.write(START)
                if self.flat_out:
                    self.send()
            else:
                self.rest = head
        elif self.flat_out:
            self.rest += data
            while (octets := _frame_octets(self.rest)) and len(self.rest) >= octets:
                is_media, self.rest = b'"media"' in self.rest[:octets], self.rest[octets:]
                if is_media:
                    self.send()

    def send(self) -> None:
        """Send the next message."""
        self.chunk += 1
        self.transport.write(frame({"event": "media", "media": {"chunk": str(self.chunk), "payload": PAYLOAD}}))


def _frame_octets(data: bytes) -> int:
    """Return the length of the first frame; 0: its head is not complete."""
    if len(data) < 4:
        return 0
    return 4 + int.from_bytes(data[2:4]) if data[1] == 126 else 2 + data[1]


async def call(port: int, calls: int, *, flat_out: bool) -> None:
    """Run all calls until standard input ends."""
    loop = asyncio.get_running_loop()
    callers = []
    for _ in range(calls):
        callers.append((await loop.create_connection(lambda: Caller(flat_out=flat_out), "127.0.0.1", port))[1])
        await asyncio.sleep(0.005)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    due_s = loop.time()
    while not ended.done() and not flat_out:
        for index, one in enumerate(callers):
            if index % 8 == 0:
                await asyncio.sleep(max(due_s + CHUNK_S * index / calls - loop.time(), 0))
            if one.is_open:
                one.send()
        due_s += CHUNK_S
    await ended


def serve(workers: int) -> None:
    """Run as the supervisor."""

    def ready(opened: WorkersOpened) -> None:
        sys.stdout.write(json.dumps([opened.port, opened.status_port]) + "\n")
        sys.stdout.flush()

    run_workers(
        "benchmarks.transports:echo",
        workers=workers,
        port=0,
        status_port=0,
        metrics=True,
        lead_ms=None,
        max_frames_per_s=None,
        max_octets_per_s=None,
        max_lag_ms=None,
        own_marks=False,
        diagnosis_s=None,
        on_ready=ready,
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start this program in another role."""
    command = [sys.executable, "-m", "benchmarks.workers", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.communicate()


def figures(port: int) -> tuple[float, float, list[int]]:
    """Return CPU time of all workers, messages received, and the calls of each worker."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        families = {one.name: one for one in text_string_to_metric_families(page.read().decode())}
    cpu_s = sum(sample.value for sample in families["rtpcodec_worker_cpu_seconds"].samples)
    calls = [int(sample.value) for sample in families["rtpcodec_worker_calls"].samples]
    return cpu_s, families["rtpcodec_messages_received"].samples[0].value, calls


def cpu_of(pid: int) -> float:
    """Return the CPU time of a process in s; Linux only."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(workers: int, calls: int, seconds: float, *, flat_out: bool) -> Row:
    """Measure one run."""
    with started("--serve", str(workers)) as supervisor:
        port, status_port = json.loads(supervisor.stdout.readline() if supervisor.stdout else "")
        total = calls * workers
        with started("--call", str(port), "--calls", str(total), *(["--flat-out"] if flat_out else [])) as callers:
            while sum(figures(status_port)[2]) < total:
                time.sleep(0.1)
            time.sleep(WARM_S)
            begun = time.monotonic(), *figures(status_port), cpu_of(callers.pid)
            time.sleep(seconds)
            ended = time.monotonic(), *figures(status_port), cpu_of(callers.pid)
    passed_s, messages = ended[0] - begun[0], ended[2] - begun[2]
    return Row(
        (ended[1] - begun[1]) / messages * 1e6, messages / passed_s, (ended[4] - begun[4]) / passed_s, list(ended[3])
    )


def main() -> None:
    """Print a row per number of workers and way of sending."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--calls", type=int, default=40, help="per worker")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--call", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--flat-out", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve)
        return
    if given.call is not None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(call(given.call, given.calls, flat_out=given.flat_out))
        return
    for flat_out in (False, True):
        rows: dict[int, list[Row]] = {workers: [] for workers in given.workers}
        for _ in range(given.repeat):  # interleaved, so that what else runs here disturbs all alike
            for workers in given.workers:
                rows[workers].append(measured(workers, given.calls, given.seconds, flat_out=flat_out))
        for workers, found in rows.items():
            cpu_us, per_s = statistics.median(one.cpu_us for one in found), max(one.per_s for one in found)
            share = statistics.median(one.callers_share for one in found)
            print(
                f"{'flat out' if flat_out else 'paced':8} {workers} workers, calls {found[-1].calls}: {cpu_us:6.1f} us "
                f"of CPU per message ({min(one.cpu_us for one in found):.1f} at least), {per_s:7.0f} messages per s, "
                f"callers {share:.2f} cores",
                flush=True,
            )


if __name__ == "__main__":
    main()
