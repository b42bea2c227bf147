"""Marks on their way to the carrier and back, in the order of sending and by name."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeVar

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking.cuts import OpenCut
from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.runs import Run

Item = TypeVar("Item")

MAX_ENDED_NAMES: Final = 1000
"""Names of ended marks of the caller that are remembered, so that a late echo is not taken for that of a mark that was
never sent."""
MAX_LATE_MARKS: Final = 64
"""Own marks that timed out and are still recognized: half a minute of them."""


@dataclass(slots=True, eq=False)
class SentMark:
    """One mark on its way."""

    name: str
    number: int  # counts all marks and fences of the stream
    position: int
    run: Run
    end_ms: float  # when its audio has been played, by the estimate at its sending
    sent_ms: float
    own: bool
    dry: bool  # nothing was left to play: it returns at once
    cut: OpenCut | None = None  # the first clear behind it
    echo_ms: float | None = None  # when its echo arrived, while a cut decides what it means
    done: bool = False
    next: SentMark | None = None  # of the same name
    tail: SentMark | None = None  # of the same name; kept by the first one


class MarkNames:
    """Find marks by name, the older of two first, and remember names that have ended."""

    __slots__ = ("_ended", "_first")

    def __init__(self) -> None:
        self._first: dict[str, SentMark] = {}
        self._ended: dict[str, None] = {}

    def add(self, mark: SentMark) -> None:
        """Add a mark behind those of its name."""
        first = self._first.setdefault(mark.name, mark)
        if first is not mark:
            (first.tail or first).next = mark
            first.tail = mark

    def pop(self, name: str) -> SentMark | None:
        """Remove and return the oldest mark of a name."""
        mark = self._first.get(name)
        if mark is None:
            return None
        if mark.next is None:
            del self._first[name]
        else:
            mark.next.tail = mark.tail
            self._first[name] = mark.next
            mark.next = mark.tail = None
        self._remember(name)
        return mark

    def remove(self, mark: SentMark) -> None:
        """Remove a mark that will not return; of several of its name, those before it are lost as well or ended."""
        if self._first.get(mark.name) is mark:
            self.pop(mark.name)

    def has_ended(self, name: str) -> bool:
        """Whether a mark of the caller with this name was sent and has ended."""
        return name in self._ended

    def clear(self) -> None:
        """Remove all marks on their way, and remember their names."""
        for name in self._first:
            self._remember(name)
        self._first.clear()

    def _remember(self, name: str) -> None:
        if name.startswith(OWN_PREFIX):  # which says that it was sent: there are some 1000 in ten minutes
            return
        self._ended.pop(name, None)
        self._ended[name] = None
        if len(self._ended) > MAX_ENDED_NAMES:
            del self._ended[next(iter(self._ended))]


class MarkQueue:
    """First-in, first-out queue of marks. Ended ones leave when they come to its head."""

    __slots__ = ("_marks", "count")

    def __init__(self) -> None:
        self._marks: deque[SentMark] = NO_ITEMS
        self.count = 0
        """Marks that have not ended."""

    def put(self, mark: SentMark) -> None:
        """Append a mark."""
        if self._marks is NO_ITEMS:
            self._marks = deque()
        self._marks.append(mark)
        self.count += 1

    @property
    def first(self) -> SentMark | None:
        """The oldest mark that has not ended."""
        marks = self._marks
        while marks and marks[0].done:
            marks.popleft()
        return marks[0] if marks else None

    @property
    def last(self) -> SentMark | None:
        """The mark that was put last, if it is still in the queue."""
        return self._marks[-1] if self._marks else None

    def end(self, mark: SentMark) -> None:
        """Record that a mark has ended."""
        if not mark.done:
            mark.done = True
            self.count -= 1

    def before(self, number: int) -> list[SentMark]:
        """Return the marks that were sent before this number and have not ended, in the order of sending."""
        found: list[SentMark] = []
        for mark in self._marks:
            if mark.number >= number:
                break
            if not mark.done:
                found.append(mark)
        return found

    def cut(self, cut: OpenCut) -> None:
        """Record a clear behind all marks. Those before an earlier clear keep it."""
        for mark in reversed(self._marks):
            if mark.cut is not None:
                return
            mark.cut = cut

    def uncut(self) -> list[tuple[int, str]]:
        """Return position and name of the marks that no clear has met and that have not returned."""
        return [
            (mark.position, mark.name)
            for mark in self._marks
            if not mark.done and mark.cut is None and mark.echo_ms is None
        ]

    def take_uncut(self) -> list[tuple[int, str]]:
        """End those marks, and return them."""
        found = self.uncut()
        for mark in self._marks:
            if mark.cut is None and mark.echo_ms is None:
                self.end(mark)
        return found

    def reaches(self, position: int) -> bool:
        """Whether the last mark has not ended, and lies there or behind."""
        last = self.last
        return last is not None and not last.done and last.position >= position


def number_of(mark: SentMark) -> int:
    """Return its number."""
    return mark.number


def remember(names: dict[str, Item], name: str, item: Item) -> None:
    """Add an item by name, and drop the oldest beyond MAX_LATE_MARKS."""
    names[name] = item
    if len(names) > MAX_LATE_MARKS:
        del names[next(iter(names))]


class MissingEcho:
    """The first own mark whose echo is missing: behind its expected time, the far end's position is doubtful.

    The doubt remains when the mark has timed out, until an echo proves that its audio was played.
    """

    __slots__ = ("_mark",)

    def __init__(self) -> None:
        self._mark: SentMark | None = None

    def from_ms(self, first: SentMark | None, far_end: FarEnd) -> float:
        """Return when its echo was expected; infinity: none is missing.

        first: the first own mark on its way.
        far_end: the model.
        """
        mark, run = self._mark, far_end.run
        if mark is None or mark.run is not run or mark.position <= far_end.proven_position:
            self._mark = mark = first
        if mark is None or mark.cut is not None or mark.run is not run or run.base_ms is None:
            return float("inf")
        return far_end.echo_ms(run, mark.position)
