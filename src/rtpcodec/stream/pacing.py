"""When a frame is due: a model of the far end's play-out, on the caller's clock."""

from __future__ import annotations

from typing import Final

MIN_FILE_INTERVAL_MS: Final = 1250.0
"""The carrier accepts one MP3 message per second. It drops a second one and answers with error 100005 (media streaming,
section 6.2). It measures the interval between arrivals, which a TCP retransmission can shorten by 200 ms: hence 1.25 s.
"""


class Pacer:
    """Keep at most `lead_ms` of unplayed audio at the far end; None sends everything at once.

    The model: the far end plays what it has received without a break. A frame is due as soon as the far end, with this
    frame, would hold no more than the lead. Deadlines are therefore absolute: after a late wake-up the next frames are
    due at once, and nothing drifts. If the far end has run dry, the next frame restarts its play-out, and the whole
    lead is sent again.

    Times are in ms of the caller's clock. Use from one thread at a time.
    """

    __slots__ = ("_lead_ms", "remote_end_ms", "sent_ms")

    def __init__(self, lead_ms: float | None) -> None:
        if lead_ms is not None and not lead_ms >= 0:
            raise ValueError(f"lead_ms is {lead_ms:g}, 0 or more is needed, or None")
        self._lead_ms = lead_ms
        self.remote_end_ms = float("-inf")
        """Estimate of when the far end has played everything that was sent."""
        self.sent_ms = 0.0
        """Audio sent, without what was cleared."""

    def due_ms(self, frame_ms: float) -> float:
        """Return when a frame of this length may be sent; minus infinity: at once."""
        if self._lead_ms is None:
            return float("-inf")
        return self.remote_end_ms + frame_ms - max(self._lead_ms, frame_ms)

    def sent(self, frame_ms: float, now_ms: float) -> None:
        """Record that a frame was sent."""
        self.remote_end_ms = max(self.remote_end_ms, now_ms) + frame_ms
        self.sent_ms += frame_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate how much of the sent audio has been played by now."""
        return self.sent_ms - max(0.0, self.remote_end_ms - now_ms)

    def cleared(self, now_ms: float) -> None:
        """Record that a clear was sent: the far end drops what it has not played."""
        self.sent_ms = self.heard_ms(now_ms)
        self.remote_end_ms = min(self.remote_end_ms, now_ms)


class FilePacer(Pacer):
    """Pace messages that each hold a whole file."""

    __slots__ = ("_next_ms",)

    def __init__(self, lead_ms: float | None) -> None:
        super().__init__(lead_ms)
        self._next_ms = float("-inf")

    def due_ms(self, frame_ms: float) -> float:
        """Return when a file may be sent.

        The file's own length does not count towards the lead: a file longer than the lead would otherwise be sent only
        after the far end has run dry.
        """
        return max(super().due_ms(0.0), self._next_ms)

    def sent(self, frame_ms: float, now_ms: float) -> None:
        """Record that a file was sent. The carrier's limit also counts files that a clear drops later."""
        super().sent(frame_ms, now_ms)
        self._next_ms = now_ms + MIN_FILE_INTERVAL_MS
