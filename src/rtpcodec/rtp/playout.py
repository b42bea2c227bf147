"""The play-out clock: measures arrivals against media time, and chooses the delay that covers nearly all of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import ceil
from typing import Final

COVERED: Final = 0.995
"""The share of packets that the delay waits for. The others are concealed: half a percent of loss is not audible, and
waiting for all would set the delay by the single latest packet of ten seconds."""
REMEMBERED: Final = 500
"""Packets in the history: ten seconds of 20 ms frames. Clocks that differ by 200 ppm drift 2 ms in that time."""
FEW: Final = 25
"""With fewer packets than these, half a second, the delay does not fall below its start."""


class PlayoutClock:
    """Times of play-out for media, from the arrivals of packets.

    Each arrival minus its media time is an offset. The minimum recent offset approximates the unqueued delay. The
    play-out offset is chosen so that COVERED of the packets arrive in time, at least floor_ms and at most ceiling_ms
    above the minimum.

    Raises:
        ValueError: floor_ms, start_ms and ceiling_ms are not in this order.
    """

    __slots__ = ("_ceiling_ms", "_floor_ms", "_in_order", "_offsets", "_start_ms", "offset_ms")

    def __init__(self, floor_ms: float, ceiling_ms: float, start_ms: float) -> None:
        if not 0 <= floor_ms <= start_ms <= ceiling_ms:
            raise ValueError(
                f"floor_ms {floor_ms:g}, start_ms {start_ms:g} and ceiling_ms {ceiling_ms:g} are not in this order"
            )
        self._floor_ms = floor_ms
        self._ceiling_ms = ceiling_ms
        self._start_ms = start_ms
        self._offsets: deque[float] = deque()
        self._in_order: list[float] = []
        self.offset_ms = 0.0
        """The time of play-out minus the media time."""

    @property
    def delay_ms(self) -> float:
        """The play-out offset above the minimum; 0 before the first packet."""
        return self.offset_ms - self._in_order[0] if self._in_order else 0.0

    @property
    def count(self) -> int:
        """The number of arrivals in the history."""
        return len(self._in_order)

    def lateness_ms(self, offset_ms: float) -> float:
        """Return how far an offset lies above the minimum; negative: below it."""
        return offset_ms - self._in_order[0] if self._in_order else 0.0

    def add(self, offset_ms: float) -> None:
        """Add the offset of an arrival and choose the play-out offset."""
        # 1. The history in two orders: by arrival, to drop the oldest, and sorted, to find minimum and quantile.
        insort(self._in_order, offset_ms)
        self._offsets.append(offset_ms)
        if len(self._offsets) > REMEMBERED:
            del self._in_order[bisect_left(self._in_order, self._offsets.popleft())]
        # 2. The quantile that covers COVERED of the arrivals.
        count = len(self._in_order)
        quickest = self._in_order[0]
        wanted = self._in_order[ceil(COVERED * count) - 1]
        # 3. Few arrivals say little about the jitter: at least the start delay. Then apply floor and ceiling.
        if count < FEW:
            wanted = max(wanted, quickest + self._start_ms)
        self.offset_ms = min(max(wanted, quickest + self._floor_ms), quickest + self._ceiling_ms)
