"""One worker process as its supervisor sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Live
from rtpcodec.server.workers.channel import LONGEST_LINE_OCTETS, line

START_TIMEOUT_S: Final = 60.0
"""Time from the start of a process to its readiness; importing large models takes tens of seconds."""
STATISTICS_TIMEOUT_S: Final = 3.0
"""Limit on a worker's answer to a scrape. After it, its latest figures are used."""


@dataclass(frozen=True, slots=True)
class Launch:
    """The arguments of a worker process."""

    spec: bytes
    """The pickled spec."""
    listener: socket.socket
    """The listening socket that all workers share."""
    table: int
    """The descriptor of the table of workers."""


class WorkerFailed(EndpointError):
    """A worker ended before it was ready."""


class WorkerProcess(Live):
    """One worker process, from its start to its end."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.grace_s = 0.0
        """Limit from the beginning of its drain to its end, in s."""
        self.draining = asyncio.Event()
        """Set when it accepts no more calls."""
        self.exited = asyncio.Event()
        self.statistics: Mapping[str, Any] | None = None
        """Its latest figures."""
        self.cpu_s = 0.0
        """CPU time of its process at the latest figures."""
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda ready: ready.exception())  # it may fail when it is no longer awaited
        self._answered = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._watching: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"worker {self.number} (pid {self.pid})"

    @property
    def pid(self) -> int:
        """Its process id; 0 before it was started."""
        return 0 if self._process is None else self._process.pid

    @property
    def has_served(self) -> bool:
        """Whether it was ready once."""
        return self._ready.done() and self._ready.exception() is None

    @property
    def is_serving(self) -> bool:
        """Whether it serves: it is ready and does not drain."""
        return self.has_served and not self.draining.is_set() and not self.exited.is_set()

    @property
    def ended_orderly(self) -> bool:
        """Whether its process has drained and ended by itself."""
        return self.draining.is_set() and self._process is not None and self._process.returncode == 0

    @property
    def outcome(self) -> str:
        """The end of its process in words."""
        if self._process is None:
            return "did not start"
        code = self._process.returncode
        if code is None:
            return "still runs"
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def start(self, launch: Launch) -> None:
        """Start the process, and wait until it serves. Raises WorkerFailed if its process ends before."""
        reader, writer = await self._spawn(launch)
        self._watching = asyncio.create_task(self._watch(reader))
        members = {
            "path": sys.path,
            "pythonpath": os.environ.get("PYTHONPATH"),
            "number": self.number,
            "listener": launch.listener.fileno(),
            "table": launch.table,
            "octets": len(launch.spec),
        }
        writer.write(line(**members) + launch.spec)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.shield(self._ready)
        except TimeoutError:
            raise WorkerFailed(f"worker {self.number} was not ready within {START_TIMEOUT_S:g} s") from None
        finally:
            if not self.has_served:
                self.kill()

    async def _spawn(self, launch: Launch) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Start the process, and return its channel. Raises WorkerFailed; then nothing is left open."""
        ours = theirs = None
        try:
            ours, theirs = socket.socketpair()
            reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE_OCTETS)
            self._writer = writer
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "rtpcodec.server.workers",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), launch.listener.fileno(), launch.table),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                # Ctrl-C and the end of a terminal reach only the supervisor, which decides.
                start_new_session=True,
            )
        except OSError as error:  # no descriptor, no memory, or the interpreter was moved
            raise WorkerFailed(f"worker {self.number} did not start: {error}") from error
        finally:
            if theirs is not None:
                theirs.close()
            if self._process is None:  # failed, or cancelled meanwhile
                if self._writer is not None:
                    self._writer.close()
                elif ours is not None:
                    ours.close()
                self.exited.set()
        return reader, writer

    async def figures(self) -> None:
        """Read its figures. A worker that does not answer in time keeps its latest ones."""
        self._answered.clear()
        self._send(do="statistics")
        with suppress(TimeoutError):
            async with asyncio.timeout(STATISTICS_TIMEOUT_S):
                await self._answered.wait()

    def leave(self) -> None:
        """Drain it once expected calls have arrived, because another worker has taken its place."""
        self.draining.set()
        self._send(do="leave")

    def drain(self) -> None:
        """Drain it, and refuse new calls at once."""
        self._send(do="drain")

    def close(self) -> None:
        """Close its calls at once."""
        self._send(do="close")

    def kill(self) -> None:
        """End its process at once."""
        if self._process is not None and not self.exited.is_set():
            with suppress(ProcessLookupError):
                self._process.kill()

    def _send(self, **members: Any) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line(**members))

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        """Read its messages until the end of the channel, and wait for the end of its process."""
        failed: str | None = None
        with suppress(ConnectionError, ValueError):  # it died while it wrote
            while text := await reader.readline():
                failed = self._handle(json.loads(text)) or failed
        if self._process is not None:
            await self._process.wait()
        if self._writer is not None:
            self._writer.close()
        self.exited.set()
        self._answered.set()
        if not self._ready.done():
            self._ready.set_exception(WorkerFailed(f"worker {self.number} did not start: {failed or self.outcome}"))

    def _handle(self, message: Mapping[str, Any]) -> str | None:
        """Handle a message. Returns the error in it, if any."""
        if "ready" in message and not self._ready.done():
            self.grace_s = message["ready"]["grace_s"]
            self._ready.set_result(None)
        elif "draining" in message:
            self.draining.set()
        elif "statistics" in message:
            self.statistics, self.cpu_s = message["statistics"], message["cpu_s"]
            self._answered.set()
        failed: str | None = message.get("failed")
        return failed
