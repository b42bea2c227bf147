"""Waits for the report of a stream, for async and for blocking code in any thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from rtpcodec.sim.loop_thread import LoopThread
from rtpcodec.sim.report import CallReport


async def finished(done: Future[CallReport]) -> CallReport:
    """Wait in any event loop, which may be another one than the carrier's. Raises: the error of the speech."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def wake_from_any_thread(_done: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    done.add_done_callback(wake_from_any_thread)
    await waiter
    try:
        return done.result()
    finally:
        del done  # it has the error, whose traceback holds this frame


def waited(done: Future[CallReport], loop_thread: LoopThread, timeout_s: float | None) -> CallReport:
    """Wait in a thread.

    Raises: TimeoutError if it is not over in time. RuntimeError in the loop's own thread.
    """
    if loop_thread.here and not done.done():
        raise RuntimeError("wait() would block the carrier's own event loop, use: await call.finished()")
    try:
        return done.result(timeout_s)
    except TimeoutError:
        if done.done():
            raise  # of the speech's generator
        raise TimeoutError(f"the call is not over after {timeout_s} s") from None
