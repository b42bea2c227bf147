"""The events of what we send: marks, interruptions, replies, pauses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rtpcodec.pickling import Value


@dataclass(slots=True)
class MarkPlayed(Value):
    """The audio before this mark has been heard."""

    name: str


@dataclass(slots=True)
class MarkCleared(Value):
    """The audio before this mark was not heard to its end, or its echo will not arrive."""

    name: str
    reason: Literal["interrupt", "timeout", "stop"]


@dataclass(slots=True)
class UnexpectedMark(Value):
    """The carrier returned a mark that we have not sent."""

    name: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The estimate of an interruption at its moment; InterruptionSettled follows with the final value."""

    played_ms: float
    """How much was heard of the reply that the interruption cut."""
    dropped_ms: float
    """Audio that was queued here or at the carrier and will not be heard."""
    reply_id: str | None = None
    """The reply that was cut; None: audio of `play` outside any reply, or silence."""
    played_uncertainty_ms: float = 0.0
    """How wrong played_ms may be, either way."""
    estimated: bool = True
    """Whether no echo of the carrier supports played_ms."""


@dataclass(frozen=True, slots=True)
class InterruptionSettled:
    """The final value of an interruption, reported once the carrier has answered its clear, or 1 s later."""

    interrupted: Interrupted
    """The estimate that `interrupt` returned."""
    played_ms: float
    """The estimate's played_ms, corrected by the carrier's echoes."""
    played_uncertainty_ms: float = 0.0
    """How wrong played_ms may be, either way."""
    estimated: bool = True
    """Whether no echo of the carrier supports played_ms."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The final values of a reply: it was heard to its end, or cut."""

    reply_id: str
    state: Literal["queued", "speaking", "played", "estimated", "interrupted"]
    """One of the last three: see `Reply.state`."""
    played_ms: float
    """How much of it was heard, at the carrier's play-out."""
    played_uncertainty_ms: float
    """How wrong played_ms may be, either way."""
    sent_ms: float
    """How much of it was sent."""
    last_note_played: object = field(default=None, repr=False)
    """The note of the last chunk that was heard to its end."""


@dataclass(frozen=True, slots=True)
class PauseResolved:
    """A pause has ended."""

    outcome: Literal["resumed", "discarded"]
    """"resumed": what was not heard is sent again. "discarded": it was dropped, by `discard`, an interruption, or the
    end of the stream."""
    paused_ms: float
    """How long the pause was."""


@dataclass(frozen=True, slots=True)
class SendStalled:
    """Our own side stood still while audio was due: a busy event loop, or a computer that slept."""

    late_ms: float
    """How much too late the audio was sent."""
