"""What a clear has stopped, and what is kept of it until it is sent again or dropped."""

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
"""Those that are kept: three per second of the 10 s in which nobody notices that nothing passes."""


@dataclass(slots=True)
class Stop:
    """One clear, until its final value is known."""

    cut: Cut
    point: CutPoint
    replies: list[Reply]
    """Those that it ended."""
    found: Interrupted | None = None
    """What `interrupt` returned; None: a pause or a suspension."""
    utterance: Reply | None = None
    """The reply that was being heard."""
    doubt_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class SentClear:
    """A clear, and the audio that the far end held before it."""

    stop: Stop
    run: Run
    end: int
    """The sent position at the clear."""


@dataclass(slots=True)
class Kept:
    """What a clear may have dropped: audio, and the caller's marks by sent position."""

    taken: list[SentPiece]
    marks: list[tuple[int, str]]
    cleared: Counter[str] = field(default_factory=Counter)
    """Names of marks that have returned since, unheard. Several marks may have one name."""

    def piece_before(self, position: int) -> SentPiece | None:
        """Return the last audio before a mark."""
        return next((sent for sent in reversed(self.taken) if sent.position < position), None)


@dataclass(slots=True)
class Halt:
    """What a pause, a suspension or both have stopped."""

    stop: Stop
    kept: Kept = field(default_factory=lambda: Kept([], []))


@dataclass(slots=True)
class Paused:
    """A pause that has not ended."""

    since_ms: float
    until_ms: float
    then: Literal["resume", "discard"]
    on_end: Callable[[PauseResolved], object]
    replies: frozenset[Reply]
    """Those that it stopped."""


def is_over(reply: Reply, heard: Heard) -> bool:
    """Whether a reply will have been heard to its end when the far end is at this position."""
    if reply.over:
        return True
    if not reply.closed or reply.more_follows or reply.queue.waiting_samples:
        return False
    return not unheard_samples(reply, heard)


def unheard_samples(reply: Reply, heard: Heard) -> int:
    """Return how much of a reply was sent, and is not heard when the far end is at this position."""
    return reply.spans.sent_to - reply.spans.heard_to(heard.position)


def estimate(parts: Parts, utterance: Reply | None, heard: Heard, dropped_ms: float) -> Interrupted:
    """Return what an interruption reports at once; utterance: the reply that is being heard."""
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
    """Return how much of a reply is not heard, sent or not. Audio that is queued again counts once."""
    queue = reply.queue
    return queue.waiting_samples + min(reply.spans.sent_to, queue.taken_samples) - reply.spans.heard_to(heard.position)


def interrupt_all(replies: list[Reply]) -> None:
    """Let replies end as interrupted."""
    for reply in replies:
        reply.become("interrupted")
