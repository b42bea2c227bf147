"""Which track a number belongs to that is missing from a counter of all tracks."""

from __future__ import annotations

from typing import Final

FAR: Final = 64
"""Of more missing numbers than this, the rest belongs to the track of the last one."""


class Succession:
    """Remembers which track usually follows which: tracks take turns, or one speaks alone for a while."""

    __slots__ = ("_next_track", "_previous", "last_number")

    def __init__(self) -> None:
        self._previous: str | None = None
        self._next_track: dict[str, str] = {}
        self.last_number: dict[str, int] = {}
        """Each track's last number."""

    def begin(self, track: str, number: int) -> None:
        """Set the last number that was in order, and its track."""
        self._previous = track
        self._next_track[track] = track
        self.last_number[track] = number

    def follow(self, track: str, number: int) -> None:
        """Take the next number, before which none is missing."""
        if self._previous is not None:
            self._next_track[self._previous] = track
        self._previous = track
        self.last_number[track] = number

    def skip(self, count: int, track: str, number: int) -> dict[str, int]:
        """Take the next number, before which some are missing; return how many of those belong to which track."""
        missing: dict[str, int] = {}
        turn = self._previous if self._previous is not None else track
        for _ in range(min(count, FAR)):
            turn = self._next_track.get(turn, track)
            missing[turn] = missing.get(turn, 0) + 1
        if count > FAR:
            missing[turn] += count - FAR
        self._previous = track
        self.last_number[track] = number
        return missing
