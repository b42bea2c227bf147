"""The replies of one stream, in the order in which they are spoken."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.speaking._states import OrderState
from rtpcodec.stream.speaking.reply import Reply

MAX_REPLIES: Final = 1000
"""Limit of replies that wait or speak. A program with more has a loop that never closes its replies."""


class ReplyOrder(OrderState):
    """The replies from their opening until they were heard or interrupted. Use from one thread at a time."""

    __slots__ = ()

    waiting: deque[Reply]
    unheard: list[Reply]
    implicit: Reply | None

    def __init__(self) -> None:
        self.waiting: deque[Reply] = NO_ITEMS
        """Replies that are open or have audio to send. Other modules only read it."""
        self.unheard: list[Reply] = []
        """Replies whose audio was all sent but possibly not heard yet."""
        self.moved = False
        """Whether a reply was added to `unheard` since the last check."""
        self.implicit: Reply | None = None
        """The reply that `MediaSession.play` adds to; None: `play` opens one."""

    def open(self, reply: Reply) -> None:
        """Add a reply behind all others. Raises: LocalProtocolError if there are too many."""
        if self.waiting is NO_ITEMS:
            self.waiting = deque()
        if len(self.waiting) >= MAX_REPLIES:
            raise LocalProtocolError(f"{len(self.waiting)} replies are open, at most {MAX_REPLIES} are allowed")
        self.waiting.append(reply)

    def first(self, replies: list[Reply]) -> None:
        """Move or insert replies before all others, in this order."""
        if self.waiting is NO_ITEMS:
            self.waiting = deque()
        for reply in reversed(replies):
            if reply in self.waiting:
                self.waiting.remove(reply)
            if reply in self.unheard:
                self.unheard.remove(reply)
            self.waiting.appendleft(reply)

    def end_implicit(self) -> None:
        """End the implicit reply. `MediaSession.play` opens another one."""
        implicit, self.implicit = self.implicit, None
        if implicit is not None:
            implicit.end()

    def split(self, reply: Reply) -> Reply:
        """End the sent part of an implicit reply, which begins again. Returns the sent part as a reply."""
        past = reply.split()
        self.unheard.append(past)
        self.moved = True
        return past

    @property
    def current(self) -> Reply | None:
        """The reply whose turn it is; None: no reply waits. An open reply keeps its turn even without audio."""
        waiting = self.waiting
        while waiting:
            first = waiting[0]
            if not first.closed or first.queue.waiting_samples or first.more_follows or len(first.marks):
                return first
            waiting.popleft()
            if first is self.implicit:
                self.implicit = None
            self.unheard.append(first)
            self.moved = True
        return None

    @property
    def last_spoken(self) -> Reply | None:
        """The last reply that is open or was not heard to its end; None if there is none."""
        replies = [*self.unheard, *self.waiting]
        # An implicit reply is never closed, so it counts only once it has audio.
        return next((one for one in reversed(replies) if one is not self.implicit or one.has_audio), None)

    @property
    def last_with_audio(self) -> Reply | None:
        """The last reply that has audio to send; None if there is none."""
        return next((reply for reply in reversed(self.waiting) if reply.queue.waiting_samples), None)

    def __iter__(self) -> Iterator[Reply]:
        """Return all replies, in the order in which they are heard."""
        yield from self.unheard
        yield from self.waiting

    def remove(self, reply: Reply) -> None:
        """Remove a reply that was interrupted."""
        if reply in self.waiting:
            self.waiting.remove(reply)
        if reply in self.unheard:
            self.unheard.remove(reply)
        if reply is self.implicit:
            self.implicit = None

    @property
    def waiting_samples(self) -> int:
        """Waiting audio of all replies."""
        return sum([reply.queue.waiting_samples for reply in self.waiting]) if self.waiting else 0
