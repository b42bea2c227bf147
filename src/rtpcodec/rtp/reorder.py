"""Numbered items into their order, without a clock: an item is late by what came after it, never by time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

WINDOW = 3
"""How many later items may wait for a missing one (media streaming, section 6.3)."""
MAX_DROPOUT = 3000
"""A jump ahead of more than this is a new numbering, not loss (RFC 3550 appendix A.1)."""
MAX_MISORDER = 100
"""A jump back of more than this is a new numbering, not a late item (RFC 3550 appendix A.1)."""
REMEMBERED_HOLES = 256
"""Numbers that were passed over and are still known as such; more than two windows of any kind need."""


@dataclass(slots=True)
class Lost:
    """Numbers in a row that were given up."""

    count: int


class Holes:
    """The last REMEMBERED_HOLES numbers that were given up: one of these is late, any other was there before."""

    __slots__ = ("_numbers", "_order")

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._order: deque[int] = deque()

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def add(self, number: int) -> None:
        """Give it up."""
        self._numbers.add(number)
        self._order.append(number)
        if len(self._order) > REMEMBERED_HOLES:
            self._numbers.discard(self._order.popleft())

    def fill(self, number: int) -> None:
        """It came after all."""
        self._numbers.discard(number)

    def clear(self) -> None:
        """Numbers begin anew."""
        self._numbers.clear()
        self._order.clear()


class ReorderWindow(Generic[Item]):
    """One sequence of numbers. `put` takes an item, `pop` gives what is in order now.

    Numbers may start anywhere and never wrap (the wire's counters are decimal text).
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
        """The number that the first item is expected to have."""
        self.first = self.next = number

    def put(self, number: int, item: Item) -> bool:
        """Take an item; False when it was dropped: a duplicate, or too late."""
        if self.first is None:
            self.start_at(number)
        if -MAX_MISORDER <= number - self.next <= MAX_DROPOUT:
            self._forget_stray()
        elif not self._follows_stray(number, item):
            return True
        if self.has_seen(number):
            self.duplicates += 1
            return False
        if number < self.next:
            self._holes.fill(number)
            self.late += 1
            return False
        self._held[number] = item
        return True

    def pop(self, is_elsewhere: Callable[[int], bool] | None = None) -> list[Item | Lost]:
        """Items in order, with Lost where the window has passed.

        is_elsewhere tells that a number was taken by another sequence that shares the counter, so is no loss here.
        """
        out: list[Item | Lost] = []
        lost = 0
        while self._held:
            if self.next in self._held:
                if lost:
                    out.append(Lost(lost))
                    lost = 0
                out.append(self._held.pop(self.next))
            elif is_elsewhere is not None and is_elsewhere(self.next):
                self._holes.add(self.next)
            elif len(self._held) > self._window:
                self._holes.add(self.next)
                lost += 1
            else:
                break
            self.next += 1
        return out

    def drain(self, is_elsewhere: Callable[[int], bool] | None = None) -> list[Item | Lost]:
        """All that is held, in order, because nothing more will come. A number far off stays dropped."""
        self._forget_stray()
        window, self._window = self._window, 0
        try:
            return self.pop(is_elsewhere)
        finally:
            self._window = window

    def has_seen(self, number: int) -> bool:
        """Whether this sequence took an item of that number."""
        if number in self._held or (self._stray is not None and self._stray[0] == number):
            return True
        return self.first is not None and self.first <= number < self.next and number not in self._holes

    @property
    def waiting(self) -> int:
        """Items held because an earlier one is missing."""
        return len(self._held)

    def _follows_stray(self, number: int, item: Item) -> bool:
        """Whether a number far off comes right after another one: then the sender counts anew (RFC 3550 appendix A.1).

        A single stray is kept until the next item tells, so that an old duplicate cannot derail the sequence. The
        second need not be the very next number: another sequence may share the counter, or it steps by more than one.
        """
        stray, self._stray = self._stray, (number, item)
        if stray is None:
            return False
        if number <= stray[0]:
            self.late += 1
            return False
        self._stray = None
        # The walk to the next number must stay bounded, so numbers that step too far only order.
        at = stray[0] if number - stray[0] <= MAX_DROPOUT else number - 1
        # What is held keeps its order and its gaps ahead of the new numbers.
        shift = at - max(self._held, default=self.next - 1) - 1
        self._held = {old + shift: held for old, held in self._held.items()} | {at: stray[1]}
        self._holes.clear()
        self.start_at(self.next + shift)
        return True

    def _forget_stray(self) -> None:
        """The number far off was a single one: nothing says where it belongs."""
        self.late += self._stray is not None
        self._stray = None
