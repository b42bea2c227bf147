"""The numbers that a reorder window has skipped, as spans: a jump of any length costs the same."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

REMEMBERED_SKIPPED: Final = 256
"""Skipped numbers that are remembered. A late item is at most 100 back, so this covers two such spans."""

Span = tuple[int, int]
"""The first number, and the one after the last."""


def united(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order; those that touch or overlap are joined."""
    out: list[Span] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


class SkippedNumbers:
    """The last REMEMBERED_SKIPPED skipped numbers. Numbers are added in ascending order.

    An item behind the window is late if its number is among them, and a duplicate if it is not.
    """

    __slots__ = ("_begins", "_count", "_ends", "shared")

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._count = 0
        self.shared = False
        """Whether numbers were passed without being skipped, because another sequence has them."""

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._begins, number) - 1
        return at >= 0 and number < self._ends[at]

    def add(self, begin: int, end: int) -> None:
        """Remember the numbers from begin to before end, and drop the oldest ones beyond the limit."""
        begin = max(begin, end - REMEMBERED_SKIPPED)
        if begin >= end:
            return
        self._count += end - begin
        if self._ends and self._ends[-1] == begin:
            self._ends[-1] = end
        else:
            self._begins.append(begin)
            self._ends.append(end)
        while (too_many := self._count - REMEMBERED_SKIPPED) > 0:
            dropped = min(too_many, self._ends[0] - self._begins[0])
            self._count -= dropped
            self._begins[0] += dropped
            if self._begins[0] == self._ends[0]:
                del self._begins[0], self._ends[0]

    def fill(self, number: int) -> None:
        """Remove a number whose item arrived late: the next one of that number is a duplicate."""
        if number not in self:
            return
        at = bisect_right(self._begins, number) - 1
        parts = [(self._begins[at], number), (number + 1, self._ends[at])]
        parts = [(begin, end) for begin, end in parts if begin < end]
        self._begins[at : at + 1] = [begin for begin, _ in parts]
        self._ends[at : at + 1] = [end for _, end in parts]
        self._count -= 1

    def clear(self) -> None:
        """Remove all numbers, because the numbering has restarted."""
        self._begins.clear()
        self._ends.clear()
        self._count = 0

    def others(self, begin: int, end: int) -> list[Span]:
        """Return the numbers from begin to before end that were not skipped."""
        out: list[Span] = []
        at = max(bisect_right(self._begins, begin) - 1, 0)
        for skipped_begin, skipped_end in zip(self._begins[at:], self._ends[at:], strict=True):
            if skipped_begin >= end:
                break
            if begin < skipped_begin:
                out.append((begin, skipped_begin))
            begin = max(begin, skipped_end)
        if begin < end:
            out.append((begin, end))
        return out
