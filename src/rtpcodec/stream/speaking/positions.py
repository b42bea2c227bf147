"""Positions: what the far end has played between two moments, as an interval that holds the truth.

All moments are in echo time. A run begins between two moments, because jitter delays its first messages and the echoes
of its marks. Proven facts narrow the interval: audio before an echoed mark was heard, audio behind a mark that a clear
returned was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.speaking.jitter import Jitter
from rtpcodec.stream.speaking.runs import Run

FRAME_DOUBT_MS: Final = 10.0
"""Half a frame: the far end plays in frames, and machines are not exact."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A position up to which audio was heard, with its doubt."""

    position: int
    """Samples sent."""
    uncertainty_ms: float
    """The truth is within this of `position` in 99 of 100 cases."""
    estimated: bool
    """True: no echo supports it."""


@dataclass(frozen=True, slots=True)
class Begin:
    """When the echo of a mark at a run's begin would have arrived, without jitter of the way to us."""

    earliest_ms: float
    latest_ms: float


def begin_of(run: Run, expected_ms: float, jitter: Jitter, hold_ms: float, lag_count: int) -> Begin:
    """Return when a run has begun.

    run: the run.
    expected_ms: the likeliest begin, without jitter on the way up if no echo has shown it.
    jitter: of both ways.
    hold_ms: what the far end waits at least.
    lag_count: runs whose begin echoes have shown, on which `expected_ms` rests.
    """
    up_ms = jitter.up_ms
    causal_ms = run.first_sent_ms + run.held_back_ms + jitter.round_trips.floor_ms
    if run.base_ms is None:
        early_ms = (up_ms + jitter.down_ms / 2) / lag_count if lag_count else jitter.trip_ms
        return Begin(max(causal_ms, expected_ms - early_ms), expected_ms + up_ms)
    latest_ms = run.latest_base_ms
    # The far end may have run dry behind the first messages of a run, as they arrive one after the other.
    if run.settling:
        latest_ms += max(0.0, up_ms - hold_ms - run.settled_ms)
    earliest_ms = max(causal_ms, run.last_offset_ms - jitter.down_ms)
    return Begin(min(earliest_ms, run.base_ms), latest_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """Two moments in echo time, and what is known beside them."""

    earliest_ms: float
    latest_ms: float
    unknown_ms: float = 0.0
    """How much less may have been played, though that is not likely."""
    longest_ms: float = float("inf")
    """No more of the run can have been played, as it was sent so late."""
    more_ms: float = 0.0
    """How much more may have been played, though that is not likely."""
    most: int | None = None
    """No more than this position was played."""


def position_between(run: Run, begin: Begin, window: Window, *, least: int, end: int, ms_per_sample: float) -> Heard:
    """Return the middle of the positions that may be played within a window, and their distance from it.

    run: the run.
    begin: when it began.
    window: the moments.
    least: a position that was played for certain.
    end: where the run's audio ends.
    ms_per_sample: of the codec's rate.
    """
    floor = max(run.start, min(least, end))
    ceiling = end if window.most is None else max(floor, min(end, window.most))

    def at(ms: float) -> int:
        return max(floor, min(ceiling, run.start + round(ms / ms_per_sample)))

    shortest_ms = window.earliest_ms - begin.latest_ms
    longest_ms = min(window.latest_ms - begin.earliest_ms, window.longest_ms)
    lowest = at(shortest_ms - FRAME_DOUBT_MS - window.unknown_ms)
    highest = at(longest_ms + FRAME_DOUBT_MS + window.more_ms)
    # A proven end before everything that the times allow: they are wrong, all up to it may have been heard.
    if window.most is not None and lowest >= ceiling:
        lowest = floor
    lowest, highest = min(lowest, highest), max(lowest, highest)
    position = at((shortest_ms + longest_ms) / 2)
    if window.unknown_ms == 0.0 or not lowest <= position <= highest:
        position = (lowest + highest) // 2
    uncertainty_ms = max(position - lowest, highest - position) * ms_per_sample
    return Heard(position, uncertainty_ms, estimated=run.base_ms is None)
