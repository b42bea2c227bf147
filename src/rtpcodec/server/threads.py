"""Blocking calls from other threads into the event loop of a call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from rtpcodec.errors import StreamEnded
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.play_queue import WaitingPlay
from rtpcodec.stream.plays import Plays

LOOK_S: Final = 1.0
"""A waiting thread checks this often whether the event loop still runs, because a closed one never answers."""

ResultT = TypeVar("ResultT")


def call(access: LoopAccess, function: Callable[[], ResultT]) -> ResultT:
    """Call a function in the event loop, and return its result. Raises StreamEnded if the event loop is closed."""
    done: Future[ResultT] = Future()
    _schedule(access, partial(_run, function, done))
    try:
        return _result(access, done, None)
    finally:
        del done  # an error holds this frame in its traceback, and the future holds the error


def _run(function: Callable[[], ResultT], done: Future[ResultT]) -> None:
    try:
        done.set_result(function())
    except BaseException as error:  # the calling thread gets it
        done.set_exception(error)
    finally:
        del done


def play(access: LoopAccess, start: Callable[[Plays], WaitingPlay | None], timeout_s: float | None) -> bool:
    """Queue audio in the event loop, and block until it is queued.

    Args:
        access: the machine of the call.
        start: begins the play.
        timeout_s: the longest wait, in s; then audio that was not queued is dropped.

    Returns:
        Whether it was queued; False: an interruption or the end of the stream dropped it.

    Raises:
        Exception: any error of `start`.
        TimeoutError, StreamEnded: the event loop has been closed.
    """
    playing = _Playing(access, start)
    _schedule(access, playing.run)
    try:
        return playing.result(timeout_s)
    except TimeoutError:
        _schedule(access, playing.drop)
        raise TimeoutError(f"there was no space for the audio within {timeout_s:g} s") from None


class _Playing:
    """A play for another thread. `run`, `drop` and `_ended` are called in the event loop."""

    __slots__ = ("_access", "_done", "_start", "_waiting")

    def __init__(self, access: LoopAccess, start: Callable[[Plays], WaitingPlay | None]) -> None:
        self._access = access
        self._start = start
        self._done: Future[bool] | None = Future()
        """None: the thread no longer waits, or has its result."""
        self._waiting: WaitingPlay | None = None

    def run(self) -> None:
        """Begin the play."""
        done = self._done
        if done is None:
            return
        try:
            waiting = self._start(self._access.pump.machine.plays)
        except BaseException as error:  # the calling thread gets it
            done.set_exception(error)
            del done
            return
        if waiting is None:
            done.set_result(True)
        else:
            self._waiting = waiting
            waiting.on_end = self._ended
        self._access.pump.run()

    def drop(self) -> None:
        """Drop audio that was not queued."""
        if self._waiting is not None:
            self._waiting.end()
            self._access.pump.run()

    def _ended(self, waiting: WaitingPlay) -> None:
        done, self._waiting = self._done, None
        if done is None:
            return
        if waiting.error is not None:
            done.set_exception(waiting.error)
        else:
            done.set_result(not waiting.dropped)

    def result(self, timeout_s: float | None) -> bool:
        """Wait for the end. Raises TimeoutError."""
        done = self._done
        try:
            return False if done is None else _result(self._access, done, timeout_s)
        finally:
            self._done = None
            del done  # an error holds this frame in its traceback, and the future holds the error


def _schedule(access: LoopAccess, run: Callable[[], None]) -> None:
    try:
        access.loop.call_soon_threadsafe(run)
    except RuntimeError:
        raise _closed() from None


def _result(access: LoopAccess, done: Future[ResultT], timeout_s: float | None) -> ResultT:
    until_s = None if timeout_s is None else monotonic() + timeout_s
    try:
        while True:
            left_s = LOOK_S if until_s is None else min(LOOK_S, max(0.0, until_s - monotonic()))
            try:
                return done.result(left_s)
            except TimeoutError:
                if done.done():
                    return done.result()
                if until_s is not None and monotonic() >= until_s:
                    raise
                if access.loop.is_closed():
                    raise _closed() from None
    finally:
        del done


def _closed() -> StreamEnded:
    return StreamEnded("the event loop of the call is closed; nothing can be sent any more")
