"""Marks that wait until the audio before them is sent or their deadline has passed."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.speaking._states import MarksState

MARK_TIMEOUT_MS: Final = 10_000.0
"""An echo takes one round trip after the audio was played; after this time it counts as lost."""
NOWHERE: Final = sys.maxsize
"""The position if there is no mark: behind all possible audio."""


@dataclass(slots=True)
class _UnsentMark:
    name: str
    position: int  # samples before it, those already sent included
    noticed_ms: float | None = None  # when its time-out began


class UnsentMarks(MarksState):
    """First-in, first-out queue of marks. Positions are in samples, times in ms of the caller's clock.

    A mark has no time when it is put, because `MediaSession.mark` has no argument `now_ms`. Its time-out begins with
    the next `notice`.
    """

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks: deque[_UnsentMark] = NO_ITEMS
        self.first_position = NOWHERE
        """Samples before the first mark; NOWHERE: no mark waits. A field, because it is compared for each message."""

    def __len__(self) -> int:
        return len(self._marks)

    def put(self, name: str, position: int) -> None:
        """Append a mark behind this many samples."""
        if self._marks is NO_ITEMS:
            self._marks = deque()
        self._marks.append(_UnsentMark(name, position))
        self.first_position = self._marks[0].position

    def put_first(self, name: str, position: int) -> None:
        """Put a mark back before all others, behind this many samples."""
        if self._marks is NO_ITEMS:
            self._marks = deque()
        self._marks.appendleft(_UnsentMark(name, position))
        self.first_position = position

    def cut(self, position: int, samples: int) -> None:
        """Move all marks behind a position forward, because samples there were dropped. Marks keep their order."""
        for mark in self._marks:
            if mark.position > position:
                mark.position = max(position, mark.position - samples)
        if self._marks:
            self.first_position = self._marks[0].position

    def pop(self) -> str:
        """Remove the first mark and return its name."""
        name = self._marks.popleft().name
        self.first_position = self._marks[0].position if self._marks else NOWHERE
        return name

    def drop(self) -> list[str]:
        """Remove all marks and return their names."""
        names = [mark.name for mark in self._marks]
        self._marks.clear()
        self.first_position = NOWHERE
        return names

    def notice(self, now_ms: float) -> None:
        """Begin the time-out of all marks that have none yet."""
        for mark in reversed(self._marks):
            if mark.noticed_ms is not None:
                return
            mark.noticed_ms = now_ms

    def deadline_ms(self, progress_ms: float, taken: int, sample_rate_hz: int) -> float | None:
        """Return when the first mark times out: MARK_TIMEOUT_MS after the end of the audio before it.

        Later marks time out later. Sending moves the deadline, so a mark times out only in a queue that stands still.

        Args:
            progress_ms: The later of two times: the last text was sent; the far end has played all sent audio.
            taken: Samples that were sent.
            sample_rate_hz: Rate of the samples.

        Returns:
            None if no mark waits, or its time-out has not begun.
        """
        if not self._marks:
            return None
        first = self._marks[0]
        if first.noticed_ms is None:
            return None
        # The audio before the mark may still be sent in real time.
        ahead_ms = max(0, first.position - taken) * 1000 / sample_rate_hz
        return max(first.noticed_ms, progress_ms) + ahead_ms + MARK_TIMEOUT_MS
