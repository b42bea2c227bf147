"""Ongoing: a running operation that may be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Final

from rtpcodec.errors import ReplyInterrupted
from rtpcodec.pickling import Live
from rtpcodec.server._awaiting import Awaited
from rtpcodec.stream.play_queue import WaitingPlay


class Ongoing(Live, Awaited, Coroutine[Any, Any, None]):
    """A running operation. Await it to wait for its end, or ignore it: the operation continues by itself.

    It is a coroutine object, so `create_task`, `gather` and `timeout` accept it. Unlike a coroutine, it may be ignored
    without a warning. Cancelling the wait cancels the operation: the rest of a `play` is dropped.
    """

    __slots__ = ("_steps",)

    def __init__(self, end: asyncio.Future[None] | None = None) -> None:
        super().__init__(end)
        self._steps: Generator[Any, Any, None] | None = None

    def _wait(self) -> Generator[Any, Any, None]:
        return _wait(self._end)

    def send(self, value: Any) -> Any:
        """Continue the wait; called by a task."""
        if self._steps is None:
            self._steps = self._wait()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error inside the wait; called by a task that is cancelled."""
        if self._steps is None:
            if self._end is not None:
                self._end.cancel()  # it was not awaited yet, so asyncio has not cancelled it
            self._steps = self._wait()
        try:
            return self._steps.throw(*error)
        finally:
            del error  # its traceback holds this frame

    def close(self) -> None:
        """Stop the wait."""
        if self._steps is not None:
            self._steps.close()


def _wait(end: asyncio.Future[None] | None) -> Generator[Any, Any, None]:
    try:
        if end is not None:
            yield from end.__await__()
    finally:
        del end  # an error holds this frame in its traceback, and the future holds the error


DONE: Final = Ongoing()
"""An operation that has already ended. It has no state, so all callers share it."""


def end_of(waiting: WaitingPlay | None) -> Ongoing:
    """Return the Ongoing of a play that waits for space; None: everything was queued at once, so it has ended."""
    if waiting is None:
        return DONE
    end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ended(play: WaitingPlay) -> None:
        if end.done():
            return
        if play.error is None:
            end.set_result(None)
        else:
            end.set_exception(play.error)
            if isinstance(play.error, ReplyInterrupted):
                end.exception()  # mark it as retrieved, so that asyncio does not report it if nothing awaits this play

    def cancelled(future: asyncio.Future[None]) -> None:
        if future.cancelled():
            waiting.end()

    waiting.on_end = ended
    end.add_done_callback(cancelled)
    return Ongoing(end)
