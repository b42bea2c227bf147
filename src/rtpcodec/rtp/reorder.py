"""Reorder buffer without timers: an item is lost once more than WINDOW later items wait for it.

Below, a number is *missing* while later ones wait for it, and *skipped* once the window has passed it. A skipped number
is *lost* unless another sequence that shares the counter has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

WINDOW = 3
"""Later items that may wait for a missing one; one more, and it is lost (media streaming, section 6.3)."""
MAX_DROPOUT = 3000
"""A jump ahead by more than this is a new numbering, not loss (RFC 3550 appendix A.1)."""
MAX_MISORDER = 100
"""A jump back by more than this is a new numbering, not a late item (RFC 3550 appendix A.1)."""
REMEMBERED_HOLES = 256
"""Skipped numbers that are remembered. A late item lies at most MAX_MISORDER back, so this covers two such spans."""


@dataclass(slots=True)
class Lost:
    """Consecutive numbers that were lost: the window has passed them."""

    count: int


class Holes:
    """The last REMEMBERED_HOLES skipped numbers.

    An item behind the window is late if its number is among them, and a duplicate if it is not.
    """

    __slots__ = ("_numbers", "_order")

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._order: deque[int] = deque()

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def add(self, number: int) -> None:
        """Remember a skipped number, and drop the oldest one beyond the limit."""
        self._numbers.add(number)
        self._order.append(number)
        if len(self._order) > REMEMBERED_HOLES:
            self._numbers.discard(self._order.popleft())

    def fill(self, number: int) -> None:
        """Remove a number whose item arrived late: the next one of that number is a duplicate."""
        self._numbers.discard(number)

    def clear(self) -> None:
        """Remove all numbers, because the numbering has restarted."""
        self._numbers.clear()
        self._order.clear()


class ReorderWindow(Generic[Item]):
    """Put the items of one sequence in order: `put` takes an item, `pop` returns those that are in order now.

    Numbers may start anywhere and never wrap, because the counters of the wire are decimal text. Use from one thread at
    a time.
    """

    __slots__ = ("_held", "_holes", "_stray", "_window", "duplicates", "first", "late", "next")

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._held: dict[int, Item] = {}
        self._holes = Holes()
        self._stray: tuple[int, Item] | None = None
        self.first: int | None = None
        self.next = 0
        self.late = 0
        self.duplicates = 0

    def start_at(self, number: int) -> None:
        """Set the number that the first item is expected to have."""
        self.first = self.next = number

    def put(self, number: int, item: Item) -> bool:
        """Take an item. False if it was dropped, as a duplicate or as too late."""
        if self.first is None:
            self.start_at(number)
        # 1. New numbering? A number far off is held back until a second one confirms it.
        if -MAX_MISORDER <= number - self.next <= MAX_DROPOUT:
            self._forget_stray()
        elif not self._follows_stray(number, item):
            return True
        # 2. Duplicate?
        if self.has_seen(number):
            self.duplicates += 1
            return False
        # 3. Late? The window has passed its number, so it can no longer be delivered in order.
        if number < self.next:
            self._holes.fill(number)
            self.late += 1
            return False
        # 4. New: hold it until `pop`.
        self._held[number] = item
        return True

    def pop(self, is_elsewhere: Callable[[int], bool] | None = None) -> list[Item | Lost]:
        """Remove and return the items that are in order, with Lost in place of numbers that the window has passed.

        is_elsewhere: returns whether another sequence that shares the counter has the number, so that it is not lost.
        """
        out: list[Item | Lost] = []
        lost = 0
        # Each round advances `next` by one number, until one is missing and the window has space to wait for it.
        while self._held:
            # 1. Here: deliver it, behind the loss before it.
            if self.next in self._held:
                if lost:
                    out.append(Lost(lost))
                    lost = 0
                out.append(self._held.pop(self.next))
            # 2. In another sequence: skip it without loss.
            elif is_elsewhere is not None and is_elsewhere(self.next):
                self._holes.add(self.next)
            # 3. Too many later items wait: it is lost.
            elif len(self._held) > self._window:
                self._holes.add(self.next)
                lost += 1
            # 4. It may still arrive.
            else:
                break
            self.next += 1
        return out

    def drain(self, is_elsewhere: Callable[[int], bool] | None = None) -> list[Item | Lost]:
        """Remove and return all held items in order, because no more will arrive. A number far off is dropped."""
        self._forget_stray()
        window, self._window = self._window, 0
        try:
            return self.pop(is_elsewhere)
        finally:
            self._window = window

    def has_seen(self, number: int) -> bool:
        """Return whether an item with this number was received."""
        if number in self._held or (self._stray is not None and self._stray[0] == number):
            return True
        return self.first is not None and self.first <= number < self.next and number not in self._holes

    @property
    def waiting(self) -> int:
        """Items held because an earlier one is missing."""
        return len(self._held)

    def _follows_stray(self, number: int, item: Item) -> bool:
        """Return whether a second number far off confirms the first: the numbering has restarted (RFC 3550 A.1).

        A single number far off is a *stray*. It is kept until the next item, so that an old duplicate cannot derail the
        sequence. The second need not be the very next number: another sequence may share the counter, or the counter
        may step by more than one.
        """
        # 1. The first one far off: keep it as the stray.
        stray, self._stray = self._stray, (number, item)
        if stray is None:
            return False
        # 2. Not ahead of the stray, so not a confirmation: it replaces the stray, which is dropped.
        if number <= stray[0]:
            self.late += 1
            return False
        self._stray = None
        # 3. Confirmed. `pop` walks from the stray's number to the second one, one number at a time. If that is too far,
        #    renumber the stray to directly before the second one: the order is kept, the loss between is not counted.
        at = stray[0] if number - stray[0] <= MAX_DROPOUT else number - 1
        # 4. Renumber the held items to directly before the stray, so that they keep their order and their gaps.
        shift = at - max(self._held, default=self.next - 1) - 1
        self._held = {old + shift: held for old, held in self._held.items()} | {at: stray[1]}
        self._holes.clear()
        self.start_at(self.next + shift)
        return True

    def _forget_stray(self) -> None:
        """Drop the stray and count it as late: no second number has confirmed it."""
        self.late += self._stray is not None
        self._stray = None
