"""The track of a number that is missing from a counter of all tracks."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream._receive_states import TrackPredictorState

FAR: Final = 64
"""If more numbers than this are missing, the rest belongs to the track of the last one."""


class TrackPredictor(TrackPredictorState):
    """Predicts the track of a missing number by the track that followed last time: tracks alternate, or one is alone.

    last_number: The last number of each track.
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
        """Take a number with missing ones before it; return how many of the missing numbers belong to each track."""
        # 1. Predict one missing number after the other, beginning with the track of the last number.
        missing: dict[str, int] = {}
        turn = self._previous if self._previous is not None else track
        for _ in range(min(count, FAR)):
            turn = self._next_track.get(turn, track)
            missing[turn] = missing.get(turn, 0) + 1
        # 2. Too many to predict: the rest belongs to the track of the last prediction.
        if count > FAR:
            missing[turn] += count - FAR
        # 3. Continue with the number that was received.
        self._previous = track
        self.last_number[track] = number
        return missing
