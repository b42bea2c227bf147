"""The event loop of a carrier, used from its own thread or from any other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

ANSWER_TIMEOUT_S: Final = 10.0
"""Limit of a call into the loop; a loop that is not blocked answers in milliseconds."""

T = TypeVar("T")


class LoopThread:
    """The running loop and its thread. Make it inside the loop."""

    __slots__ = ("_thread_id", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()

    @property
    def here(self) -> bool:
        """Whether the caller's thread is that of the loop."""
        return threading.get_ident() == self._thread_id

    def now_ms(self) -> float:
        """Return the time of the loop's clock, which all streams use, in ms."""
        return self.loop.time() * 1000

    def run(self, act: Callable[[], T]) -> T:
        """Call a function in the loop's thread and wait for its result. After the loop's end, call it at once here."""
        if self.here or self.loop.is_closed():
            return act()
        done: Future[T] = Future()
        self.loop.call_soon_threadsafe(_act_there, act, done)
        try:
            return done.result(ANSWER_TIMEOUT_S)
        finally:
            del done  # it holds an error, whose traceback holds this frame


def _act_there(act: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(act())
    except Exception as error:  # it is raised where `run` was called
        done.set_exception(error)
    finally:
        del done  # as in `run`
