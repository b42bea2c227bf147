"""The end of a stream and of its WebSocket: why it ended, and how long the app may take to close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.sim.media.chunk_faults import CLOCK_SLACK_MS
from rtpcodec.sim.report import EndReason

CLOSE_OK: Final = 1000
"""The close code of a normal end (RFC 6455 section 7.4.1)."""
MESSAGE_TOO_BIG: Final = 1009
"""The close code for a message beyond the limit (RFC 6455 section 7.4.1)."""
CLOSE_TIMEOUT_MS: Final = 1000.0
"""An app that does not answer a close frame within this time is cut off."""


@dataclass(slots=True)
class Ending:
    """Why and when a stream ended."""

    reason: EndReason | None = None
    """Why it ended; None: it runs."""
    at_ms: float = 0.0
    close_code: int | None = None
    """The code with which the app closed, or answered the close."""
    speech_error: Exception | None = None
    """The error that the generator of the speech raised."""

    def set(self, reason: EndReason, now_ms: float) -> None:
        """End, unless it has ended before."""
        if self.reason is None:
            self.reason, self.at_ms = reason, now_ms


class CloseTimer:
    """The time-out for the app's answer to a close frame."""

    __slots__ = ("_cut_at_ms", "_over", "frame_asked")

    def __init__(self) -> None:
        self.frame_asked = False
        """Whether a close frame is due or was sent."""
        self._cut_at_ms: float | None = None
        self._over = False

    @property
    def deadline_ms(self) -> float | None:
        """When the time-out fires; None: it does not run."""
        return None if self._over else self._cut_at_ms

    def ask_frame(self, now_ms: float) -> bool:
        """Start the time-out for a close frame that is sent now. False: one is already due, or the app is gone."""
        if self.frame_asked or self._over:
            return False
        self.frame_asked = True
        self._cut_at_ms = now_ms + CLOSE_TIMEOUT_MS
        return True

    def wait(self, now_ms: float) -> None:
        """Start the time-out, unless it runs: the stream is over, and its last texts cannot be sent."""
        if self._cut_at_ms is None:
            self._cut_at_ms = now_ms + CLOSE_TIMEOUT_MS

    def expired(self, now_ms: float) -> bool:
        """Return whether the time-out has fired; True only once."""
        if self._over or self._cut_at_ms is None or now_ms < self._cut_at_ms - CLOCK_SLACK_MS:
            return False
        self._over = True
        return True

    def stop(self) -> None:
        """Stop the time-out: the app has closed, or the connection has ended."""
        self._over = True
