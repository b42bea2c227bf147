"""Notes at the chunks of a reply, such as its words: they show which words were heard."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from rtpcodec.stream.empty_collections import NO_ITEMS

MAX_NOTES: Final = 10_000
"""Limit of notes per reply: the words of an hour of speech. Beyond it, the oldest notes count as heard."""


class Notes:
    """The notes of one reply, each at the end of its chunk. Positions are content positions, in samples."""

    __slots__ = ("_last", "_notes")

    def __init__(self) -> None:
        self._notes: deque[tuple[int, Any]] = NO_ITEMS
        self._last: Any = None

    def put(self, end: int, note: Any) -> None:
        """Append a note whose chunk ends at this position."""
        if self._notes is NO_ITEMS:
            self._notes = deque()
        if len(self._notes) >= MAX_NOTES:
            self._last = self._notes.popleft()[1]
        self._notes.append((end, note))

    def last_before(self, position: int) -> Any:
        """Return the last note whose chunk ends at this content position or before it."""
        found = self._last
        for end, note in self._notes:
            if end > position:
                break
            found = note
        return found

    def cut(self, position: int, samples: int) -> None:
        """Remove notes whose chunks end in dropped audio, and move later notes forward."""
        kept = [(end, note) for end, note in self._notes if end <= position or end > position + samples]
        self._notes = deque((end if end <= position else end - samples, note) for end, note in kept)

    def settle(self, position: int) -> None:
        """Keep the last note that was heard, and drop all others."""
        self._last = self.last_before(position)
        self._notes = NO_ITEMS

    def split(self, position: int) -> tuple[Notes, Notes]:
        """Return the notes of chunks that end at this content position or before it, and the other notes."""
        before, behind = Notes(), Notes()
        before._last = self._last
        for end, note in self._notes:
            (before if end <= position else behind).put(end, note)
        return before, behind
