"""The facts that webhooks report about one transfer, in any order, and its result. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from rtpcodec.carriers.telnyx import webhooks

TransferOutcome = Literal["bridged", "busy", "no_answer", "failed"]
"""Results of a transfer. "bridged": both people talk to each other. "busy" and "no_answer": the called number.
"failed": anything else, such as a refusal, a wrong number, or a caller who hung up."""

CALLER_LEFT: Final = "the caller hung up before the call was bridged"


@dataclass(frozen=True, slots=True)
class TransferResult:
    """How a transfer ended."""

    outcome: TransferOutcome
    detail: str = ""
    """The carrier's hangup cause, such as `user_busy`, or a sentence; empty if the call is bridged."""

    @property
    def bridged(self) -> bool:
        """Whether both people talk to each other."""
        return self.outcome == "bridged"


@dataclass(slots=True)
class TransferFacts:
    """The facts so far. Repeated facts change nothing, so the order of events does not matter."""

    answered: bool = False
    """The new leg was answered."""
    bridged: bool = False
    """The carrier reports that both legs are connected, perhaps while the new leg still rings."""
    cause: str | None = None
    """The hangup cause of the new leg; None: it has not ended."""
    caller_left: bool = False
    """The leg of the stream has ended."""
    bridged_at: datetime | None = None
    """When the leg of the stream was last bridged, by the carrier's clock."""
    ended_at: datetime | None = None
    """When the new leg ended, by the same clock."""

    @property
    def bridged_elsewhere(self) -> bool:
        """Whether the call was bridged after the end of the new leg, so with another call."""
        return self.bridged_at is not None and self.ended_at is not None and self.bridged_at > self.ended_at

    @property
    def proven(self) -> TransferResult | None:
        """The result that no later event can change; None: not known yet."""
        if self.answered and self.bridged:
            return TransferResult("bridged")
        if self.cause in webhooks.UNANSWERED_CAUSES and not self.answered:
            return _unanswered(self.cause)
        return None

    @property
    def ending(self) -> bool:
        """Whether a leg has ended, so that only late events can follow."""
        return self.cause is not None or self.caller_left

    def presumed(self, timeout_s: float) -> TransferResult:
        """Return the result if nothing more is reported.

        Args:
            timeout_s: how long the carrier was to wait for an answer, in s.
        """
        proven = self.proven
        if proven is not None:
            return proven
        if self.caller_left:
            # Either a conversation has ended, or the caller left while the other phone rang.
            return TransferResult("bridged") if self.bridged else TransferResult("failed", CALLER_LEFT)
        if self.cause is not None:
            return TransferResult("failed", self.cause)
        if self.bridged:
            return TransferResult("bridged")
        if self.answered:
            return TransferResult("failed", "the other side answered, but no webhook reported that the call is bridged")
        return TransferResult("failed", f"no webhook reported a result within the {timeout_s:g} s of the transfer")


def _unanswered(cause: str) -> TransferResult:
    if cause in webhooks.BUSY_CAUSES:
        return TransferResult("busy", cause)
    if cause in webhooks.NO_ANSWER_CAUSES:
        return TransferResult("no_answer", cause)
    return TransferResult("failed", CALLER_LEFT if cause == webhooks.ORIGINATOR_CANCEL else cause)
