"""The task of a call's handler: runs the handler, waits for its last audio, and reports its errors."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from rtpcodec.errors import EndpointError
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.handler_end import HandlerEnd
from rtpcodec.server.handler_errors import drop_tracebacks
from rtpcodec.server.options import Handler
from rtpcodec.server.slow_turns import SlowTurns, timed
from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.machine import NORMAL

INTERNAL_ERROR: Final = 1011

HUNG_AFTER_S: Final = 1.0
"""A handler that still runs this long after its cancellation counts as hung, and is reported."""
MAX_HUNG_REPORTS: Final = 16
"""Reports per handler, each after twice the time of the previous one: the last one follows after 9 hours."""


class HandlerTask:
    """Runs a handler once, in a task of its own. Use it in the event loop's thread only."""

    __slots__ = (
        "_cancelled_s",
        "_ending",
        "_log",
        "_parts",
        "_report",
        "_reports",
        "_slow_turns",
        "_task",
        "_timer",
    )

    def __init__(
        self,
        parts: CallParts,
        log: CallLog,
        ending: HandlerEnd,
        report: Callable[[BaseException], bool],
        slow_turns: SlowTurns | None = None,
    ) -> None:
        """Prepare the task.

        Args:
            parts: the parts of the call.
            log: the log of the call.
            ending: acts on the phone call once the handler has ended.
            report: called with an exception that the handler raises; returns whether it is a failure.
            slow_turns: counts the handler's slow steps; None: they are not measured.
        """
        self._parts = parts
        self._log = log
        self._ending = ending
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._cancelled_s: float | None = None
        self._reports = 0
        self._slow_turns = slow_turns
        self._timer: asyncio.TimerHandle | None = None  # the planned cancellation, or the next report after it

    def begin(self, handler: Handler, call: Call, ended: Callable[[asyncio.Task[None]], None]) -> None:
        """Start the handler; `ended` is called with the task when it has ended."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(handler, call), name=f"rtpcodec call {call.id}")
        self._task.add_done_callback(ended)

    def begin_end(self, call: Call, error: BaseException, ended: Callable[[asyncio.Task[None]], None]) -> None:
        """Start the actions after the failure of a function other than the handler; `ended` as for `begin`."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._end_failed(call, error), name=f"rtpcodec call {call.id}")
        self._task.add_done_callback(ended)

    @property
    def running(self) -> bool:
        """Whether the handler has started and not ended."""
        return self._task is not None and not self._task.done()

    @property
    def hung(self) -> bool:
        """Whether the handler still runs, HUNG_AFTER_S or longer after it was cancelled."""
        return self._reports > 0 and self.running

    def cancel(self) -> None:
        """Cancel the handler now, and report it for as long as it does not end."""
        if self._task is None or self._task.done():
            return
        self._task.cancel()
        if self._cancelled_s is None:
            self._stop_timer()
            loop = asyncio.get_running_loop()
            self._cancelled_s = loop.time()
            self._timer = loop.call_later(HUNG_AFTER_S, self._report_hung)

    def cancel_after(self, grace_s: float) -> None:
        """Cancel the handler, unless it ends by itself within grace_s seconds."""
        if self.running and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(grace_s, self.cancel)

    def release(self) -> None:
        """Cancel the timer, and drop what refers back to the call, because socket and task have ended."""
        self._stop_timer()
        self._task = self._slow_turns = None
        self._report = _nothing

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report_hung(self) -> None:
        """Log that the handler does not end."""
        if not self.running or self._cancelled_s is None:
            return
        loop = asyncio.get_running_loop()
        elapsed_s = loop.time() - self._cancelled_s
        self._reports += 1
        self._log.error("the handler still runs %.0f s after it was cancelled", elapsed_s)
        if self._reports < MAX_HUNG_REPORTS:
            self._timer = loop.call_later(elapsed_s, self._report_hung)

    async def _run(self, handler: Handler, call: Call) -> None:
        try:
            await self._measured(_awaitable(handler(call)))
        except (GeneratorExit, KeyboardInterrupt):
            # The task itself reports them. GeneratorExit may also mean that this coroutine is dropped.
            raise
        except BaseException as error:  # SystemExit as well, which the event loop would raise
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            if self._report(error):
                await self._end_failed(call, error)
                return
        await self._end_returned(call)

    def _measured(self, running: Awaitable[object]) -> Awaitable[object]:
        """Measure the steps of a handler."""
        slow_turns = self._slow_turns
        if slow_turns is None or not isinstance(running, Coroutine):
            return running
        return timed(running, slow_turns.limit_s, slow_turns.report_step)

    async def _end_returned(self, call: Call) -> None:
        """Act after a return, and close the stream once its last audio was heard."""
        await self._decide(call, None)
        self._close(NORMAL, "handler_returned")

    async def _end_failed(self, call: Call, error: BaseException) -> None:
        """Act after an exception, and close the stream: at once, unless `on_handler_end` does something."""
        try:
            if self._ending.acts:
                await self._decide(call, error)
        finally:
            drop_tracebacks(error)
            del error
            self._close(INTERNAL_ERROR, "handler_failed")

    async def _decide(self, call: Call, error: BaseException | None) -> None:
        """Act on the phone call, until the last audio was heard and all commands have an answer."""
        parts = self._parts
        try:
            # 1. Has the handler begun a hang-up? Then wait for it.
            if parts.hang_up.begun:
                await parts.commands.wait()
            # 2. Carry out the setting on_handler_end, which may play audio.
            await self._ending.act(call, error)
            # 3. Wait for the last audio and for all commands.
            await parts.play_out.wait()
            await parts.commands.wait()
        finally:
            del error  # its traceback may hold this frame

    def _close(self, code: int, cause: EndReason) -> None:
        pump = self._parts.pump
        pump.machine.close(code, pump.now_ms(), cause)
        pump.run()


def _awaitable(returned: object) -> Awaitable[object]:
    """Return the result of a handler if it can be awaited. Raises EndpointError otherwise."""
    if not inspect.isawaitable(returned):
        kind = type(returned).__name__
        raise EndpointError(f"the handler returned a value of type {kind}, a coroutine function is needed: async def")
    return returned


def _is_cancelled() -> bool:
    """Return whether the running task was cancelled; otherwise the handler itself raised CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _nothing(_error: BaseException) -> bool:
    """Replace the caller's function after the end of the call."""
    return False
