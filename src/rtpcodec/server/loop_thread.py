"""The thread of an endpoint's event loop: checks the calling thread, and reads values from other threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from rtpcodec.errors import EndpointError

ResultT = TypeVar("ResultT")


class LoopThread:
    """The running event loop and its thread. Create it in that thread."""

    __slots__ = ("_thread_id", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()

    def require(self, name: str) -> None:
        """Raise EndpointError if the method is called in another thread."""
        if threading.get_ident() != self._thread_id:
            raise EndpointError(
                f"{name}() was called outside the event loop's thread and has changed nothing; use "
                f"loop.call_soon_threadsafe or asyncio.run_coroutine_threadsafe"
            )

    def read(self, function: Callable[[], ResultT], timeout_s: float) -> ResultT:
        """Call a function in the event loop's thread, and return its result, from any thread.

        Args:
            timeout_s: how long to wait for the event loop, in s; its own thread does not wait.

        Raises:
            EndpointError: the event loop does not answer in time, or has ended.
        """
        if threading.get_ident() == self._thread_id:
            return function()
        found: Future[ResultT] = Future()
        try:
            self.loop.call_soon_threadsafe(lambda: found.set_result(function()))
        except RuntimeError as error:
            raise EndpointError("the event loop of the endpoint has ended; its statistics cannot be read") from error
        try:
            return found.result(timeout_s)
        except TimeoutError as error:
            raise EndpointError(
                f"the event loop of the endpoint is busy: it did not return statistics within {timeout_s:g} s"
            ) from error
