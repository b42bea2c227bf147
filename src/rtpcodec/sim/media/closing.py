"""The end of a stream and of its WebSocket: why it ended, and how the socket is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.sim.media.network import CLOCK_SLACK_MS
from rtpcodec.sim.report import EndReason

CLOSE_OK: Final = 1000
"""The close code of a normal end (RFC 6455 section 7.4.1)."""
CLOSE_TIMEOUT_MS: Final = 1000.0
"""An app that does not answer a close frame is cut off after this."""


@dataclass(slots=True)
class Ending:
    """Why and when a stream ended."""

    reason: EndReason | None = None
    """None: it runs."""
    at_ms: float = 0.0
    close_code: int | None = None
    """The code with which the app closed, or answered the close."""
    speech_error: Exception | None = None
    """The error that the generator of the speech raised."""

    def set(self, reason: EndReason, now_ms: float) -> None:
        """End, unless it has ended before."""
        if self.reason is None:
            self.reason, self.at_ms = reason, now_ms


class SocketClosing:
    """Close frame and cut of one WebSocket."""

    __slots__ = ("_cut_at_ms", "_over", "cut", "hangup")

    def __init__(self) -> None:
        self.hangup: int | None = None
        """A close frame with this code is due."""
        self.cut = False
        """The connection must be cut."""
        self._cut_at_ms: float | None = None  # when the app must have answered the close frame
        self._over = False

    @property
    def deadline_ms(self) -> float | None:
        """When `advance` asks for the cut; None: never by itself."""
        return None if self._over else self._cut_at_ms

    def advance(self, now_ms: float, *, finished: bool) -> None:
        """Ask for a close frame once all texts are out, and for the cut when it stays unanswered."""
        if self._over:
            return
        if self._cut_at_ms is None:
            if finished:
                self.hangup = CLOSE_OK
                self.close_sent(now_ms)
        elif now_ms >= self._cut_at_ms - CLOCK_SLACK_MS:
            self.cut_off()

    def close_sent(self, now_ms: float) -> None:
        """Wait for the answer to a close frame, which is sent now."""
        self._cut_at_ms = now_ms + CLOSE_TIMEOUT_MS

    def cut_off(self) -> None:
        """Ask for the cut."""
        self.hangup, self.cut, self._over = None, True, True

    def gone(self) -> None:
        """Ask for nothing any more: the app has closed, or the connection is gone."""
        self.hangup, self._over = None, True
