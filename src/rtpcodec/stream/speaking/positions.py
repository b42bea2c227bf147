"""Positions: what the far end has played between two moments, as an interval that contains the true position.

All moments are in echo time (see `far_end`). The start of a run is an interval too, because jitter delays its first
messages and the echoes of its marks. Two facts narrow the result: audio before an echoed mark was heard, and audio
behind a mark that a clear returned was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.speaking.jitter import Jitter
from rtpcodec.stream.speaking.runs import Run

FRAME_DOUBT_MS: Final = 10.0
"""Half a frame: the far end plays whole frames, and its timing is not exact."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The sent position up to which audio was heard, with its uncertainty."""

    position: int
    """Samples sent."""
    uncertainty_ms: float
    """In 99 of 100 cases the true position is within this distance of `position`."""
    estimated: bool
    """True: no echo supports it."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Echo time of a run's start, as an interval: without jitter of the return path."""

    earliest_ms: float
    latest_ms: float


def begin_of(run: Run, expected_ms: float, jitter: Jitter, hold_ms: float, lag_count: int) -> Begin:
    """Return when a run began.

    Args:
        run: with its echoes so far.
        expected_ms: the most likely begin; if no echo has shown it, without forward jitter.
        jitter: of both paths.
        hold_ms: lower bound of the far end's play-out delay.
        lag_count: how many runs `expected_ms` rests on, by echoes at their start.
    """
    # 1. Nothing is played before the first message can have arrived and its echo have returned.
    up_ms = jitter.up_ms
    causal_ms = run.first_sent_ms + run.held_back_ms + jitter.round_trips.floor_ms
    # 2. Without an echo of this run, jitter bounds both sides.
    if run.base_ms is None:
        early_ms = (up_ms + jitter.down_ms / 2) / lag_count if lag_count else jitter.trip_ms
        return Begin(max(causal_ms, expected_ms - early_ms), expected_ms + up_ms)
    # 3. With echoes: no later than the base, unless the far end ran dry among the first messages, which jitter delays.
    latest_ms = run.latest_base_ms
    if run.settling:
        latest_ms += max(0.0, up_ms - hold_ms - run.settled_ms)
    # 4. No earlier than the largest recent offset without its return jitter.
    earliest_ms = max(causal_ms, run.last_offset_ms - jitter.down_ms)
    return Begin(min(earliest_ms, run.base_ms), latest_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """Two moments in echo time, and further bounds."""

    earliest_ms: float
    latest_ms: float
    unknown_ms: float = 0.0
    """How much less may have been played, although that is unlikely."""
    longest_ms: float = float("inf")
    """Upper bound of the run's played audio, by when it was sent."""
    more_ms: float = 0.0
    """How much more may have been played, although that is unlikely."""
    most: int | None = None
    """Upper bound of the position; None: the end of the run."""


def position_between(run: Run, begin: Begin, window: Window, *, least: int, end: int, ms_per_sample: float) -> Heard:
    """Return the middle of the positions that may have been played within a window, and half their range.

    Args:
        run: the run to which the positions belong.
        begin: when it began.
        window: the two moments.
        least: a position that was certainly played.
        end: where the run's audio ends.
        ms_per_sample: of the codec's rate.
    """
    # 1. Bounds that hold in any case.
    floor = max(run.start, min(least, end))
    ceiling = end if window.most is None else max(floor, min(end, window.most))

    def at(ms: float) -> int:
        return max(floor, min(ceiling, run.start + round(ms / ms_per_sample)))

    # 2. The run plays for the time between its start and the window, with half a frame of tolerance.
    shortest_ms = window.earliest_ms - begin.latest_ms
    longest_ms = min(window.latest_ms - begin.earliest_ms, window.longest_ms)
    lowest = at(shortest_ms - FRAME_DOUBT_MS - window.unknown_ms)
    highest = at(longest_ms + FRAME_DOUBT_MS + window.more_ms)
    # 3. The known upper bound lies before all that the times allow: they are wrong, so anything up to it is possible.
    if window.most is not None and lowest >= ceiling:
        lowest = floor
    lowest, highest = min(lowest, highest), max(lowest, highest)
    # 4. The middle, but unlikely extra time does not move it.
    position = at((shortest_ms + longest_ms) / 2)
    if window.unknown_ms == 0.0 or not lowest <= position <= highest:
        position = (lowest + highest) // 2
    uncertainty_ms = max(position - lowest, highest - position) * ms_per_sample
    return Heard(position, uncertainty_ms, estimated=run.base_ms is None)
