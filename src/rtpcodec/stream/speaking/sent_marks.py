"""Outstanding marks, which were sent and have not returned: in the order of sending, and by name."""

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
"""Names of ended user marks to keep, so that a late echo is not reported as a mark that was never sent."""
MAX_LATE_MARKS: Final = 64
"""Own marks that timed out and are still recognized: those of half a minute."""


@dataclass(slots=True, eq=False)
class SentMark:
    """One outstanding mark."""

    name: str
    number: int  # counts all marks and fences of the stream
    position: int
    run: Run
    end_ms: float  # estimated end of its audio's play-out, as of its sending
    sent_ms: float
    own: bool
    dry: bool  # nothing was left to play, so it returns at once
    cut: OpenCut | None = None  # the first clear that was sent after it
    echo_ms: float | None = None  # when its echo arrived, while the cut is open and its meaning undecided
    done: bool = False
    next: SentMark | None = None  # the next one of the same name
    tail: SentMark | None = None  # the last one of the same name; set in the first one


class MarkNames:
    """Outstanding marks by name, the oldest of a name first, and the names of ended ones.

    Several outstanding marks may share a name: they form a linked list.
    """

    __slots__ = ("_ended", "_first")

    def __init__(self) -> None:
        self._first: dict[str, SentMark] = {}
        self._ended: dict[str, None] = {}

    def add(self, mark: SentMark) -> None:
        """Append a mark to those of its name."""
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
        self._keep_ended(name)
        return mark

    def remove(self, mark: SentMark) -> None:
        """Remove a mark that will not return. Older marks of its name have ended or are lost as well."""
        if self._first.get(mark.name) is mark:
            self.pop(mark.name)

    def has_ended(self, name: str) -> bool:
        """Return whether a user mark with this name was sent and has ended."""
        return name in self._ended

    def clear(self) -> None:
        """Remove all outstanding marks, and keep their names as ended."""
        for name in self._first:
            self._keep_ended(name)
        self._first.clear()

    def _keep_ended(self, name: str) -> None:
        # The prefix already shows that an own mark was sent; there are about 1000 of them in ten minutes.
        if name.startswith(OWN_PREFIX):
            return
        self._ended.pop(name, None)
        self._ended[name] = None
        if len(self._ended) > MAX_ENDED_NAMES:
            del self._ended[next(iter(self._ended))]


class MarkQueue:
    """Marks in the order of sending. An ended mark leaves the queue once it is the first one."""

    __slots__ = ("_marks", "count")

    def __init__(self) -> None:
        self._marks: deque[SentMark] = NO_ITEMS
        self.count = 0
        """The number of marks that have not ended."""

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
        """The mark that was added last, if it is still in the queue."""
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
        """Record a clear that follows all marks. Marks before an earlier clear keep that one."""
        for mark in reversed(self._marks):
            if mark.cut is not None:
                return
            mark.cut = cut

    def uncut(self) -> list[tuple[int, str]]:
        """Return position and name of the marks that have not returned and that no clear follows."""
        return [
            (mark.position, mark.name)
            for mark in self._marks
            if not mark.done and mark.cut is None and mark.echo_ms is None
        ]

    def take_uncut(self) -> list[tuple[int, str]]:
        """End the marks of `uncut`, and return them."""
        found = self.uncut()
        for mark in self._marks:
            if mark.cut is None and mark.echo_ms is None:
                self.end(mark)
        return found

    def reaches(self, position: int) -> bool:
        """Return whether the last mark has not ended and lies at this position or behind it."""
        last = self.last
        return last is not None and not last.done and last.position >= position


def number_of(mark: SentMark) -> int:
    """Return the number of a mark, as a sort key."""
    return mark.number


def keep_latest(names: dict[str, Item], name: str, item: Item) -> None:
    """Add an item by name, and drop the oldest beyond MAX_LATE_MARKS."""
    names[name] = item
    if len(names) > MAX_LATE_MARKS:
        del names[next(iter(names))]


class MissingEcho:
    """The first own mark whose echo is missing. Once the echo is overdue, the far end's position is uncertain.

    It stays uncertain after the mark has timed out, until an echo proves that its audio was played.
    """

    __slots__ = ("_mark",)

    def __init__(self) -> None:
        self._mark: SentMark | None = None

    def from_ms(self, first: SentMark | None, far_end: FarEnd) -> float:
        """Return when its echo was expected; infinity: none is missing.

        Args:
            first: the first outstanding own mark.
            far_end: the model.
        """
        # 1. The mark kept so far is void in another run, or once its audio is proven.
        mark, run = self._mark, far_end.run
        if mark is None or mark.run is not run or mark.position <= far_end.proven_position:
            self._mark = mark = first
        # 2. No time is expected behind a clear, or before an echo has shown the start of the run.
        if mark is None or mark.cut is not None or mark.run is not run or run.base_ms is None:
            return float("inf")
        return far_end.echo_ms(run, mark.position)
