"""The play-out clock: arrivals against media time, and the delay that covers nearly all of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import ceil
from typing import Final

COVERED: Final = 0.995
"""The share of packets that the delay waits for. The others are concealed: half a percent of loss is not heard, and
waiting for all would put the delay at the one worst packet of ten seconds."""
REMEMBERED: Final = 500
"""Packets in the history: ten seconds of 20 ms frames. Clocks that differ by 200 ppm drift 2 ms meanwhile."""
FEW: Final = 25
"""With fewer packets than these, half a second, the delay is not below what it starts with."""


class PlayoutClock:
    """Times of play-out for media, from the arrivals of packets. ValueError: the limits are not in order.

    Each arrival minus its media time is an offset. The minimum recent offset approximates the unqueued delay; play-out
    is so much later that COVERED of the packets are in time, within floor_ms and ceiling_ms.
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
        """The time of play-out less the media time."""

    @property
    def delay_ms(self) -> float:
        """How much later media is played than it could be; 0 before the first packet."""
        return self.offset_ms - self._in_order[0] if self._in_order else 0.0

    @property
    def count(self) -> int:
        """The arrivals that are remembered."""
        return len(self._in_order)

    def lateness_ms(self, offset_ms: float) -> float:
        """How much later than the quickest packet one of that offset is; negative: it is the quickest."""
        return offset_ms - self._in_order[0] if self._in_order else 0.0

    def add(self, offset_ms: float) -> None:
        """Take an arrival into account."""
        insort(self._in_order, offset_ms)
        self._offsets.append(offset_ms)
        if len(self._offsets) > REMEMBERED:
            del self._in_order[bisect_left(self._in_order, self._offsets.popleft())]
        count = len(self._in_order)
        quickest = self._in_order[0]
        wanted = self._in_order[ceil(COVERED * count) - 1]
        if count < FEW:
            wanted = max(wanted, quickest + self._start_ms)
        self.offset_ms = min(max(wanted, quickest + self._floor_ms), quickest + self._ceiling_ms)
