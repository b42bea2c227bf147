"""The round trip to the far end: what its measurements say, and how far they may be off.

A measurement is way up + way down + the jitter of both. Its least value approximates the ways without jitter.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.speaking._states import RoundTripsState

WINDOW: Final = 32
"""Measurements that count: fewer follow a new route sooner, more lie nearer to the true least."""
SURE_MS: Final = 5.0
"""Two machines that are not busy add less than this to a round trip."""
MIN_APART: Final = 2
"""Fewer measurements that share no moment say nothing about the least: one stall may have delayed all of them."""


class RoundTrips(RoundTripsState):
    """The recent measurements of the round trip. Use from one thread at a time."""

    __slots__ = ("_apart", "_last_ms", "_values_ms", "floor_ms", "jitter_ms", "most_ms")

    def __init__(self) -> None:
        self._values_ms: deque[float] = deque(maxlen=WINDOW)
        self._apart = 0  # measurements that began behind the end of the one counted before them
        self._last_ms = float("-inf")  # when the last of these ended
        self.count = 0
        """Measurements that count."""
        self.least_ms = 0.0
        self.most_ms = 0.0
        self.floor_ms = 0.0
        """No round trip is shorter than this, in 99 of 100 cases."""
        self.jitter_ms = 0.0
        """How far the measurements spread."""

    @property
    def sure(self) -> bool:
        """Whether measurements bound the round trip from below. All of them may contain one stall otherwise."""
        return self._apart >= MIN_APART

    def add(self, ms: float, now_ms: float | None = None) -> None:
        """Add a measurement.

        ms: the round trip.
        now_ms: when it ended; None: it is a bound that other facts say.
        """
        if now_ms is not None and now_ms - ms >= self._last_ms:
            self._apart += 1
            self._last_ms = now_ms
        values = self._values_ms
        values.append(max(0.0, ms))
        count = self.count = len(values)
        self.least_ms, self.most_ms = min(values), max(values)
        self.jitter_ms = self.most_ms - self.least_ms
        # The sum of two jitters is seldom near its least value, least of all behind many messages sent at once.
        doubt_ms = SURE_MS + self.jitter_ms * (1.5 + 5 / count**1.5) if count > 1 else self.least_ms / 2
        self.floor_ms = max(0.0, self.least_ms - doubt_ms)
