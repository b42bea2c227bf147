"""LoopAccess: the machine of one call, for the objects that its handler holds, and the rule about threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump.pump import Pump
from rtpcodec.server.play_waits import ReplyWaits
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.speaking.reply import Reply


class LoopAccess:
    """Shared by a Call and its replies, pauses and background sounds. Made in the event loop's thread."""

    __slots__ = ("_blocks", "_thread_id", "heard", "loop", "may_wait", "pump")

    def __init__(self, pump: Pump[CallMachine], heard: ReplyWaits, *, may_wait: bool) -> None:
        """Make it.

        Args:
            pump: of the call.
            heard: its waits for replies.
            may_wait: whether the handler is a coroutine, which may wait, and not `on_audio`.
        """
        self.pump = pump
        self.heard = heard
        self.may_wait = may_wait
        self.loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._blocks: dict[asyncio.Task[Any], list[Reply]] = {}

    @property
    def in_loop_thread(self) -> bool:
        """Whether this is the thread of the event loop."""
        return threading.get_ident() == self._thread_id

    def machine(self, name: str) -> CallMachine:
        """Return the machine to a method that changes it. Raises LocalProtocolError outside the loop's thread."""
        if threading.get_ident() != self._thread_id:
            raise LocalProtocolError(
                f"{name}() was called outside the event loop's thread, nothing has changed; "
                f"use loop.call_soon_threadsafe(call.{name}, ...), or asyncio.run_coroutine_threadsafe with a "
                f"coroutine function that calls it"
            )
        return self.pump.machine

    def require_coroutine(self, name: str) -> None:
        """Refuse a method that waits: LocalProtocolError in `on_audio` and outside the loop's thread."""
        self.machine(name)
        if not self.may_wait:
            raise LocalProtocolError(f"{name}() waits, and on_audio cannot; pass a coroutine as handler instead")

    def require_other_thread(self, name: str, instead: str) -> None:
        """Refuse a method that blocks: LocalProtocolError in the loop's thread.

        Args:
            name: the method.
            instead: what to use there.
        """
        if threading.get_ident() == self._thread_id:
            raise LocalProtocolError(
                f"{name}() blocks its thread until there is space, and this is the event loop's thread, which makes "
                f"the space: it would wait for itself; use {instead}"
            )

    # Blocks of `async with`

    def enter(self, reply: Reply) -> None:
        """Record that the running task enters the block of a reply."""
        task = asyncio.current_task()
        if task is not None:
            self._blocks.setdefault(task, []).append(reply)

    def leave(self, reply: Reply) -> None:
        """Record that the block of a reply was left, by whichever task."""
        for task, replies in list(self._blocks.items()):
            if reply in replies:
                replies.remove(reply)
                if not replies:
                    del self._blocks[task]
                return

    def refuse_own_block(self, name: str, only: Reply | None = None) -> None:
        """Refuse to wait for a reply that cannot end: LocalProtocolError within its own block.

        Args:
            name: the method that waits.
            only: the reply that it waits for; None: all of them.
        """
        task = asyncio.current_task()
        for reply in () if task is None else self._blocks.get(task, ()):
            if not reply.closed and only in (None, reply):
                raise LocalProtocolError(
                    f"{name}() waits for the end of reply {reply.id!r}, which this block holds open; "
                    f"leave the block first, or call the reply's end()"
                )
