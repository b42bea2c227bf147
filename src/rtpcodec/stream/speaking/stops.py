"""The state of stops: what a clear has stopped, and what is kept of it until it is sent again or dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from rtpcodec.stream.events import Interrupted, PauseResolved
from rtpcodec.stream.speaking.echoes import Cut
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.positions import Heard
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.runs import Run
from rtpcodec.stream.speaking.sent_audio import SentPiece
from rtpcodec.stream.speaking.spans import CutPoint

MAX_CLEARS: Final = 32
"""Clears to keep: three per second for 10 s, the time until a dead connection is noticed."""


@dataclass(slots=True)
class Stop:
    """One clear, until its final value is known."""

    cut: Cut
    point: CutPoint
    replies: list[Reply]
    """The replies that it ended."""
    found: Interrupted | None = None
    """What `interrupt` returned; None for a pause or a suspension."""
    utterance: Reply | None = None
    """The reply that was being heard."""
    doubt_factor: float = 1.0
    """Multiplies the uncertainty that is stated."""


@dataclass(frozen=True, slots=True)
class SentClear:
    """A clear, and the audio before it."""

    stop: Stop
    run: Run
    end: int
    """The sent position at the clear."""


@dataclass(slots=True)
class HeldAudio:
    """Audio and user marks (by sent position) that a clear may have dropped."""

    taken: list[SentPiece]
    marks: list[tuple[int, str]]
    cleared: Counter[str] = field(default_factory=Counter)
    """Names of marks that have returned unheard since. Several marks may share a name."""

    def piece_before(self, position: int) -> SentPiece | None:
        """Return the last audio before a mark."""
        return next((sent for sent in reversed(self.taken) if sent.position < position), None)


@dataclass(slots=True)
class Halt:
    """The state in which a pause, a suspension or both hold replies back."""

    stop: Stop
    kept: HeldAudio = field(default_factory=lambda: HeldAudio([], []))


@dataclass(slots=True)
class Paused:
    """A pause that has not ended."""

    since_ms: float
    until_ms: float
    then: Literal["resume", "discard"]
    on_end: Callable[[PauseResolved], object]
    replies: frozenset[Reply]
    """The replies that it stopped."""


def is_over(reply: Reply, heard: Heard) -> bool:
    """Return whether a reply is heard to its end when the far end is at this position."""
    if reply.over:
        return True
    if not reply.closed or reply.more_follows or reply.queue.waiting_samples:
        return False
    return not unheard_samples(reply, heard)


def unheard_samples(reply: Reply, heard: Heard) -> int:
    """Return how much of the sent audio of a reply is unheard when the far end is at this position."""
    return reply.spans.sent_to - reply.spans.heard_to(heard.position)


def estimate(parts: Parts, utterance: Reply | None, heard: Heard, dropped_ms: float) -> Interrupted:
    """Return the immediate report of an interruption; utterance: the reply that is being heard."""
    if utterance is None:
        return Interrupted(0.0, dropped_ms, estimated=False)
    return Interrupted(
        parts.ms(utterance.spans.heard_samples(heard.position)),
        dropped_ms,
        reply_id=utterance.id,
        played_uncertainty_ms=heard.uncertainty_ms,
        estimated=heard.estimated,
    )


def left_samples(reply: Reply, heard: Heard) -> int:
    """Return how much of a reply is unheard, sent or not. Audio that is queued again counts once."""
    queue = reply.queue
    return queue.waiting_samples + min(reply.spans.sent_to, queue.taken_samples) - reply.spans.heard_to(heard.position)


def interrupt_all(replies: list[Reply]) -> None:
    """End replies as interrupted."""
    for reply in replies:
        reply.become("interrupted")
