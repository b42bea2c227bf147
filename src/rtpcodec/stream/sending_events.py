"""Events of sending: marks, interruptions, replies, pauses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rtpcodec.pickling import Value


@dataclass(slots=True)
class MarkPlayed(Value):
    """The audio before this mark was heard."""

    name: str


@dataclass(slots=True)
class MarkCleared(Value):
    """The audio before this mark was not heard to its end, or the echo of the mark is lost."""

    name: str
    reason: Literal["interrupt", "timeout", "stop"]


@dataclass(slots=True)
class UnexpectedMark(Value):
    """The carrier returned a mark that was not sent."""

    name: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The immediate estimate of an interruption. InterruptionSettled follows with the final value."""

    played_ms: float
    """How much of the interrupted reply was heard."""
    dropped_ms: float
    """Audio that was queued here or at the carrier, and will not be heard."""
    reply_id: str | None = None
    """The interrupted reply; None: audio of `play` outside any reply, or silence."""
    played_uncertainty_ms: float = 0.0
    """How far played_ms may be off, in both directions."""
    estimated: bool = True
    """Whether no echo of the carrier supports played_ms."""


@dataclass(frozen=True, slots=True)
class InterruptionSettled:
    """The final value of an interruption, reported when the carrier has answered the clear, at most 1 s later."""

    interrupted: Interrupted
    """The estimate that `interrupt` returned."""
    played_ms: float
    """How much of the interrupted reply was heard, corrected by the carrier's echoes."""
    played_uncertainty_ms: float = 0.0
    """How far played_ms may be off, in both directions."""
    estimated: bool = True
    """Whether no echo of the carrier supports played_ms."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The final values of a reply, which was heard to its end or interrupted."""

    reply_id: str
    state: Literal["queued", "speaking", "played", "estimated", "interrupted"]
    """One of the last three: see `Reply.state`."""
    played_ms: float
    """How much of it was heard at the carrier's play-out."""
    played_uncertainty_ms: float
    """How far played_ms may be off, in both directions."""
    sent_ms: float
    """How much of it was sent."""
    last_note_played: object = field(default=None, repr=False)
    """The note of the last chunk that was heard to its end."""


@dataclass(frozen=True, slots=True)
class PauseResolved:
    """A pause has ended."""

    outcome: Literal["resumed", "discarded"]
    """"resumed": the unheard audio is sent again. "discarded": it was dropped by `discard`, an interruption, or the
    end of the stream."""
    paused_ms: float
    """The duration of the pause."""


@dataclass(frozen=True, slots=True)
class SendStalled:
    """Our own side stood still while audio was due: a blocked event loop, or a suspended computer."""

    late_ms: float
    """How late the audio was sent."""
