"""LoopAccess: access to the machine of one call for the objects of its handler, and the rule about threads."""

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
    """Shared by a Call and its replies, pauses and background sounds. Create it in the event loop's thread."""

    __slots__ = ("_blocks", "_thread_id", "heard", "loop", "may_wait", "pump")

    def __init__(self, pump: Pump[CallMachine], heard: ReplyWaits, *, may_wait: bool) -> None:
        """Store the parts of a call.

        Args:
            pump: the pump of the call.
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
                f"{name}() was called outside the event loop's thread and has changed nothing; "
                f"use loop.call_soon_threadsafe(call.{name}, ...), or asyncio.run_coroutine_threadsafe with a "
                f"coroutine function that calls it"
            )
        return self.pump.machine

    def require_coroutine(self, name: str) -> None:
        """Raise LocalProtocolError in `on_audio` and outside the loop's thread, where methods cannot wait."""
        self.machine(name)
        if not self.may_wait:
            raise LocalProtocolError(
                f"{name}() waits, and on_audio cannot wait; pass a coroutine function as handler instead"
            )

    def require_other_thread(self, name: str, instead: str) -> None:
        """Raise LocalProtocolError in the loop's thread, where a method that blocks is not possible.

        Args:
            name: the method.
            instead: the alternative there.
        """
        if threading.get_ident() == self._thread_id:
            raise LocalProtocolError(
                f"{name}() blocks its thread until there is space, but only this thread, the event loop's, can make "
                f"space: use {instead}"
            )

    # Blocks of `async with`

    def enter(self, reply: Reply) -> None:
        """Record that the running task enters the block of a reply."""
        task = asyncio.current_task()
        if task is not None:
            self._blocks.setdefault(task, []).append(reply)

    def leave(self, reply: Reply) -> None:
        """Record that the block of a reply was left, by any task."""
        for task, replies in list(self._blocks.items()):
            if reply in replies:
                replies.remove(reply)
                if not replies:
                    del self._blocks[task]
                return

    def refuse_own_block(self, name: str, only: Reply | None = None) -> None:
        """Raise LocalProtocolError within the block of a reply, because a wait for its end would never return.

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
