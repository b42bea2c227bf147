"""asyncio's handles with faster constructors: a loop in virtual time spends most of its time on handles.

They set the same attributes as asyncio's constructors. In debug mode asyncio's constructors run, because they also
record where a handle was created.
"""

# ruff: noqa: SLF001 -- handles have no public interface for loops

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any


class ReadyHandle(asyncio.Handle):
    """A callback that runs in the next round; not for debug mode."""

    __slots__ = ()

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: Any, context: Context | None
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class Timer(asyncio.TimerHandle):
    """A callback that runs at its deadline, already in the heap of its loop."""

    __slots__ = ()

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], loop: Any, context: Context | None
    ) -> None:
        if loop._debug:
            super().__init__(when, callback, args, loop, context)
            self._scheduled = True
            drop_last_frame(self)
            return
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = True

    def cancel(self) -> None:
        """Drop the callback; the heap drops the timer later."""
        if self._cancelled:
            return
        loop = self._loop
        if loop._debug:
            super().cancel()
            return
        if self._scheduled:
            loop._timer_cancelled_count += 1
        self._cancelled = True
        self._callback = _nothing
        self._args = ()


def drop_last_frame(handle: Any) -> None:
    """Drop a method of the loop from the frames that show, in debug mode, where a handle was created."""
    if handle._source_traceback:
        del handle._source_traceback[-1]


def _nothing() -> None:
    """Replace a cancelled callback."""
