"""The round trip to the far end: its measurements and their error.

A measurement is forward path + return path + the jitter of both. The minimum approximates the undisturbed round trip.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.speaking._states import RoundTripsState

WINDOW: Final = 32
"""Measurements to keep: fewer follow a new route sooner, more come closer to the true minimum."""
SURE_MS: Final = 5.0
"""Two idle machines add less than this to a round trip."""
MIN_APART: Final = 2
"""With fewer measurements that do not overlap in time, one stall may have delayed all of them."""


class RoundTrips(RoundTripsState):
    """The recent measurements of the round trip. Use from one thread at a time."""

    __slots__ = ("_apart", "_last_ms", "_values_ms", "floor_ms", "jitter_ms", "most_ms")

    def __init__(self) -> None:
        self._values_ms: deque[float] = deque(maxlen=WINDOW)
        self._apart = 0  # measurements that began after the end of the previous counted one
        self._last_ms = float("-inf")  # when the last of these ended
        self.count = 0
        """The number of kept measurements."""
        self.least_ms = 0.0
        self.most_ms = 0.0
        self.floor_ms = 0.0
        """Lower bound of the round trip, in 99 of 100 cases."""
        self.jitter_ms = 0.0
        """The difference between the largest and the least measurement."""

    @property
    def sure(self) -> bool:
        """Whether the measurements bound the round trip from below. Otherwise one stall may be in all of them."""
        return self._apart >= MIN_APART

    def add(self, ms: float, now_ms: float | None = None) -> None:
        """Add a measurement.

        Args:
            ms: the round trip.
            now_ms: when it ended; None: it is an upper bound from other facts, not a measurement.
        """
        # 1. Does it overlap in time with the previous one?
        if now_ms is not None and now_ms - ms >= self._last_ms:
            self._apart += 1
            self._last_ms = now_ms
        # 2. Least, most and spread of the window.
        values = self._values_ms
        values.append(max(0.0, ms))
        count = self.count = len(values)
        self.least_ms, self.most_ms = min(values), max(values)
        self.jitter_ms = self.most_ms - self.least_ms
        # 3. The true minimum is lower: the sum of two jitters is seldom near its least value, above all behind a burst
        #    of messages. The doubt shrinks with the number of measurements.
        doubt_ms = SURE_MS + self.jitter_ms * (1.5 + 5 / count**1.5) if count > 1 else self.least_ms / 2
        self.floor_ms = max(0.0, self.least_ms - doubt_ms)
