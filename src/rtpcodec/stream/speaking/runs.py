"""A run: audio that the far end plays without a break, and what the echoes of its marks say about its start.

An echo at `now_ms` of a mark at position p has the *offset* now_ms - (p - start) / rate: the time at which the echo of
a mark at the run's start would have arrived. Without jitter all offsets of a run are equal. Jitter can only add to
them, so the minimum recent offset is the *base* of the run. The window is short, because the far end's clock drifts
against ours.
"""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.speaking._states import RunState

WINDOW: Final = 8
"""Offsets whose minimum is the base: at two marks per second and 200 ppm they drift by 0.8 ms."""
REBASE_AFTER: Final = 3
"""This many late echoes in a row replace the base: the far end ran dry, or its clock was set."""
REBASE_SPACING_MS: Final = 100.0
"""Echoes that arrive together after a stall of the return path count once."""
ECHO_JITTER_MS: Final = 20.0
"""Echoes vary by about one frame even without a network, because the far end plays in frames."""
MAX_SPREAD_MS: Final = 400.0
"""A larger spread is not jitter but a stall."""
SPREAD_DECAY: Final = 0.995
"""Per echo: at two marks per second, past jitter counts half after a minute."""

MAX_PAST_RUNS: Final = 64
"""Runs that may begin within one round trip: one per message if the round trip is far longer than estimated."""
MAX_PAST_MS: Final = 15_000.0
"""Runs that ended earlier are dropped: a lost connection is noticed after 10 s, and older audio was heard."""


class Run(RunState):
    """One run. Times are in ms of the caller's clock, positions in samples. Use from one thread at a time."""

    __slots__ = ()

    next: Run | None

    def __init__(self, start: int, first_sent_ms: float, hold_ms: float, *, behind_clear: bool) -> None:
        self.start = start
        """The sent position at which it begins."""
        self.first_sent_ms = first_sent_ms
        self.hold_ms = hold_ms
        """The play-out delay to assume until an echo shows it."""
        self.held_back_ms = 0.0
        """How much a stall of the network delayed its first message, counted from when the far end was dry."""
        self.behind_clear = behind_clear
        """Whether a clear ended the previous run: the far end was possibly not dry then."""
        self.base_ms: float | None = None
        """Echo time of its start; None until an echo shows it."""
        self.settling = True
        """Whether jitter at the run's start may have let the far end run dry since the last echo."""
        self.settled_ms = 0.0
        """Audio of the run before the last mark that has returned."""
        self.next: Run | None = None
        """The next run, if one has begun."""
        self._offsets_ms: tuple[float, ...] | None = None

    @property
    def echo_count(self) -> int:
        """The number of echoes that the base rests on."""
        return len(self._offsets_ms) if self._offsets_ms else 0

    @property
    def last_offset_ms(self) -> float:
        """The largest of the recent offsets."""
        return max(self._offsets_ms) if self._offsets_ms else 0.0

    @property
    def echo_ms(self) -> float | None:
        """When the last echo arrived that the base rests on; None without one, or if later echoes contradict it."""
        return None if self._beyond or not self._offsets_ms else self._offsets_ms[-1] + self.settled_ms

    @property
    def latest_base_ms(self) -> float:
        """The base, or a later one that recent echoes suggest."""
        return max(self.base_ms or 0.0, min(self._beyond, default=0.0))

    def add(self, offset_ms: float, now_ms: float, spread_ms: float, ahead_ms: float, settling_ms: float) -> float:
        """Add the offset of an echo.

        Args:
            offset_ms: the offset.
            now_ms: when the echo arrived.
            spread_ms: how much offsets vary.
            ahead_ms: audio of the run before the mark.
            settling_ms: audio at the run's start within which jitter may still have let the far end run dry.

        Returns:
            The spread that this echo shows; 0 if it shows none.
        """
        self.settled_ms = ahead_ms
        settled = self.settling and ahead_ms >= settling_ms
        self.settling = self.settling and not settled
        # 1. The first echo, or the first one behind the settling audio that is later than the base? It is the base.
        if self.base_ms is None or self._offsets_ms is None or (settled and offset_ms > self.base_ms):
            self.base_ms = offset_ms
            self._offsets_ms = (offset_ms,)
            self._beyond = ()
            return 0.0
        # 2. Too late for the base? One such echo is a delay; several in a row are a new base.
        late_ms = offset_ms - self.base_ms
        if late_ms > spread_ms + ECHO_JITTER_MS:
            if now_ms - self._beyond_ms >= REBASE_SPACING_MS:
                self._beyond_ms = now_ms
                self._beyond = (*self._beyond, offset_ms)
            if len(self._beyond) >= REBASE_AFTER:
                self._offsets_ms = self._beyond
                self.base_ms = min(self._beyond)
                self._beyond = ()
            return 0.0
        # 3. A normal echo: late ones before it were jitter.
        latest_ms = max(offset_ms, *self._offsets_ms, *self._beyond)
        self._beyond = ()
        self._offsets_ms = (*self._offsets_ms, offset_ms)[-WINDOW:]
        self.base_ms = min(self._offsets_ms)
        shown_ms = latest_ms - self.base_ms
        return shown_ms if shown_ms <= MAX_SPREAD_MS else 0.0

    def ignore_echoes(self) -> None:
        """Drop the base: the echoes of this carrier do not follow the play-out."""
        self.base_ms = self._offsets_ms = None
