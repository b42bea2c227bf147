"""Which track a number belongs to that is missing from a counter of all tracks."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream._receive_states import TrackPredictorState

FAR: Final = 64
"""Of more missing numbers than this, the rest belongs to the track of the last one."""


class TrackPredictor(TrackPredictorState):
    """Remembers which track usually follows which: tracks take turns, or one speaks alone for a while.

    last_number: each track's last number.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self._next_track = {}
        self.last_number = {}

    def begin(self, track: str, number: int) -> None:
        """Set the last number that was in order, and its track."""
        self._previous = track
        self._next_track[track] = track
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
