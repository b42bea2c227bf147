"""Jitter: how much longer than the minimum a message may take, per path and for the round trip.

Round trips vary by the jitter of both paths; echoes of played marks vary by that of the return path alone. A few
measurements show less than the whole jitter, so each bound starts high and shrinks with their number.
"""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.speaking._states import JitterState
from rtpcodec.stream.speaking.round_trips import RoundTrips
from rtpcodec.stream.speaking.runs import SPREAD_DECAY

MAX_JITTER_MS: Final = 400.0
"""A larger value is not jitter but a stall."""
FEW_ROUND_TRIPS: Final = 8.0
"""Two round trips that differ by 1 ms come from a jitter of at most 1 + 8 / 2**1.5 ms."""
EXPECTED_MS: Final = 600.0
"""Expected jitter before it is measured, divided by the number of round trips: 150 ms after four of them."""
CHANCE: Final = 60.0
"""In 1 of 100 cases the first round trips differ by less than this fraction (1 / 60) of the jitter."""
FEW_ECHOES: Final = 2.0
"""With few echoes the bound is higher by this, divided by their number, times the spread."""
SEEN: Final = 1.2
"""Evenly distributed values show less than their whole range."""
DOWN_SHARE: Final = 0.35
"""Of the jitter of round trips: the least that the return path has before echoes show its own."""
SURE_ECHOES: Final = 24
"""From this many echoes on, their spread alone bounds the jitter of the return path."""
UP_SHARE: Final = 0.7
"""Of the jitter of round trips: if both paths have the same jitter, the sum seldom reaches its ends."""
HIDDEN_SHARE: Final = 0.5
"""Of the forward jitter: a clear behind audio may be faster than the fastest ping by this much of it."""
BURST: Final = 1.8
"""Factor of the forward jitter over what round trips show: a ping behind a burst of messages arrives with the latest
of them, never early."""


class Jitter(JitterState):
    """The jitter of both paths, by round trips and echoes. Use from one thread at a time."""

    __slots__ = ("_echo_count", "spread_ms")

    round_trips: RoundTrips

    def __init__(self) -> None:
        self.round_trips = RoundTrips()
        self.spread_ms = 0.0
        """How much the echoes of played marks vary."""
        self._echo_count = 0

    def echoed(self, shown_ms: float) -> None:
        """Add an echo that is not the first of its run; shown_ms: the spread that it shows."""
        self._echo_count += 1
        self.spread_ms = max(self.spread_ms * SPREAD_DECAY, shown_ms)

    @property
    def trip_ms(self) -> float:
        """The jitter of round trips."""
        # 1. What they show, enlarged while they are few.
        trips = self.round_trips
        seen_ms = trips.jitter_ms * (1 + FEW_ROUND_TRIPS / trips.count**1.5) if trips.count else 0.0
        # 2. They differ, but are few: expect usual jitter until there are many.
        if trips.count:
            differ_ms = max(trips.jitter_ms, self.spread_ms)
            seen_ms = max(seen_ms, min(EXPECTED_MS / trips.count, CHANCE * differ_ms))
        return min(max(seen_ms, self.spread_ms), MAX_JITTER_MS)

    @property
    def up_ms(self) -> float:
        """The forward jitter: how much longer than the minimum a message of ours may take."""
        # What remains of the round trip's jitter without the least share of the return path.
        trip_ms = self.trip_ms
        down_ms = max(SEEN * self.spread_ms, DOWN_SHARE * self._few * trip_ms)
        return min(max(UP_SHARE * trip_ms, BURST * (trip_ms - down_ms)), MAX_JITTER_MS)

    @property
    def _few(self) -> float:
        """1 without an echo, falling to 0 at SURE_ECHOES."""
        return max(0.0, 1 - self._echo_count / SURE_ECHOES)

    @property
    def down_ms(self) -> float:
        """The return jitter: how much longer than the minimum an echo may take."""
        if not self._echo_count:
            return UP_SHARE * self.trip_ms
        seen_ms = self.spread_ms * (SEEN + FEW_ECHOES / self._echo_count)
        return min(max(seen_ms, self._few * self.trip_ms), MAX_JITTER_MS)

    @property
    def least_trip_ms(self) -> float:
        """Lower bound of the round trip of a clear; 0: none was measured."""
        trips = self.round_trips
        if not trips.count:
            return 0.0
        # A clear may be faster than all pings: by hidden forward jitter, and by more while pings are few.
        hidden_ms = min(0.5 * self.trip_ms, HIDDEN_SHARE * self.up_ms)
        return max(0.0, trips.least_ms - hidden_ms - self.trip_ms * 0.85 / trips.count)
