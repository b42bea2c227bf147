"""Resolving: when was a reply heard to its end, by an echo that proves it or by the estimate?"""

from __future__ import annotations

from math import inf
from typing import Final

from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.reply import ENDED, Reply

GRACE_MS: Final = 1000.0
"""An echo that proves the end of a reply is waited for so long after its estimated end."""


class Resolver:
    """Ends the replies whose audio was all sent. Changes `order`, `reports`. Use from one thread at a time."""

    __slots__ = ("_next_ms", "_parts")

    def __init__(self, parts: Parts) -> None:
        """Make it."""
        self._parts = parts
        self._next_ms = inf

    def resolve(self, now_ms: float) -> None:
        """End the replies that were heard, and compute when to look again."""
        parts = self._parts
        if parts.order.current is None and not parts.order.unheard:
            self._next_ms = inf
            return
        next_ms = inf
        for reply in list(parts.order.unheard):
            due_ms = self._look(reply, now_ms)
            if due_ms is None:
                parts.order.unheard.remove(reply)
            else:
                next_ms = min(next_ms, due_ms)
        self._next_ms = next_ms

    def _look(self, reply: Reply, now_ms: float) -> float | None:
        """End a reply if it was heard. Returns when to look again; None: it has ended."""
        parts = self._parts
        if reply.state in ENDED:
            return None
        end, cut = reply.spans.end, reply.spans.last_cut
        # 1. It had no audio.
        if end is None:
            self._end(reply, "played", 0, 0.0)
            return None
        # 2. A clear came behind its end; its final value decides.
        if cut is not None:
            if not cut.settled:
                return inf
            self._end(reply, "estimated" if cut.estimated else "played", cut.position, cut.uncertainty_ms)
            return None
        # 3. An echo proves it, or is waited for.
        if parts.echoes.proven_position >= end:
            self._end(reply, "played", end, 0.0)
            return None
        over_ms = parts.far_end.played_by_ms(end)
        if parts.echoes.awaits(end) or parts.own_marks.due_ms is not None:
            over_ms += GRACE_MS
        if now_ms < over_ms:
            return over_ms
        self._end(reply, "estimated", end, parts.far_end.heard(now_ms).uncertainty_ms)
        return None

    def _end(self, reply: Reply, state: str, position: int, uncertainty_ms: float) -> None:
        reply.settle(position, uncertainty_ms)
        reply.become("played" if state == "played" else "estimated")
        if reply.explicit:
            self._parts.reports.append(reply.ended_event())

    @property
    def next_ms(self) -> float:
        """When `resolve` has something to do; infinity: not before something is sent, echoed or cleared."""
        return self._next_ms
