"""Adapts a WebSocket whose `send` must be awaited to the Socket protocol: texts are queued, and one task sends them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

from rtpcodec.pump.socket import Receiver

HIGH_WATER_OCTETS: Final = 256 * 1024
"""Above this many queued octets the receiver is paused. One second of L16 at 48 kHz is half of it."""
LOW_WATER_OCTETS: Final = 64 * 1024
"""Below this many queued octets the receiver is resumed."""


class AwaitedSocket:
    """A Socket over the awaitable functions of another server's WebSocket, as an async context manager.

    One task sends the texts in order. The queue is bounded because the receiver is paused above HIGH_WATER_OCTETS. At
    the end of the block, queued texts are dropped and the receiver gets `lost`. If a function raises, the connection is
    gone: the task ends, and the receiver gets `lost`.

    All methods must be called in the event loop's thread.
    """

    __slots__ = (
        "_awaiting",
        "_close",
        "_close_code",
        "_cut",
        "_octets",
        "_paused",
        "_ping",
        "_send_text",
        "_task",
        "_texts",
        "_wake",
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
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.receiver: Receiver | None = None
        """Gets `paused`, `resumed` and `lost`. It must be set before the first text."""

    def send(self, text: str) -> None:
        """Queue a text frame."""
        self._texts.append(text)
        self._octets += len(text)
        self._wake.set()
        if self._octets > HIGH_WATER_OCTETS and not self._paused and self.receiver is not None:
            self._paused = True
            self.receiver.paused()

    def close(self, code: int) -> None:
        """Queue a close frame behind the texts."""
        self._close_code = code
        self._wake.set()

    def abort(self) -> None:
        """Drop the queued texts, and cut the connection.

        Without a function for it, a close frame is still sent unless another frame holds it up: the other server would
        never learn otherwise that its WebSocket must end.
        """
        self._texts.clear()
        if self._cut is not None:
            self._cut()
        if self._task is not None and (self._awaiting or self._close_code is None):
            self._task.cancel()

    def detach(self) -> None:
        """Send nothing more and report nothing more; the other server closes its WebSocket when its block ends."""
        self.receiver = None
        self.abort()

    def ping(self, payload: bytes) -> bool:
        """Queue a ping behind the texts. Returns False if there is no function for it."""
        if self._ping is None:
            return False
        self._texts.append(payload)
        self._octets += len(payload)
        self._wake.set()
        return True

    @property
    def unacknowledged_octets(self) -> int | None:
        """Unknown: the queue here is empty for as long as the server's own buffers, which are hidden, have room."""
        return None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *failure: object) -> None:
        task, self._task = self._task, None  # it may hold an error, whose traceback holds this object
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        if self.receiver is not None:
            self.receiver.lost()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
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
            if self._close_code is not None:
                self._awaiting = True
                await self._close(self._close_code)
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Any error of the functions means that the connection is gone. Reading the exception keeps it out of the log of
        # the event loop, which reports exceptions that nobody retrieved.
        gone = task.cancelled() or task.exception() is not None
        if gone and self.receiver is not None:
            self.receiver.lost()
