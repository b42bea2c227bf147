"""Facts about the numbers of a stream: whether missing numbers are loss, and whether numbers give an order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rtpcodec.rtp.reorder import Lost
from rtpcodec.stream._receive_states import FactsState
from rtpcodec.stream.empty_collections import NO_ITEMS

LEARNING_CHUNKS: Final = 50
"""One second of 20 ms chunks."""
MAX_LOST_SKIPS: Final = LEARNING_CHUNKS // 10
"""If numbers were skipped at most this often during learning, they were lost."""
MIN_RUN_CHUNKS: Final = 32
"""Numbers that restart after fewer chunks than this give no order."""
MAX_RESTARTS: Final = 3
"""With this many new numberings within RESTART_CHUNKS chunks, numbers give no order."""
RESTART_CHUNKS: Final = 200
MAX_ODD: Final = 16
"""With this many late chunks or used numbers within ODD_CHUNKS chunks, numbers give no order."""
ODD_CHUNKS: Final = 32


@dataclass(slots=True)
class PossibleLoss:
    """Missing numbers that may be lost: it is not known yet whether the carrier skips numbers by habit."""

    count: int


class NumberingFacts(FactsState):
    """Counts chunks, skipped numbers, new numberings and late chunks, and decides by them.

    received: Number of chunks so far.
    """

    __slots__ = ("_odd_at", "_restarts", "_skips")

    def __init__(self) -> None:
        self._skips = 0
        self._restarts: deque[int] = NO_ITEMS
        self._odd_at: deque[int] = NO_ITEMS

    @property
    def learnt(self) -> bool:
        """Whether enough chunks were received to distinguish a lost number from a habit of the carrier."""
        return self.received >= LEARNING_CHUNKS

    @property
    def skips_by_habit(self) -> bool:
        """Whether the carrier usually skips numbers, so that they give the order but do not prove loss."""
        return self._skips > LEARNING_CHUNKS // 2

    @property
    def doubtful_is_loss(self) -> bool:
        """Whether the doubtful numbers of the learning phase are loss."""
        return self.learnt and self._skips <= MAX_LOST_SKIPS

    def judge(self, missing: Mapping[str, int]) -> Iterator[tuple[str, Lost | PossibleLoss]]:
        """Yield the missing numbers of each track, as Lost or as PossibleLoss."""
        if not any(missing.values()):
            return
        # 1. Still learning? Count how often numbers are skipped, and report them as doubtful.
        learnt = self.learnt
        if not learnt:
            self._skips += 1
        for track, count in missing.items():
            if count and not learnt:
                yield track, PossibleLoss(count)
            # 2. Learnt? Report them as lost, unless the carrier skips numbers by habit.
            elif count and not self.skips_by_habit:
                yield track, Lost(count)

    def restarts_too_often(self) -> bool:
        """Count a new numbering. Returns whether there are so many that numbers give no order."""
        # 1. Too soon after the numbering before it? 2. Too many within the last RESTART_CHUNKS chunks?
        run_chunks = self.received - (self._restarts[-1] if self._restarts else 0)
        if self._restarts is NO_ITEMS:
            self._restarts = deque(maxlen=MAX_RESTARTS)
        self._restarts.append(self.received)
        is_full = len(self._restarts) == MAX_RESTARTS
        return run_chunks < MIN_RUN_CHUNKS or (is_full and self.received - self._restarts[0] < RESTART_CHUNKS)

    def is_odd_too_often(self) -> bool:
        """Count a late chunk or a used number. Returns whether there are so many that numbers give no order."""
        if self._odd_at is NO_ITEMS:
            self._odd_at = deque(maxlen=MAX_ODD)
        self._odd_at.append(self.received)
        return len(self._odd_at) == MAX_ODD and self.received - self._odd_at[0] < ODD_CHUNKS
