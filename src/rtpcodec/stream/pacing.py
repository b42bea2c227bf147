"""When a file is due: a model of the far end's play-out, on the caller's clock."""

from __future__ import annotations

from math import inf
from typing import Final

MIN_FILE_INTERVAL_MS: Final = 1250.0
"""The carrier accepts one MP3 message per second. It drops a second one and answers with error 100005 (media streaming,
section 6.2). It measures the interval between arrivals, which a TCP retransmission can shorten by 200 ms: hence 1.25 s.
"""


class FilePacer:
    """Keep at most `lead_ms` of unplayed audio at the far end, in messages that each hold a whole file.

    The model: the far end plays what it has received without a break. Deadlines are absolute: after a late wake-up
    nothing drifts. Times are in ms of the caller's clock. Use from one thread at a time.
    """

    __slots__ = ("_lead_ms", "_next_ms", "halts", "remote_end_ms", "sent_ms", "suspended_by")

    def __init__(self, lead_ms: float | None) -> None:
        """Make it; lead_ms None: a file is due as soon as the carrier takes another one."""
        if lead_ms is not None and not lead_ms >= 0:
            raise ValueError(f"lead_ms is {lead_ms:g}, 0 or more is needed, or None")
        self._lead_ms = lead_ms
        self._next_ms = float("-inf")
        self.remote_end_ms = float("-inf")
        """Estimate of when the far end has played everything that was sent."""
        self.sent_ms = 0.0
        """Audio sent, without what was cleared."""
        self.suspended_by: set[str] = set()
        """Reasons for which no file is due."""
        self.halts = 0
        """How often such a reason has come."""

    @property
    def due_ms(self) -> float:
        """When a file may be sent; minus infinity: at once; infinity: not during this suspension.

        The file's own length does not count towards the lead: a file longer than the lead would otherwise be sent only
        after the far end has run dry.
        """
        if self.suspended_by:
            return inf
        return self._next_ms if self._lead_ms is None else max(self.remote_end_ms - self._lead_ms, self._next_ms)

    def sent(self, file_ms: float, now_ms: float) -> None:
        """Record that a file was sent. The carrier's limit also counts files that a clear drops later."""
        self.remote_end_ms = max(self.remote_end_ms, now_ms) + file_ms
        self.sent_ms += file_ms
        self._next_ms = now_ms + MIN_FILE_INTERVAL_MS

    def heard_ms(self, now_ms: float) -> float:
        """Estimate how much of the sent audio has been played by now."""
        return self.sent_ms - max(0.0, self.remote_end_ms - now_ms)

    def cleared(self, now_ms: float) -> None:
        """Record that a clear was sent: the far end drops what it has not played."""
        self.sent_ms = self.heard_ms(now_ms)
        self.remote_end_ms = min(self.remote_end_ms, now_ms)
