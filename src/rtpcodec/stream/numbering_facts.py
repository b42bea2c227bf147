"""Facts about the numbers of a stream: whether missing ones prove loss, and whether they give an order."""

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
MAX_BELIEVED_HOLES: Final = LEARNING_CHUNKS // 10
"""If numbers were skipped at most this often while learning, they were lost."""
MIN_RUN_CHUNKS: Final = 32
"""A numbering that begins again after fewer chunks makes no sense."""
MAX_RESTARTS: Final = 3
"""This many new numberings within RESTART_CHUNKS chunks make no sense either."""
RESTART_CHUNKS: Final = 200
MAX_ODD: Final = 16
"""This many late chunks, or chunks of used numbers, within ODD_CHUNKS chunks show numbers without sense."""
ODD_CHUNKS: Final = 32


@dataclass(slots=True)
class Doubtful:
    """Missing numbers before it is known whether the carrier numbers all chunks: perhaps lost."""

    count: int


class NumberingFacts(FactsState):
    """Counts chunks, skipped numbers, new numberings and late chunks, and judges by them.

    received: chunks so far.
    """

    __slots__ = ("_holes", "_odd_at", "_restarts")

    def __init__(self) -> None:
        self._holes = 0
        self._restarts: deque[int] = NO_ITEMS
        self._odd_at: deque[int] = NO_ITEMS

    @property
    def learnt(self) -> bool:
        """Whether enough chunks were received to tell a lost number from a habit of the carrier."""
        return self.received >= LEARNING_CHUNKS

    @property
    def has_habit_of_holes(self) -> bool:
        """Whether the numbers usually step by more than one, so that they give the order but do not prove loss."""
        return self._holes > LEARNING_CHUNKS // 2

    @property
    def believes_doubtful(self) -> bool:
        """Whether what was doubtful while learning has proved to be loss."""
        return self.learnt and self._holes <= MAX_BELIEVED_HOLES

    def judge(self, missing: Mapping[str, int]) -> Iterator[tuple[str, Lost | Doubtful]]:
        """Yield the numbers that are missing on each track, as loss where they prove it."""
        if not any(missing.values()):
            return
        # 1. Still learning: count how often numbers are skipped.
        learnt = self.learnt
        if not learnt:
            self._holes += 1
        for track, count in missing.items():
            if count and not learnt:
                yield track, Doubtful(count)
            # 2. Learnt: report it, unless this carrier skips numbers as a habit.
            elif count and not self.has_habit_of_holes:
                yield track, Lost(count)

    def restarts_too_often(self) -> bool:
        """Count a new numbering. Returns whether there are so many that the numbers make no sense."""
        run_chunks = self.received - (self._restarts[-1] if self._restarts else 0)
        if self._restarts is NO_ITEMS:
            self._restarts = deque(maxlen=MAX_RESTARTS)
        self._restarts.append(self.received)
        is_full = len(self._restarts) == MAX_RESTARTS
        return run_chunks < MIN_RUN_CHUNKS or (is_full and self.received - self._restarts[0] < RESTART_CHUNKS)

    def is_odd_too_often(self) -> bool:
        """Count a chunk that is late or of a used number. Returns whether there are too many for an order."""
        if self._odd_at is NO_ITEMS:
            self._odd_at = deque(maxlen=MAX_ODD)
        self._odd_at.append(self.received)
        return len(self._odd_at) == MAX_ODD and self.received - self._odd_at[0] < ODD_CHUNKS
