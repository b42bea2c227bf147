"""The time at which a file is due, by a model of the far end's play-out."""

from __future__ import annotations

from math import inf
from typing import Final

MIN_FILE_INTERVAL_MS: Final = 1250.0
"""The carrier accepts one MP3 message per second, and refuses a second one with error 100005 (docs/carrier.md, rule
C30). It measures the interval between arrivals, which a TCP retransmission can shorten by 200 ms: hence 1.25 s."""


class FilePacer:
    """Keeps at most `lead_ms` of unplayed audio at the far end, in messages of one whole file each.

    The model: the far end plays received audio without a break. Deadlines are absolute, so a late wake-up causes no
    drift. Times are in ms of the caller's clock. Use from one thread at a time.
    """

    __slots__ = ("_lead_ms", "_next_ms", "halts", "remote_end_ms", "sent_ms", "suspended_by")

    def __init__(self, lead_ms: float | None) -> None:
        """Make a pacer; with lead_ms None, a file is due as soon as the carrier accepts another one."""
        if lead_ms is not None and not lead_ms >= 0:
            raise ValueError(f"lead_ms is {lead_ms:g}, 0 or more is needed, or None")
        self._lead_ms = lead_ms
        self._next_ms = float("-inf")
        self.remote_end_ms = float("-inf")
        """Estimate of the time at which the far end has played all sent audio."""
        self.sent_ms = 0.0
        """Sent audio, without cleared audio."""
        self.suspended_by: set[str] = set()
        """Reasons why no file is due."""
        self.halts = 0
        """Number of suspensions so far."""

    @property
    def due_ms(self) -> float:
        """When a file may be sent; minus infinity: at once; infinity: not during this suspension.

        The duration of the file does not count towards the lead: otherwise a file that is longer than the lead would be
        sent only after the far end has run out of audio.
        """
        # 1. Suspended? 2. Without a lead: as soon as the carrier accepts it. 3. When the far end's rest is the lead.
        if self.suspended_by:
            return inf
        return self._next_ms if self._lead_ms is None else max(self.remote_end_ms - self._lead_ms, self._next_ms)

    def sent(self, file_ms: float, now_ms: float) -> None:
        """Record that a file was sent. The carrier's limit counts files that a clear drops later as well."""
        self.remote_end_ms = max(self.remote_end_ms, now_ms) + file_ms
        self.sent_ms += file_ms
        self._next_ms = now_ms + MIN_FILE_INTERVAL_MS

    def heard_ms(self, now_ms: float) -> float:
        """Estimate how much of the sent audio has been played by now."""
        return self.sent_ms - max(0.0, self.remote_end_ms - now_ms)

    def cleared(self, now_ms: float) -> None:
        """Record that a clear was sent: the far end drops its unplayed audio."""
        self.sent_ms = self.heard_ms(now_ms)
        self.remote_end_ms = min(self.remote_end_ms, now_ms)
