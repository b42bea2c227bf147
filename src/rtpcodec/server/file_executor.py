"""The threads that access files: one writes recordings, captures and taps, one finishes recordings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from rtpcodec.pump.virtual import VirtualEventLoop

Work = Callable[[], object]


class FileExecutor(Protocol):
    """Runs work outside of an event loop."""

    def write(self, work: Work) -> None:
        """Run work after all writes so far. It must not raise."""

    def finish(self, work: Work) -> None:
        """Run work that may take seconds, after other work of this kind. It must not raise."""

    def report(self, work: Work) -> None:
        """Run a report in the event loop. Called by work."""


class ThreadFileExecutor:
    """Two threads, shared by all event loops. Finishing reads whole files, so it has a thread of its own.

    The interpreter waits for both at its exit, so that recordings that have ended are finished.
    """

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def write(self, work: Work) -> None:
        """Run work after all writes so far."""
        _thread("writer").submit(work)

    def finish(self, work: Work) -> None:
        """Run work that may take seconds. While the interpreter exits, it runs in the calling thread, the writer's."""
        try:
            _thread("finisher").submit(work)
        except RuntimeError:  # at exit, executors accept no more work, but finish the work that they have
            work()

    def report(self, work: Work) -> None:
        """Run a report in the event loop, unless that is closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)


class DirectFileExecutor:
    """Runs work directly: a virtual clock has no threads, and work takes no time there."""

    __slots__ = ()

    def write(self, work: Work) -> None:
        """Run work now."""
        work()

    finish = report = write


def file_executor_of(loop: asyncio.AbstractEventLoop) -> FileExecutor:
    """Return the executor of an event loop."""
    return DirectFileExecutor() if isinstance(loop, VirtualEventLoop) else ThreadFileExecutor(loop)


_threads: dict[str, ThreadPoolExecutor] = {}
_making = threading.Lock()


def _thread(name: str) -> ThreadPoolExecutor:
    with _making:
        if name not in _threads:
            _threads[name] = ThreadPoolExecutor(1, f"rtpcodec-files-{name}")
        return _threads[name]
