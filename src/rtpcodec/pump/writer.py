"""A WebSocket whose `send` must be awaited, as a plain Socket: texts wait here, bounded, and one task sends them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

from rtpcodec.pump.socket import Receiver

HIGH_WATER_OCTETS: Final = 256 * 1024
"""More octets than this pause the receiver: a second of L16 at 48 kHz is half of it."""
LOW_WATER_OCTETS: Final = 64 * 1024
"""Fewer resume it."""


class AwaitedSocket:
    """A Socket over the awaitable functions of another server's WebSocket, as an async context manager.

    Texts are sent in order by one task. At the end of the block, texts that still wait are dropped and the receiver
    gets `lost`. An error of the functions ends the task: the connection is gone, and the receiver gets `lost`.
    """

    __slots__ = ("_close", "_close_code", "_octets", "_paused", "_send_text", "_task", "_texts", "_wake", "receiver")

    def __init__(
        self, send_text: Callable[[str], Awaitable[object]], close: Callable[[int], Awaitable[object]]
    ) -> None:
        """Wrap the functions.

        send_text: sends one text frame; it may wait for a slow reader.
        close: sends a close frame with a code.
        """
        self._send_text = send_text
        self._close = close
        self._texts: deque[str] = deque()
        self._octets = 0
        self._paused = False
        self._close_code: int | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.receiver: Receiver | None = None
        """Gets `paused`, `resumed` and `lost`; to be set within the block, before the first text."""

    def send(self, text: str) -> None:
        """Queue a text frame."""
        self._texts.append(text)
        self._octets += len(text)
        self._wake.set()
        if self._octets > HIGH_WATER_OCTETS and not self._paused and self.receiver is not None:
            self._paused = True
            self.receiver.paused()

    def close(self, code: int) -> None:
        """Send a close frame behind the texts."""
        self._close_code = code
        self._wake.set()

    def abort(self) -> None:
        """Drop the texts; nothing is sent any more."""
        if self._task is not None:
            self._task.cancel()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        if self.receiver is not None:
            self.receiver.lost()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._texts:
                text = self._texts.popleft()
                await self._send_text(text)
                self._octets -= len(text)
                if self._paused and self._octets < LOW_WATER_OCTETS and self.receiver is not None:
                    self._paused = False
                    self.receiver.resumed()
            if self._close_code is not None:
                await self._close(self._close_code)
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Whatever the functions raise means that the connection is gone; asking for it keeps it out of the loop's log.
        gone = task.cancelled() or task.exception() is not None
        if gone and self.receiver is not None:
            self.receiver.lost()
