"""Runs a blocking function beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[[], T], limit_s: float) -> T:
    """Return the result of a function in a thread, which is abandoned at the limit: getaddrinfo has no time-out.

    Raises: TimeoutError at the limit; the error of the function.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # with an error alone it is None

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = function()
        except BaseException as error:  # it is raised in the event loop
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="rtpcodec-doctor", daemon=True).start()
    async with asyncio.timeout(limit_s):
        return await done
