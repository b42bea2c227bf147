"""Cuts: where a clear ended the audio. A cut is estimated when the clear is sent, and settled by its fence.

A fence is an own mark that is sent right behind a clear. It returns at once. Its echo measures the round trip and
bounds the moment, in echo time, at which the clear acted: not before the clear + the least round trip, and not after
the echo of the fence. A fence that is lost leaves the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.positions import Heard, Window
from rtpcodec.stream.speaking.runs import Run

FENCE_TIMEOUT_MS: Final = 1000.0
"""A fence times out this much later than the round trip."""
SLOW_CLEAR_MS: Final = 150.0
"""A fence this much later than the longest round trip shows that the clear did not act at once."""

Effect = Literal["usual", "slow", "ignored", "unknown"]


@dataclass(frozen=True, slots=True)
class Cut:
    """An interruption at the moment of its clear."""

    id: int
    """Counted from 1 per stream."""
    heard: Heard
    """Where it cuts, as estimated."""
    at_ms: float
    """When the clear was sent."""


@dataclass(frozen=True, slots=True)
class CutSettled:
    """The final value of a cut. Each cut gets exactly one, also at the end of the stream."""

    cut: Cut
    heard: Heard


class OpenCut:
    """A cut that is not settled yet, with the evidence of the echoes so far."""

    __slots__ = (
        "caused_ms",
        "caused_position",
        "certain",
        "cut",
        "end",
        "expected_end_ms",
        "fence",
        "first_held",
        "late_position",
        "number",
        "on_time_ms",
        "run",
        "settled",
    )

    def __init__(self, cut: Cut, far_end: FarEnd, fence: str | None, number: int) -> None:
        self.cut = cut
        self.fence = fence
        self.number = number
        """Marks with a smaller number were sent before the clear."""
        self.run: Run = far_end.run
        self.end = far_end.sent_position
        self.certain = far_end.clears_ignored or far_end.is_dry or far_end.proven_position >= self.end
        """Whether nothing was left to play. Then no later echo changes the position."""
        self.expected_end_ms = far_end.echo_ms(self.run, self.end) if far_end.remote_end_ms > cut.at_ms else cut.at_ms
        """Echo time at which all audio before the clear would have been played."""
        self.caused_ms: float | None = None
        """When the first echo arrived that the clear certainly caused."""
        self.caused_position: int | None = None
        """The position of that echo's mark: audio before it was not played to its end."""
        self.first_held: tuple[int, float] | None = None
        """Position and time of the first echo that the clear may have caused."""
        self.late_position: int | None = None
        """Position of the first mark whose echo was due before the clear acted, but arrived late: its cause is open."""
        self.on_time_ms: float | None = None
        """When the last echo arrived that came exactly when its audio would have been played without the clear."""
        self.settled = False

    @property
    def at_ms(self) -> float:
        """When the clear was sent."""
        return self.cut.at_ms

    def earliest_ms(self, far_end: FarEnd) -> float:
        """Return the earliest echo time at which the clear can have acted."""
        return self.at_ms + min(far_end.round_trips.floor_ms, far_end.jitter.least_trip_ms)

    def held(self, position: int, run: Run, now_ms: float, far_end: FarEnd) -> None:
        """Record the echo of a mark before the clear, if the clear may have caused it.

        Args:
            position: samples sent before the mark.
            run: the mark's run.
            now_ms: when the echo arrived.
            far_end: the model.
        """
        if run is not self.run:
            return
        expected_ms, doubt_ms = far_end.echo_ms(run, position), far_end.echo_doubt_ms
        # 1. Whatever caused it: no more than this was played when the echo was sent.
        if self.first_held is None:
            self.first_held = position, now_ms
        if run.base_ms is None or now_ms < self.earliest_ms(far_end):
            return
        # 2. Before its audio can have been played: the clear caused it. In time: play-out may have. Later: undecided.
        if now_ms < min(expected_ms - doubt_ms, far_end.earliest_echo_ms(run, position)):
            if self.caused_ms is None:
                self.caused_ms = now_ms
                self.caused_position = position
        elif now_ms <= expected_ms + doubt_ms:
            self.on_time_ms = now_ms
        elif self.late_position is None:
            self.late_position = position

    def effect(self, far_end: FarEnd, fence_ms: float | None) -> Effect:
        """Classify what the clear did.

        Args:
            far_end: the model.
            fence_ms: when the fence returned; None: it is lost.
        """
        doubt_ms = far_end.echo_doubt_ms
        # 1. Lost fence: echoes in time with the play-out, long after the clear, show that it was ignored.
        usual_ms = self.at_ms + far_end.round_trip_bound_ms + SLOW_CLEAR_MS + far_end.spread_ms
        if fence_ms is None:
            late = self.on_time_ms is not None and self.caused_ms is None and self.on_time_ms > usual_ms
            return "ignored" if late else "unknown"
        # 2. In time: a usual clear. Late: ignored if the fence waited for all audio, otherwise slow.
        if fence_ms <= usual_ms:
            return "usual"
        return "ignored" if abs(fence_ms - self.expected_end_ms) <= doubt_ms and self.caused_ms is None else "slow"

    def heard(self, far_end: FarEnd, effect: Effect, until_ms: float | None) -> Heard:
        """Return the final position.

        Args:
            far_end: the model.
            effect: what the clear did.
            until_ms: when the fence or a later mark returned; None: neither did.
        """
        if effect == "ignored":
            return Heard(self.end, 0.0, estimated=False)
        found = self.cut.heard
        if self.certain:
            return found
        # 1. When did the clear act? Within the forward jitter, and before the first echo that it caused.
        least_ms, most_ms = far_end.cut_least_ms(self.at_ms), far_end.cut_most_ms(self.at_ms)
        if not far_end.round_trips.count and self.caused_ms is not None and self.caused_ms < least_ms:
            least_ms = self.at_ms  # the guessed round trip was too long
        down_ms = far_end.jitter.down_ms
        bounds_ms = [bound_ms for bound_ms in (until_ms, self.caused_ms) if bound_ms is not None]
        if effect == "slow" and bounds_ms:
            most_ms = min(bounds_ms)
        latest_ms = min(most_ms, *bounds_ms) if bounds_ms else most_ms
        if latest_ms < least_ms:  # there is more jitter than the round trips have shown
            floor_ms = min(latest_ms, self.earliest_ms(far_end))
            least_ms = max(floor_ms, latest_ms - down_ms) if far_end.round_trips.count else floor_ms
        earliest_ms = least_ms
        if effect == "usual" and self.caused_ms is not None:
            earliest_ms = min(latest_ms, max(least_ms, self.caused_ms - down_ms))
        # 2. An echo that was due before and arrived with the fence: its audio may or may not have been played.
        overdue_ms = 0.0
        if self.late_position is not None:
            overdue_ms = max(0.0, least_ms - far_end.echo_ms(self.run, self.late_position))
        # 3. Upper bound: the first mark that the clear returned.
        most = self.caused_position
        if most is None and self.first_held is not None and self.late_position is None:
            position, echo_ms = self.first_held
            most = position + round(max(0.0, latest_ms - echo_ms + down_ms) * far_end.sample_rate_hz / 1000)
        window = Window(earliest_ms, latest_ms, overdue_ms, most=most)
        heard = far_end.position_between(self.run, self.end, window, self.at_ms)
        # 4. Without the fence, at least the uncertainty of the estimate remains.
        if effect == "unknown":
            return Heard(heard.position, max(heard.uncertainty_ms, found.uncertainty_ms), heard.estimated)
        return heard
