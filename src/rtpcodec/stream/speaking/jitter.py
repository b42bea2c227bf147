"""Jitter: how much longer than the least a message may take, each way and both, by what has been measured.

Round trips vary by the jitter of both ways, echoes of played marks by that of the way to us. Few measurements show less
than there is: each bound grows with their number missing.
"""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.speaking._states import JitterState
from rtpcodec.stream.speaking.round_trips import RoundTrips
from rtpcodec.stream.speaking.runs import SPREAD_DECAY

MAX_JITTER_MS: Final = 400.0
"""More is not jitter but a stall."""
FEW_ROUND_TRIPS: Final = 8.0
"""Two of them that differ by 1 ms come from a jitter of 1 + 8 / 2**1.5 ms, or less."""
EXPECTED_MS: Final = 600.0
"""Divided by the number of round trips: 150 ms after the first four of them."""
CHANCE: Final = 60.0
"""The first round trips differ by less than this part of the jitter in 1 of 100 cases."""
FEW_ECHOES: Final = 2.0
SEEN: Final = 1.2
"""Values that vary evenly show less than their whole range."""
DOWN_SHARE: Final = 0.35
SURE_ECHOES: Final = 24
"""From this many echoes on, their own spread bounds the jitter of the way to us."""
UP_SHARE: Final = 0.7
"""Of the jitter of round trips: where both ways have the same, the sum seldom reaches its ends."""
HIDDEN_SHARE: Final = 0.5
"""Of the jitter of the way up: a clear behind audio has at least so much less of it than the quickest ping."""
BURST: Final = 1.8
"""The jitter of the way up is so much larger than round trips show: a ping behind many messages that are sent at once
arrives with the latest of them, never early."""


class Jitter(JitterState):
    """What round trips and echoes say about the jitter of both ways. Use from one thread at a time."""

    __slots__ = ("_echo_count", "spread_ms")

    round_trips: RoundTrips

    def __init__(self) -> None:
        self.round_trips = RoundTrips()
        self.spread_ms = 0.0
        """How much the echoes of played marks vary."""
        self._echo_count = 0

    def echoed(self, shown_ms: float) -> None:
        """Add an echo that is not the first one of its run; shown_ms: the spread that it shows."""
        self._echo_count += 1
        self.spread_ms = max(self.spread_ms * SPREAD_DECAY, shown_ms)

    @property
    def trip_ms(self) -> float:
        """How far round trips spread."""
        trips = self.round_trips
        seen_ms = trips.jitter_ms * (1 + FEW_ROUND_TRIPS / trips.count**1.5) if trips.count else 0.0
        # Few measurements that differ at all: jitter of a usual size is expected until many have been made.
        if trips.count:
            differ_ms = max(trips.jitter_ms, self.spread_ms)
            seen_ms = max(seen_ms, min(EXPECTED_MS / trips.count, CHANCE * differ_ms))
        return min(max(seen_ms, self.spread_ms), MAX_JITTER_MS)

    @property
    def up_ms(self) -> float:
        """How much longer than the least a message may take on its way up."""
        trip_ms = self.trip_ms
        down_ms = max(SEEN * self.spread_ms, DOWN_SHARE * self._few * trip_ms)
        return min(max(UP_SHARE * trip_ms, BURST * (trip_ms - down_ms)), MAX_JITTER_MS)

    @property
    def _few(self) -> float:
        """1 without an echo, 0 where there were enough of them."""
        return max(0.0, 1 - self._echo_count / SURE_ECHOES)

    @property
    def down_ms(self) -> float:
        """How much longer than the least an echo may take on its way to us."""
        if not self._echo_count:
            return UP_SHARE * self.trip_ms
        seen_ms = self.spread_ms * (SEEN + FEW_ECHOES / self._echo_count)
        return min(max(seen_ms, self._few * self.trip_ms), MAX_JITTER_MS)

    @property
    def least_trip_ms(self) -> float:
        """No round trip is shorter than this, for the position of a cut. 0: none was measured."""
        trips = self.round_trips
        if not trips.count:
            return 0.0
        hidden_ms = min(0.5 * self.trip_ms, HIDDEN_SHARE * self.up_ms)
        return max(0.0, trips.least_ms - hidden_ms - self.trip_ms * 0.85 / trips.count)
