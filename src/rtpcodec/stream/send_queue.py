"""Queue of payloads (items) that wait to be sent, with the marks between them."""

from __future__ import annotations

from collections import deque

from rtpcodec.stream.packing import Item


class SendQueue:
    """First-in, first-out queue of items and marks.

    A mark is stored with the number of items before it, counted since the queue was created, and not among the items.
    So it can wait behind an item that is not complete yet.
    """

    __slots__ = ("_items", "_marks", "_put_count", "_taken_count", "items_ms")

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._marks: deque[tuple[int, str]] = deque()
        self._put_count = 0
        self._taken_count = 0
        self.items_ms = 0.0
        """Duration of the items that wait."""

    @property
    def mark_count(self) -> int:
        """Number of marks that wait."""
        return len(self._marks)

    def put(self, items: list[Item]) -> None:
        """Append items."""
        for item in items:
            self._items.append(item)
            self._put_count += 1
            self.items_ms += item[1]

    def put_mark(self, name: str, *, behind_partial_item: bool) -> None:
        """Append a mark.

        behind_partial_item: whether it also waits for the next item, which is still incomplete and not in the queue.
        """
        self._marks.append((self._put_count + behind_partial_item, name))

    @property
    def item(self) -> Item | None:
        """The first item; None: no item waits."""
        return self._items[0] if self._items else None

    @property
    def mark_is_next(self) -> bool:
        """Whether a mark waits and no item is before it."""
        return bool(self._marks) and self._marks[0][0] <= self._taken_count

    @property
    def mark_waits_for_partial_item(self) -> bool:
        """Whether no item waits, and a mark waits for the partial item."""
        return not self._items and bool(self._marks) and self._marks[0][0] > self._taken_count

    def pop(self) -> Item:
        """Remove and return the first item."""
        item = self._items.popleft()
        self._taken_count += 1
        # Sums of floats drift, so an empty queue is set to exactly zero.
        self.items_ms = self.items_ms - item[1] if self._items else 0.0
        return item

    def pop_mark(self) -> str:
        """Remove the first mark and return its name."""
        return self._marks.popleft()[1]

    def drop(self) -> list[str]:
        """Drop all items and marks. Returns the names of the marks."""
        names = [name for _, name in self._marks]
        self._items.clear()
        self._marks.clear()
        self._taken_count = self._put_count
        self.items_ms = 0.0
        return names
