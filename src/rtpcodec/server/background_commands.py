"""Commands and keys of one call that run as tasks, whether they are awaited or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from logging import Logger
from typing import Any

from rtpcodec.errors import EndpointError
from rtpcodec.server.call_log import CallLog, logger
from rtpcodec.server.handler_errors import drop_tracebacks, is_stream_ended
from rtpcodec.server.ongoing import Ongoing


class RunningCommand(Ongoing):
    """A running command. Await it to wait for its end, and to get its error; without an await it continues.

    Cancelling the wait does not cancel the command. If nothing awaits it, its error is logged.
    """

    __slots__ = ("_first", "_task", "_waiters")

    def __init__(self, task: asyncio.Task[None], first: RunningCommand | None = None) -> None:
        """Wrap the task of a command.

        Args:
            task: runs the command.
            first: the first RunningCommand of the same command; None: this one.
        """
        super().__init__()
        self._task = task
        self._first = first
        self._waiters = 0

    def shared(self) -> RunningCommand:
        """Return another RunningCommand of the same command, because each can be awaited by one task only."""
        return RunningCommand(self._task, self._first or self)

    def __await__(self) -> Generator[Any, Any, None]:
        return self._wait()

    def _wait(self) -> Generator[Any, Any, None]:
        return self._end_of_command().__await__()

    async def _end_of_command(self) -> None:
        counted = self._first or self
        counted._waiters += 1  # noqa: SLF001
        try:
            await asyncio.wait((self._task,))
        finally:
            counted._waiters -= 1  # noqa: SLF001
        if self._task.cancelled():
            raise EndpointError("the endpoint was closed before the command had an answer")
        try:
            self._task.result()
        finally:
            del self, counted  # they hold the error, whose traceback holds this frame

    @property
    def awaited(self) -> bool:
        """Whether a task awaits it now."""
        return self._waiters > 0


class BackgroundCommands:
    """The running commands of one call. Use it in the event loop's thread only."""

    __slots__ = ("_call_id", "_log", "_of_stream", "_on_idle", "_running")

    def __init__(self, log: CallLog, on_idle: Callable[[], object]) -> None:
        """Begin without commands.

        Args:
            log: the log of the call.
            on_idle: called each time when the last running command has ended, until `release`.
        """
        self._log: CallLog | Logger = log
        self._call_id = log.call_id
        self._on_idle: Callable[[], object] | None = on_idle
        self._running: set[asyncio.Task[None]] = set()
        self._of_stream: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None], *, of_stream: bool = False) -> RunningCommand:
        """Run a command in a task of its own.

        Args:
            name: the name of the method of Call, for the log.
            work: the command.
            of_stream: whether it plays, so that the end of the stream ends it.
        """
        task = asyncio.get_running_loop().create_task(work, name=f"rtpcodec call {self._call_id} {name}")
        command = RunningCommand(task)
        self._running.add(task)
        if of_stream:
            self._of_stream.add(task)
        task.add_done_callback(partial(self._ended, name, command))
        return command

    @property
    def running(self) -> bool:
        """Whether a command runs."""
        return bool(self._running)

    async def wait(self) -> None:
        """Wait until the running commands that play no audio have ended, with or without an error."""
        waited = self._running - self._of_stream
        if waited:
            await asyncio.wait(waited)

    def cancel(self) -> None:
        """Cancel all commands."""
        for task in tuple(self._running):
            task.cancel()

    def release(self) -> None:
        """Drop references back to the call, because it has ended. Commands remain possible."""
        self._on_idle = None
        self._log = logger

    def _ended(self, name: str, command: RunningCommand, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._of_stream.discard(task)
        if task.cancelled():
            self._log.error("%s was cancelled before its end", name)
        else:
            error = task.exception()
            if error is not None and not command.awaited:
                if not is_stream_ended(error):
                    self._log.error("%s failed: %s: %s", name, type(error).__name__, error)
                drop_tracebacks(error)
            del error
        if not self._running and self._on_idle is not None:
            self._on_idle()
