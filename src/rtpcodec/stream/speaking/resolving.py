"""Resolving: ends a reply once it was heard, as an echo proves or as estimated."""

from __future__ import annotations

from math import inf
from typing import Final

from rtpcodec.stream.speaking._states import ResolverState
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.reply import ENDED, Reply
from rtpcodec.stream.speaking.spans import CutPoint

GRACE_MS: Final = 1000.0
"""How long to wait for the echo that proves the end of a reply, after its estimated end."""
DRY_MS: Final = 200.0
"""An implicit reply ends once the far end has been dry for this long. Audio that is played chunk by chunk leaves it
dry for moments."""


class Resolver(ResolverState):
    """Ends replies whose audio was all sent. Changes `order` and `reports`. Use from one thread at a time."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Parts) -> None:
        """Make the resolver of a stream."""
        self._parts = parts
        self._next_ms = inf

    def resolve(self, now_ms: float) -> None:
        """End the replies that were heard, and compute when to check again."""
        order = self._parts.order
        if now_ms >= self.implicit_ms:
            self._end_implicit()
        order.current  # noqa: B018 -- moves replies that were sent to `unheard`
        order.moved = False
        next_ms = inf
        for reply in list(order.unheard):
            due_ms = self._look(reply, now_ms)
            if due_ms is None:
                order.unheard.remove(reply)
            else:
                next_ms = min(next_ms, due_ms)
        self._next_ms = next_ms

    @property
    def implicit_ms(self) -> float:
        """When the far end will have been dry long enough behind the implicit reply; infinity: it does not end yet."""
        parts = self._parts
        reply = parts.order.implicit
        if reply is None or reply.state != "speaking" or parts.paused:
            return inf
        if reply.queue.waiting_samples or reply.more_follows or len(reply.marks):
            return inf
        end = reply.spans.end or 0
        wait_ms = 0.0 if reply.on_end is not None else DRY_MS
        if parts.echoes.proven_position >= end:
            return parts.far_end.played_by_ms(end) + wait_ms
        return self._over_ms(end) + wait_ms

    def ends_implicit(self, now_ms: float) -> bool:
        """Return whether the implicit reply has ended by time. It is not a deadline, because nothing waits for it."""
        implicit = self._parts.order.implicit
        return implicit is not None and implicit.ran_empty and now_ms >= self.implicit_ms

    def _end_implicit(self) -> None:
        """End the sent part of the implicit reply, which begins again with the rest."""
        parts = self._parts
        reply = parts.order.implicit
        if reply is None:
            return
        past = parts.order.split(reply)
        on_end, reply.on_end = reply.on_end, None
        if on_end is not None:
            past.on_end = lambda _past: on_end(reply)  # the waiter knows the reply, not its sent part
        parts.sent_audio.hand_over(reply, past)

    def _over_ms(self, end: int) -> float:
        """Return when audio up to a sent position counts as heard without a proving echo."""
        parts = self._parts
        over_ms = parts.far_end.played_by_ms(end)
        if parts.echoes.awaits(end) or parts.own_marks.due_ms is not None:
            over_ms += GRACE_MS
        return over_ms

    def _look(self, reply: Reply, now_ms: float) -> float | None:
        """End a reply if it was heard. Returns when to check again; None: it has ended."""
        parts = self._parts
        if reply.state in ENDED:
            return None
        end, cut = reply.spans.end, reply.spans.last_cut
        # 1. Without audio? It ends at once.
        if end is None:
            self._end(reply, "played", 0, 0.0)
            return None
        # 2. Did a clear follow its end? The final value of the cut decides.
        if cut is not None:
            return self._look_at_cut(reply, cut)
        # 3. Proven by an echo? Otherwise wait for one, and then estimate.
        proven = parts.echoes.proven_position >= end
        if not proven and now_ms < (over_ms := self._over_ms(end)):
            return over_ms
        uncertainty_ms = 0.0 if proven else parts.far_end.end_doubt_ms(end, now_ms)
        self._end(reply, "played" if proven else "estimated", end, uncertainty_ms)
        return None

    def _look_at_cut(self, reply: Reply, cut: CutPoint) -> float | None:
        """End a reply that a clear follows, once the cut is settled. Returns as `_look`."""
        if not cut.settled or (self._parts.paused and reply.spans.heard_to(cut.position) < reply.spans.sent_to):
            return inf
        self._end(reply, "estimated" if cut.estimated else "played", cut.position, cut.uncertainty_ms)
        return None

    def _end(self, reply: Reply, state: str, position: int, uncertainty_ms: float) -> None:
        reply.settle(position, uncertainty_ms)
        reply.become("played" if state == "played" else "estimated")
        if reply.explicit:
            self._parts.reports.append(reply.ended_event())

    def check_soon(self) -> None:
        """Have `resolve` check at once, because a reply was ended or a cut was settled."""
        self._next_ms = -inf

    @property
    def next_ms(self) -> float:
        """When `resolve` has something to do; infinity: not before something is sent, echoed or cleared."""
        implicit = self._parts.order.implicit
        if implicit is not None and implicit.on_end is not None:
            return min(self._next_ms, self.implicit_ms)
        return self._next_ms
