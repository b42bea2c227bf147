"""The thread that writes the files of captures and taps: event loops must not wait for a disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from rtpcodec.pump.virtual import VirtualEventLoop


class FileWorker:
    """Runs work in one thread that all event loops share; on a virtual clock, where work takes no time, at once.

    The interpreter waits for the thread at its exit, so files that have ended are complete.
    """

    __slots__ = ("_loop", "direct")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make it for objects of an event loop."""
        self._loop = loop
        self.direct = isinstance(loop, VirtualEventLoop)
        """Whether there is no thread."""

    def run(self, work: Callable[[], object]) -> None:
        """Run work behind all that was given before. It must not raise."""
        if self.direct:
            work()
        else:
            _executor().submit(work)

    def report(self, work: Callable[[], object]) -> None:
        """Run work in the event loop, unless that is closed. Called by work in the thread."""
        if self.direct:
            work()
            return
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(work)


_made: list[ThreadPoolExecutor] = []
_making = threading.Lock()


def _executor() -> ThreadPoolExecutor:
    with _making:
        if not _made:
            _made.append(ThreadPoolExecutor(1, "rtpcodec-files"))
        return _made[0]
