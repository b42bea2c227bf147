"""Payloads that wait to be sent, and the marks between them."""

from __future__ import annotations

from collections import deque

from rtpcodec.stream.packing import Item


class SendQueue:
    """First in, first out. A mark holds the number of items before it, so it needs no place among them."""

    __slots__ = ("_items", "_marks", "_put_count", "_taken_count", "items_ms")

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._marks: deque[tuple[int, str]] = deque()
        self._put_count = 0
        self._taken_count = 0
        self.items_ms = 0.0
        """Audio of the items."""

    @property
    def mark_count(self) -> int:
        """Marks that wait."""
        return len(self._marks)

    def put(self, items: list[Item]) -> None:
        """Add items behind all others."""
        for item in items:
            self._items.append(item)
            self._put_count += 1
            self.items_ms += item[1]

    def put_mark(self, name: str, *, behind_partial_item: bool) -> None:
        """Add a mark behind all items, or behind the next one as well, which is partial and not put yet."""
        self._marks.append((self._put_count + behind_partial_item, name))

    @property
    def item(self) -> Item | None:
        """The first item; None: there is none."""
        return self._items[0] if self._items else None

    @property
    def mark_is_next(self) -> bool:
        """Whether no item stands before the first mark."""
        return bool(self._marks) and self._marks[0][0] <= self._taken_count

    @property
    def mark_waits_for_partial_item(self) -> bool:
        """Whether all items are gone and a mark waits behind the partial one."""
        return not self._items and bool(self._marks) and self._marks[0][0] > self._taken_count

    def pop(self) -> Item:
        """Take the first item."""
        item = self._items.popleft()
        self._taken_count += 1
        # Durations are floats: only an empty queue is known to hold exactly nothing.
        self.items_ms = self.items_ms - item[1] if self._items else 0.0
        return item

    def pop_mark(self) -> str:
        """Take the first mark."""
        return self._marks.popleft()[1]

    def drop(self) -> list[str]:
        """Drop everything; the names of the marks."""
        names = [name for _, name in self._marks]
        self._items.clear()
        self._marks.clear()
        self._taken_count = self._put_count
        self.items_ms = 0.0
        return names
