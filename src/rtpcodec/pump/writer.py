"""Adapts a WebSocket whose `send` must be awaited to the Socket protocol.

Most servers send a text without waiting while their buffers have space. So a text is sent at once, by the first step of
its coroutine. If that step waits, a task continues it, and further texts are queued after it.
"""

from __future__ import annotations

import asyncio
import contextvars
from asyncio.tasks import _enter_task, _leave_task  # for other implementations of tasks: "Extending" in asyncio's pages
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from types import CoroutineType
from typing import Any, Final, Self

from rtpcodec.pump.socket import Receiver

HIGH_WATER_OCTETS: Final = 256 * 1024
"""Above this many queued octets the receiver is paused. One second of L16 at 48 kHz is half of it."""
LOW_WATER_OCTETS: Final = 64 * 1024
"""Below this many queued octets the receiver is resumed."""


class AwaitedSocket:
    """A Socket over the awaitable functions of another server's WebSocket, as an async context manager.

    Texts are sent in order. The queue is bounded because the receiver is paused above HIGH_WATER_OCTETS. At the end of
    the block, queued texts are dropped and the receiver gets `lost`. If a function raises, the connection is gone: the
    task ends, and the receiver gets `lost`.

    All steps of the functions run in one task and its context, so that `asyncio.timeout` works in them.

    All methods must be called in the event loop's thread.
    """

    __slots__ = (
        "_awaiting",
        "_close",
        "_close_code",
        "_context",
        "_cut",
        "_octets",
        "_paused",
        "_ping",
        "_rest",
        "_send_text",
        "_task",
        "_texts",
        "_waiter",
        "receiver",
    )

    def __init__(
        self,
        send_text: Callable[[str], Awaitable[object]],
        close: Callable[[int], Awaitable[object]],
        ping: Callable[[bytes], Awaitable[object]] | None = None,
        cut: Callable[[], object] | None = None,
    ) -> None:
        """Wrap the functions of a WebSocket.

        Args:
            send_text: sends one text frame; it may wait for a slow reader.
            close: sends a close frame with a code.
            ping: sends a ping with these octets, and does not wait for its pong; None: no pings are sent.
            cut: cuts the connection; None: the server has no function for it.
        """
        self._send_text = send_text
        self._close = close
        self._ping = ping
        self._cut = cut
        self._texts: deque[str | bytes] = deque()  # bytes: the payload of a ping
        self._octets = 0
        self._paused = False
        self._awaiting = False
        self._close_code: int | None = None
        self._rest: _StartedCoroutine | Awaitable[object] | None = None  # of the text that is being sent
        self._waiter: asyncio.Future[None] | None = None  # None: the task is busy, so texts must be queued
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self.receiver: Receiver | None = None
        """Receives `paused`, `resumed` and `lost`. It must be set before the first text."""

    def send(self, text: str) -> None:
        """Send a text frame, or queue it after one that waits."""
        if self._waiter is not None:
            self._begin(text, self._waiter)
            return
        self._texts.append(text)
        self._octets += len(text)
        if self._octets > HIGH_WATER_OCTETS and not self._paused and self.receiver is not None:
            self._paused = True
            self.receiver.paused()

    def close(self, code: int) -> None:
        """Queue a close frame after the texts."""
        self._close_code = code
        self._wake_task()

    def abort(self) -> None:
        """Drop the queued texts, and cut the connection.

        Without a function for that, a close frame is still sent, unless another frame blocks it. Otherwise the server
        would never know that its WebSocket must end.
        """
        self._texts.clear()
        self._wake_task()
        if self._cut is not None:
            self._cut()
        if self._task is not None and (self._awaiting or self._close_code is None):
            self._task.cancel()

    def detach(self) -> None:
        """Send nothing more and report nothing more; the other server closes its WebSocket when its block ends."""
        self.receiver = None
        self.abort()

    def ping(self, payload: bytes) -> bool:
        """Queue a ping after the texts. Returns False if there is no function for pings."""
        if self._ping is None:
            return False
        self._texts.append(payload)
        self._octets += len(payload)
        self._wake_task()
        return True

    @property
    def unacknowledged_octets(self) -> int | None:
        """None, because the server's own buffers are hidden: the queue here is empty while they have space."""
        return None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), context=self._context)
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *failure: object) -> None:
        task, self._task = self._task, None  # it may hold an error, whose traceback holds this object
        self._waiter = None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        if self.receiver is not None:
            self.receiver.lost()

    def _begin(self, text: str, waiter: asyncio.Future[None]) -> None:
        """Send a text as far as possible without waiting; the task does the rest."""
        task, loop = self._task, waiter.get_loop()
        if task is None:
            return
        caller = asyncio.current_task(loop)
        self._waiter = None  # meanwhile, texts are queued
        if caller is not None:
            _leave_task(loop, caller)
        _enter_task(loop, task)
        try:
            sending = self._send_text(text)
            if type(sending) is CoroutineType:
                self._rest = _StartedCoroutine(sending, self._context.run(sending.send, None))
            else:
                self._rest = sending
            self._awaiting = True
            waiter.set_result(None)
        except StopIteration:  # it was sent
            if self._texts or self._close_code is not None:
                waiter.set_result(None)
            else:
                self._waiter = waiter
        except (Exception, asyncio.CancelledError):
            task.cancel()
        finally:
            _leave_task(loop, task)
            if caller is not None:
                _enter_task(loop, caller)

    def _wake_task(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _run(self) -> None:
        while self._close_code is None or self._texts:
            if not self._texts:
                await self._work()
            while self._texts:
                text = self._texts.popleft()
                self._awaiting = True
                if isinstance(text, str):
                    await self._send_text(text)
                elif self._ping is not None:
                    await self._ping(text)
                self._awaiting = False
                self._octets -= len(text)
                if self._paused and self._octets < LOW_WATER_OCTETS and self.receiver is not None:
                    self._paused = False
                    self.receiver.resumed()
        self._awaiting = True
        await self._close(self._close_code)

    async def _work(self) -> None:
        """Wait until something is queued, and finish a text that was begun meanwhile."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError as cancelled:
            self._waiter = None
            if not isinstance(self._rest, _StartedCoroutine):
                raise
            self._rest.throw(cancelled)  # as if the task had been inside the coroutine
        if self._rest is not None:
            await self._rest
            self._rest = None
            self._awaiting = False

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Any error of the functions means that the connection is gone. The event loop would log an exception that was
        # not retrieved.
        error = None if task.cancelled() else task.exception()
        if error is not None:
            error.__traceback__ = None  # its frames hold this object, and a future of the server may hold the error
        if (error is not None or task.cancelled()) and self.receiver is not None:
            self.receiver.lost()


class _StartedCoroutine:
    """A coroutine that waits in its first step. Awaiting this object continues it."""

    __slots__ = ("_coroutine", "_yielded")

    def __init__(self, coroutine: CoroutineType[Any, Any, object], yielded: object) -> None:
        """Store a coroutine, and the value that its first step has yielded."""
        self._coroutine: CoroutineType[Any, Any, object] | None = coroutine
        self._yielded = yielded

    def throw(self, error: BaseException) -> None:
        """Raise an error inside the coroutine."""
        self._yielded = None
        try:
            if self._coroutine is not None:
                self._yielded = self._coroutine.throw(error)
        except StopIteration:
            self._coroutine = None
        finally:
            del error  # its traceback holds this frame, which is a reference cycle

    def __await__(self) -> Generator[Any, Any, None]:
        while self._coroutine is not None:
            try:
                answer = yield self._yielded
            except BaseException as error:  # CancelledError, GeneratorExit
                self.throw(error)
            else:
                self._yielded = None  # the error of a future holds this frame, which holds this object
                try:
                    self._yielded = self._coroutine.send(answer)
                except StopIteration:
                    return
