"""When a frame is due: a model of the far end's play-out, on the caller's clock."""

from __future__ import annotations

from typing import Final

MIN_FILE_INTERVAL_MS: Final = 1250.0
"""The carrier takes one MP3 message a second and answers a second one with error 100005 (media streaming, section 6.2).
It measures where messages arrive, and the file is lost then; a segment of TCP that is sent once more is 200 ms late.
"""


class Pacer:
    """Keeps the far end `lead_ms` ahead of its play-out, no more; None sends all at once.

    The far end plays what it has without a break. A frame is due when, with it, the far end would hold the lead. So
    deadlines are absolute: a late wake-up is caught up by the next one and nothing drifts. A far end that has run dry
    starts anew with the next frame, and gets its whole lead again.
    """

    __slots__ = ("_lead_ms", "remote_end_ms", "sent_ms")

    def __init__(self, lead_ms: float | None) -> None:
        if lead_ms is not None and not lead_ms >= 0:
            raise ValueError(f"lead_ms is {lead_ms:g}, 0 or more is needed, or None")
        self._lead_ms = lead_ms
        self.remote_end_ms = float("-inf")
        """When the far end will have played all that was sent."""
        self.sent_ms = 0.0
        """Audio sent that was not cleared."""

    def due_ms(self, frame_ms: float) -> float:
        """When a frame of this length may go; minus infinity: at once."""
        if self._lead_ms is None:
            return float("-inf")
        return self.remote_end_ms + frame_ms - max(self._lead_ms, frame_ms)

    def sent(self, frame_ms: float, now_ms: float) -> None:
        """A frame went out."""
        self.remote_end_ms = max(self.remote_end_ms, now_ms) + frame_ms
        self.sent_ms += frame_ms

    def heard_ms(self, now_ms: float) -> float:
        """How much of all that was sent has been played by now."""
        return self.sent_ms - max(0.0, self.remote_end_ms - now_ms)

    def cleared(self, now_ms: float) -> None:
        """The far end was told to forget what it has not played."""
        self.sent_ms = self.heard_ms(now_ms)
        self.remote_end_ms = min(self.remote_end_ms, now_ms)


class FilePacer(Pacer):
    """Paces messages that each hold a whole file."""

    __slots__ = ("_next_ms",)

    def __init__(self, lead_ms: float | None) -> None:
        super().__init__(lead_ms)
        self._next_ms = float("-inf")

    def due_ms(self, frame_ms: float) -> float:
        """When a file may go: its own length is no part of the lead, or one longer than that would come too late."""
        return max(super().due_ms(0.0), self._next_ms)

    def sent(self, frame_ms: float, now_ms: float) -> None:
        """A file went out; the carrier's limit counts also those that a clear forgets."""
        super().sent(frame_ms, now_ms)
        self._next_ms = now_ms + MIN_FILE_INTERVAL_MS
