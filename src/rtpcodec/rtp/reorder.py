"""Reorder buffer without timers: an item is lost once more than WINDOW later items wait. A caller may add a time limit.

Below, a number is *missing* while later ones wait for it, and *skipped* once the window has passed it. A skipped number
is *lost* unless another sequence that shares the counter has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from rtpcodec.pickling import Value
from rtpcodec.rtp._window import REMEMBERED, Content, WindowState
from rtpcodec.rtp.skipped import SkippedNumbers, Span, united

Item = TypeVar("Item")

WINDOW = 3
"""Later items that may wait for a missing one; one more, and it is lost (docs/carrier.md, rule C26)."""
MAX_DROPOUT = 3000
"""A jump ahead by more than this is a new numbering, not loss (RFC 3550 appendix A.1)."""
MAX_MISORDER = 100
"""A jump back by more than this is a new numbering, not a late item (RFC 3550 appendix A.1)."""
REMEMBERED_CONTENTS: Final = REMEMBERED
"""Numbers whose content is remembered."""
MAX_REFUSED: Final = 4
"""Items refused in a row, none ahead of the one before, that show a meaningless numbering."""


Elsewhere = Callable[[int, int], Iterable[Span]]
"""Function of a span, which returns the numbers in it that another sequence has, in order."""


@dataclass(slots=True)
class Lost(Value):
    """Consecutive numbers that were lost: the window has passed them."""

    count: int


class ReorderWindow(WindowState, Generic[Item]):
    """Puts the items of one sequence in order: `put` adds an item, `pop` returns those that are in order now.

    Numbers may start anywhere and never wrap, because the counters on the wire are decimal text. Use from one thread at
    a time.

    `put` accepts the item's content: track, timestamp, and a digest of its octets. A number that was received before is
    a duplicate if its content is equal, otherwise a reused number. Without contents, all items of one number are
    duplicates.
    """

    __slots__ = (
        "_max_back",
        "_ready",
        "_skipped",
        "duplicates",
        "late",
        "restarts",
        "reused",
        "window",
    )

    def __init__(self, window: int = WINDOW, max_back: int = MAX_MISORDER) -> None:
        """Create an empty window.

        Args:
            window: later items that may wait for a missing one.
            max_back: a number further back than this is far off.
        """
        self.window = window
        self._max_back = max_back
        self._skipped = SkippedNumbers()
        self._ready: list[Item] = []
        self.late = 0
        self.duplicates = 0
        self.restarts = 0
        """How often a new numbering began."""
        self.reused = 0
        """Items that reused the number of another one, which were delivered as they arrived."""

    def start_at(self, number: int) -> None:
        """Set the expected number of the first item."""
        self.first = self.next = number

    def put(self, number: int, item: Item, content: Content | None = None) -> bool:
        """Add an item. Return False if it was dropped, as a duplicate or as too late.

        Args:
            number: its number.
            item: any object; `pop` returns it in the order of the numbers.
            content: its content, which differs from that of another item with the same number; None: all items of one
                number are duplicates.
        """
        if self.first is None:
            self.start_at(number)
        remembered = None if content is None else self._contents.of(number)
        is_reused = False
        if remembered is not None:
            # 1. A copy?
            if remembered == content:
                self.duplicates += 1
                self._refuse(number, item, is_copy=True)
                return False
            is_reused = True
        # 2. New numbering? A number far off or used again is held back until a second one confirms it.
        if not is_reused and -self._max_back <= number - self.next <= MAX_DROPOUT:
            self._drop_stray()
        elif not self._follows_stray(number, item, content):
            return True
        # 3. Duplicate?
        if self.has_seen(number):
            self.duplicates += 1
            return False
        # 4. Late? The window has passed its number, so it can no longer be delivered in order.
        if number < self.next:
            self.late += 1
            if number in self._skipped:
                self._skipped.fill(number)
                self._refused.clear()
            else:
                self._refuse(number, item)
            return False
        # 5. New: hold it until `pop`.
        self._contents.remember(number, content)
        self._held[number] = item
        self._refused.clear()
        return True

    def pop(self, elsewhere: Elsewhere | None = None, *, until: int = 0) -> list[Item | Lost]:
        """Remove and return the items that are in order, with Lost in place of numbers that the window has passed.

        Args:
            elsewhere: returns the numbers of a span that belong to another sequence with the same counter, so that they
                are not lost.
            until: missing numbers before this one are skipped now, because their time limit has passed.
        """
        out: list[Item | Lost] = [*self._ready]
        self._ready.clear()
        lost = 0
        # Each round delivers one item. A gap of any length before it is passed in one step.
        while self._held:
            # 1. The next number is missing: pass the gap, or wait.
            if self.next not in self._held:
                first = min(self._held)
                lost += self._pass_gap(first, elsewhere, first if len(self._held) > self.window else until)
                if self.next < first:
                    break
            # 2. Received: deliver it, after the loss before it.
            if lost:
                out.append(Lost(lost))
                lost = 0
            out.append(self._held.pop(self.next))
            self.next += 1
        return out

    def _pass_gap(self, first: int, elsewhere: Elsewhere | None, until: int) -> int:
        """Advance `next` to the first held number, or to the first one that may still arrive. Return the lost count.

        Args:
            first: the first held number.
            elsewhere: as for `pop`.
            until: missing numbers before this one are lost.
        """
        begin, lost = self.next, 0
        for at, end in [*(elsewhere(begin, first) if elsewhere is not None else ()), (first, first)]:
            # 1. Missing numbers, up to those of another sequence: lost, or waited for.
            passed = max(self.next, min(at, until))
            lost += passed - self.next
            self.next = passed
            if passed < at:
                break
            # 2. In another sequence: skip them without loss.
            self._skipped.shared |= end > at
            self.next = end
        self._skipped.add(begin, self.next)
        return lost

    def drain(self, elsewhere: Elsewhere | None = None) -> list[Item | Lost]:
        """Remove and return all held items in order, because no more will arrive. A number far off is dropped."""
        self._drop_stray()
        return self.pop(elsewhere, until=max(self._held, default=0))

    def seen(self, begin: int, end: int) -> list[Span]:
        """Return the numbers from begin to before end whose items were received."""
        found = [(number, number + 1) for number in self._held if begin <= number < end]
        if self._stray is not None and begin <= self._stray[0] < end:
            found.append((self._stray[0], self._stray[0] + 1))
        if self.first is not None:
            found += self._skipped.others(max(begin, self.first), min(end, self.next))
        return united(found)

    def has_seen(self, number: int) -> bool:
        """Return whether an item with this number was received."""
        if number in self._held or (self._stray is not None and self._stray[0] == number):
            return True
        return self.first is not None and self.first <= number < self.next and number not in self._skipped

    def content_of(self, number: int) -> Content | None:
        """Return the content that `put` was given with a number, if it is remembered; None: it is not."""
        return self._contents.of(number)

    def was_skipped(self, number: int) -> bool:
        """Return whether a number was skipped and has not arrived since."""
        return number in self._skipped

    @property
    def shared(self) -> bool:
        """Whether numbers were passed because another sequence has them."""
        return self._skipped.shared

    @property
    def waiting(self) -> int:
        """Items held because an earlier one is missing."""
        return len(self._held)

    @property
    def held(self) -> dict[int, Item]:
        """The items that wait for an earlier one, by their numbers."""
        return self._held

    @property
    def stray(self) -> Item | None:
        """The item with a number far off, or reused, that no second one has confirmed yet."""
        return None if self._stray is None else self._stray[1]

    @property
    def is_meaningless(self) -> bool:
        """Whether the last numbers stood still or fell, so that they give no order."""
        return len(self._refused) + (self._stray is not None) >= MAX_REFUSED

    @property
    def refused(self) -> list[Item]:
        """The items that were refused in a row, kept in case the numbers prove to be meaningless."""
        return [item for _, item, _ in self._refused]

    def drop_refused(self) -> None:
        """Drop the items that were refused in a row. The counts are unchanged."""
        self._refused.clear()

    def take_refused(self) -> list[Item]:
        """Remove and return the refused items by arrival: the numbers are meaningless, so none was late."""
        items = [item for _, item, _ in self._refused]
        copies = sum(is_copy for _, _, is_copy in self._refused)
        self.duplicates -= copies
        self.late -= len(items) - copies
        if self._stray is not None:
            items.append(self._stray[1])
        self._stray = None
        self._refused.clear()
        return items

    def confirm_stray(self) -> None:
        """Start a new numbering with the stray, although no second number has confirmed it."""
        if self._stray is not None:
            number, item, content = self._stray
            self._stray = None
            self._restart_at(number, item, content)

    def _follows_stray(self, number: int, item: Item, content: Content | None) -> bool:
        """Return whether a second number far off confirms a restart of the numbering (RFC 3550 appendix A.1).

        A single number far off is a *stray*. It is kept until the next item, so that an old duplicate cannot derail the
        sequence. The second need not be the very next number: another sequence may share the counter, or the counter
        may step by more than one.
        """
        # 1. The first one far off: keep it as the stray.
        stray, self._stray = self._stray, (number, item, content)
        if stray is None:
            return False
        # 2. Not ahead of the stray, so not a confirmation: it replaces the stray, which is dropped.
        if number <= stray[0]:
            self.late += 1
            self._refuse(stray[0], stray[1])
            return False
        self._stray = None
        # 3. Confirmed. If the second one is too far ahead for loss, renumber the stray to directly before it: the order
        #    is kept, and nothing between is counted as lost.
        at = stray[0] if number - stray[0] <= MAX_DROPOUT else number - 1
        self._restart_at(at, stray[1], stray[2])
        return True

    def _restart_at(self, number: int, item: Item, content: Content | None) -> None:
        """Begin a new numbering: the held items get numbers directly before it, which keep their order and gaps."""
        shift = number - max(self._held, default=self.next - 1) - 1
        self._held = {old + shift: held for old, held in self._held.items()} | {number: item}
        self._skipped.clear()
        self._contents.clear()
        self._contents.remember(number, content)
        self._refused.clear()
        self.start_at(self.next + shift)
        self.restarts += 1

    def _drop_stray(self) -> None:
        """Drop the stray and count it as late, because no second number has confirmed it.

        If its number was received with another content, it is certainly not an old item: it is delivered.
        """
        stray, self._stray = self._stray, None
        if stray is None:
            return
        if stray[2] is not None and self.content_of(stray[0]) not in {None, stray[2]}:
            self.reused += 1
            self._ready.append(stray[1])
        else:
            self.late += 1

    def _refuse(self, number: int, item: Item, *, is_copy: bool = False) -> None:
        """Remember a dropped item, in case the numbers prove to be meaningless.

        Ascending numbers are meaningful, so they restart the row. A duplicate only counts if it repeats the last
        received number: the duplicates of a burst do not.
        """
        if is_copy and number != self.next - 1:
            return
        if self._refused and number > self._refused[-1][0]:
            self._refused.clear()
        self._refused.append((number, item, is_copy))
        del self._refused[:-MAX_REFUSED]
