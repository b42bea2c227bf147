"""PhoneTotals: counts of our hang-ups and transfers."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.pickling import Value
from rtpcodec.server.transfer_facts import TransferOutcome


@dataclass(slots=True)
class PhoneTotals(Value):
    """Hang-ups and transfers of one call, or of all calls of an endpoint."""

    hang_ups: int = 0
    """Hang-ups of ours that the carrier has accepted."""
    transfers_bridged: int = 0
    """Transfers by their result, as `TransferResult.outcome`. A command that was refused counts as failed."""
    transfers_busy: int = 0
    transfers_no_answer: int = 0
    transfers_failed: int = 0

    def count_transfer(self, outcome: TransferOutcome) -> None:
        """Count the result of a transfer."""
        name = f"transfers_{outcome}"
        setattr(self, name, getattr(self, name) + 1)

    def add(self, other: PhoneTotals) -> None:
        """Add those of another call."""
        self.hang_ups += other.hang_ups
        self.transfers_bridged += other.transfers_bridged
        self.transfers_busy += other.transfers_busy
        self.transfers_no_answer += other.transfers_no_answer
        self.transfers_failed += other.transfers_failed
