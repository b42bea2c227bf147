"""Budget of frames and octets that one WebSocket may send.

A frame costs the event loop some microseconds, in which every other call waits. A carrier sends 50 messages per second
and track, so 100 with two tracks, and cannot send audio before it was spoken. The budget allows five times as much,
and a burst of everything that was delayed in a pause of the network.
"""

from __future__ import annotations

from math import inf
from typing import Final

from rtpcodec.pump._driving import BudgetState

MAX_FRAMES_PER_S: Final = 500
"""Five times the 50 messages per second of each of two tracks; twice that of chunks of 10 ms."""
MAX_OCTETS_PER_S: Final = 1024 * 1024
"""Four times L16 at 48 kHz as base64 in both tracks, 276 kB per second."""
BURST_S: Final = 12.0
"""The budget of this time may be used at once: 6000 frames, which is 60 s of two tracks, or 30 s with chunks of 10 ms.
The longest pause that a call survives is its idle time-out of 30 s. 12 MiB are three messages of maximum length."""
CLOSING_S: Final = 1.0
"""After our close frame, the budget of this time remains for frames that were already on their way."""
TURN_FRAMES: Final = 16
"""Frames per socket and turn of the event loop. They take less than a millisecond; a read from a carrier holds more
only after a pause of the network."""


class FrameBudget(BudgetState):
    """A token bucket that reads the clock only when it is empty, so that an ordinary frame costs two subtractions.

    Each frame subtracts 1 from `frames` and its length from `octets`. If one of them becomes negative, `refill` adds
    the budget of the time since the last refill. So at most twice the burst passes at once.
    """

    __slots__ = ("_at_ms", "_frames_per_s", "_octets_per_s", "closing")

    def __init__(self, frames_per_s: float | None, octets_per_s: float | None, now_ms: float) -> None:
        """Fill the bucket.

        Args:
            frames_per_s, octets_per_s: the rates; None: without limit.
            now_ms: the time.
        """
        self._frames_per_s = inf if frames_per_s is None else frames_per_s
        self._octets_per_s = inf if octets_per_s is None else octets_per_s
        self._at_ms = now_ms
        self.closing = False
        """Whether our close frame was sent, so that the budget is not refilled."""
        self.frames = self._frames_per_s * BURST_S
        """Frames that may be received before the next refill."""
        self.octets = self._octets_per_s * BURST_S
        """Octets of text messages that may be received before the next refill."""

    def refill(self, now_ms: float) -> str | None:
        """Add the budget of the time since the last refill. Returns in words a limit that is still exceeded."""
        if not self.closing:
            # Never 0 s, because infinity times 0 is not a number.
            spent_s = max(now_ms - self._at_ms, 0.001) / 1000
            self._at_ms = now_ms
            self.frames = min(self._frames_per_s * BURST_S, self.frames + self._frames_per_s * spent_s)
            self.octets = min(self._octets_per_s * BURST_S, self.octets + self._octets_per_s * spent_s)
        if self.frames < 0:
            return f"more than {self._frames_per_s:g} frames per second, after {self._frames_per_s * BURST_S:g} at once"
        if self.octets < 0:
            return f"more than {self._octets_per_s:g} octets per second, after {self._octets_per_s * BURST_S:g} at once"
        return None

    def close(self) -> None:
        """Reduce the budget to frames that are already on their way."""
        if not self.closing:
            self.closing = True
            self.frames = self._frames_per_s * CLOSING_S
            self.octets = self._octets_per_s * CLOSING_S
