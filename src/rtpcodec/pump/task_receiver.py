"""Feeds a pump from a task like the event loop would: a waiting reader's task continues at once, as on the endpoint."""

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task  # for other implementations of tasks: "Extending" in asyncio's pages
from typing import Any

from typing_extensions import Buffer

from rtpcodec.pump.socket import Receiver


class TaskReceiver:
    """A Receiver that a task may call; it passes each report to another one.

    While it delivers a text, there is no current task, because tasks do not nest. So a task that waits for the audio
    continues without a turn of the event loop.

    All methods must be called in the event loop's thread.
    """

    __slots__ = (
        "_loop",
        "_received",
        "lost",
        "paused",
        "peer_closed",
        "ponged",
        "rejected",
        "resumed",
        "run",
        "touched",
    )

    def __init__(self, receiver: Receiver) -> None:
        """Pass reports to another receiver."""
        self._loop = asyncio.get_running_loop()
        self._received = receiver.received
        self.rejected = receiver.rejected
        self.touched = receiver.touched
        self.ponged = receiver.ponged
        self.peer_closed = receiver.peer_closed
        self.lost = receiver.lost
        self.paused = receiver.paused
        self.resumed = receiver.resumed
        self.run = receiver.run

    def received(self, text: str | Buffer) -> None:
        """Deliver a text message."""
        task: asyncio.Task[Any] | None = asyncio.current_task(self._loop)
        if task is None:
            self._received(text)
            return
        _leave_task(self._loop, task)
        try:
            self._received(text)
        finally:
            _enter_task(self._loop, task)
