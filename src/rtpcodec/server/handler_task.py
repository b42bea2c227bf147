"""The task of one call's handler: it runs the handler, lets its last audio be heard, and reports its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from math import inf
from typing import Final

from rtpcodec.errors import ReplyInterrupted, StreamEnded
from rtpcodec.pump.pump import Pump
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.heard import HeardMarks, HeardReplies
from rtpcodec.server.ongoing import end_of
from rtpcodec.server.options import Handler
from rtpcodec.server.slow_turns import SlowTurns, timed
from rtpcodec.stream.machine import NORMAL, CallMachine
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.resolving import GRACE_MS

ECHO_MS: Final = 1000.0
"""Wait for the last mark's echo beyond the estimated end of the audio: one round trip and the carrier's own buffer.
After that the echo is considered lost."""

HUNG_AFTER_S: Final = 1.0
"""A handler that still runs this long after it was cancelled counts as hung, and is reported."""
MAX_HUNG_REPORTS: Final = 16
"""Reports per handler, each after twice the time of the one before: the last one comes after 9 hours."""


class HandlerTask:
    """Run a handler once, in a task of its own. Use it from the event loop's thread only."""

    __slots__ = (
        "_cancelled_s",
        "_failed",
        "_heard",
        "_heard_replies",
        "_log",
        "_pump",
        "_reports",
        "_slow_turns",
        "_task",
        "_timer",
    )

    def __init__(
        self,
        pump: Pump[CallMachine],
        heard: HeardMarks,
        heard_replies: HeardReplies,
        log: CallLog,
        *,
        failed: Callable[[BaseException], None],
        slow_turns: SlowTurns | None = None,
    ) -> None:
        """Prepare the task.

        pump, heard, heard_replies, log: of the call.
        failed: called with an exception that the handler raises.
        slow_turns: gets the handler's slow steps; None: they are not measured.
        """
        self._pump = pump
        self._heard = heard
        self._heard_replies = heard_replies
        self._log = log
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self._cancelled_s: float | None = None
        self._reports = 0
        self._slow_turns = slow_turns
        self._timer: asyncio.TimerHandle | None = None  # the cancellation to come, or the next report after it

    def begin(self, handler: Handler, call: Call, ended: Callable[[asyncio.Task[None]], None]) -> None:
        """Start the handler; `ended` is called with the task when it has ended."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(handler, call), name=f"rtpcodec call {call.id}")
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
        self._failed = _ignore

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report_hung(self) -> None:
        """Report that the handler does not end."""
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
            running, slow_turns = handler(call), self._slow_turns
            if slow_turns is not None and isinstance(running, Coroutine):
                running = timed(running, slow_turns.limit_s, slow_turns.report_step)
            await running
            await self._play_out()
        except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
            # The task reports the first two by its end. GeneratorExit may also mean that this coroutine is dropped.
            raise
        except BaseException as error:  # SystemExit as well, which the event loop would raise
            self._failed(error)
        else:
            self._pump.machine.close(NORMAL, self._pump.now_ms(), "handler_returned")
            self._pump.run()

    async def _play_out(self) -> None:
        """Wait until the queued audio was heard, at most its estimated duration and ECHO_MS."""
        session = self._pump.machine.session
        if session.ended:
            return
        if session.speech is not None:
            await self._speak_out(session.speech)
        else:
            await self._play_files_out()

    async def _play_files_out(self) -> None:
        machine = self._pump.machine

        async def heard() -> None:
            await end_of(machine.plays.turn())
            if not machine.session.ended and self._unheard_ms() > 0:
                machine.session.flush()
                await self._heard.wait()

        if not await self._in_time(heard, ECHO_MS):
            self._log.warn_of_peer("the last audio might not have been heard: its mark was not echoed")

    async def _speak_out(self, speech: SpeechChain) -> None:
        """End all replies, and wait until they were heard. They end by themselves unless the socket stops reading."""
        speech.end_replies()
        self._pump.run()
        if not await self._in_time(lambda: self._heard_replies.all_ended(speech.unended_replies), ECHO_MS + GRACE_MS):
            self._log.warn_of_peer("the last audio might not have been heard: it was not sent in time")

    async def _in_time(self, heard: Callable[[], Awaitable[object]], more_ms: float) -> bool:
        """Wait as long as all audio plays, and more_ms; longer during a suspension. Returns False if that is over."""
        machine, now_ms = self._pump.machine, self._pump.now_ms
        session = machine.session
        while True:
            limit_ms = machine.plays.waiting_ms + self._unheard_ms() + more_ms
            paused_ms, halts = session.paused_for_ms(now_ms()), session.halts
            suspended = paused_ms == inf
            try:
                async with asyncio.timeout((limit_ms if suspended else limit_ms + paused_ms) / 1000):
                    await heard()
            except TimeoutError:
                # The audio has its full time behind a pause or suspension.
                if not suspended and session.halts == halts:
                    return False
            else:
                return True

    def _unheard_ms(self) -> float:
        session = self._pump.machine.session
        return session.position_ms - session.heard_ms(self._pump.now_ms())


def _ignore(_error: BaseException) -> None:
    """Stand for the caller's function after the end of the call."""


def is_stream_ended(error: BaseException) -> bool:
    """Return whether an error is what methods that play raise after the end, or a group that holds nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_stream_ended(part) for part in error.exceptions)
    return isinstance(error, StreamEnded | ReplyInterrupted)


def drop_tracebacks(error: BaseException) -> None:
    """Drop the tracebacks of an error that nobody handles any more, and of those that it holds or came from.

    A traceback holds the variables of the handler. A variable that holds the error makes this a cycle, as in the task
    groups of asyncio before Python 3.13.
    """
    found: list[BaseException | None] = [error]
    seen: set[int] = set()
    while found:
        one = found.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        found += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            found += one.exceptions
