"""Something that has begun and continues by itself, as a value that may be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Final

from rtpcodec.stream.play_queue import Waiting


class Ongoing(Coroutine[Any, Any, None]):
    """Something that has begun and continues by itself: await it for its end, or leave it.

    A coroutine to asyncio, so that `create_task`, `gather` and `timeout` accept it. A wait that is cancelled drops what
    has not been done yet.
    """

    __slots__ = ("_end", "_steps")

    def __init__(self, end: asyncio.Future[None] | None = None) -> None:
        self._end = end
        self._steps: Generator[Any, Any, None] | None = None

    def __await__(self) -> Generator[Any, Any, None]:
        if self._end is not None:
            yield from self._end.__await__()

    def send(self, value: Any) -> Any:
        """Continue, as a task does."""
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error within, as a task does when it is cancelled."""
        if self._steps is None:
            if self._end is not None:
                self._end.cancel()  # nobody has awaited it yet, so nobody else cancels it
            self._steps = self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        """Stop waiting."""
        if self._steps is not None:
            self._steps.close()


DONE: Final = Ongoing()
"""Something that has ended already; it has no state, so one is enough for all."""


def end_of(waiting: Waiting | None) -> Ongoing:
    """The end of a play that waits for room; None: it has ended already."""
    if waiting is None:
        return DONE
    end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ended(play: Waiting) -> None:
        if end.done():
            return
        if play.error is None:
            end.set_result(None)
        else:
            end.set_exception(play.error)

    def cancelled(future: asyncio.Future[None]) -> None:
        if future.cancelled():
            waiting.end()

    waiting.on_end = ended
    end.add_done_callback(cancelled)
    return Ongoing(end)
