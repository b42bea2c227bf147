"""Model of the far end's play-out: which of the sent audio has been played. Only this module maps positions to time.

Terms:

- *Sent position*: samples of all audio sent since the stream began.
- *Run*: audio that the far end plays without a break (`runs`).
- *Round trip*: the delay of the forward path (to the far end) plus that of the return path (to us).
- *Hold*: the play-out delay, which the far end waits before it plays a run.
- *Echo time* of position p in a run: our clock when the echo of a mark there arrives, without jitter:
  E(p) = base + (p - start) / rate.

    first message sent    it arrives    its start is played    echo of a mark there
    |---- forward path ------>|-- hold -------->|---- return path ---->|
    first_sent_ms                                                     base

Three consequences:

1. A clear sent at t acts at t + round trip in echo time, so the position of a cut needs no split of the round trip.
2. A message sent at remote_end_ms = E(sent position) - round trip finds the far end dry: everything was played.
3. Without an echo, base = first_sent_ms + round trip + hold: the open-loop model. Reasons: docs/adr/0026-far-end.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from rtpcodec.stream.speaking._states import FarEndState
from rtpcodec.stream.speaking.jitter import Jitter
from rtpcodec.stream.speaking.positions import Begin, Heard, Window, begin_of, position_between
from rtpcodec.stream.speaking.round_trips import RoundTrips
from rtpcodec.stream.speaking.runs import ECHO_JITTER_MS, Run

__all__ = ["EchoVerdict", "FarEnd"]

MAX_HOLD_MS: Final = 1000.0
"""No carrier buffers longer before it plays. Echoes that imply a longer hold are late themselves."""
UNKNOWN_ROUND_TRIP_MS: Final = 600.0
"""Assumed until one is measured: that of a geostationary satellite link."""
UNKNOWN_HOLD_MS: Final = 250.0
"""Uncertainty of the hold before the first echo: jitter buffers of carriers hold 20 to 200 ms."""
UNKNOWN_JITTER_MS: Final = 150.0
"""Uncertainty of a run's start before an echo or enough round trips: mobile networks have this much jitter."""
MIN_ROUND_TRIPS: Final = 2
"""With fewer measurements, jitter is unknown."""
CAUSALITY_CHECK_MS: Final = 10_000.0
"""Within this much of a run, an early echo is a fault of the carrier. Later, a fast clock causes the same."""
_NEVER: Final = float("-inf")

EchoVerdict = Literal["followed", "early", "late", "ignored"]


class FarEnd(FarEndState):
    """Models the far end's play-out, corrected by echoes. Use from one thread at a time."""

    __slots__ = ("_lag_count", "_lag_run", "clears_ignored", "echoes_ignored", "overdue_from_ms")

    jitter: Jitter
    run: Run
    past_runs: list[Run]

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.sent_position = 0
        """Samples of all audio sent since the stream began."""
        self.remote_end_ms = _NEVER
        """When the far end has played everything sent, as estimated; minus infinity: nothing was sent."""
        self.hold_ms: float | None = None
        """The far end's play-out delay; None until an echo shows it."""
        self.jitter = Jitter()
        self.proven_position = 0
        """Sent position up to which an echo proves that audio was played."""
        self.overdue_from_ms = float("inf")
        """When the echo of the first outstanding mark is expected; if it is overdue, the position is uncertain."""
        self.echoes_ignored = False
        """Whether echoes are ignored on this stream, because they do not follow the play-out."""
        self.clears_ignored = False
        """Whether the far end continues to play after a clear."""
        self.run = Run(0, _NEVER, 0.0, behind_clear=False)
        """The run of the audio that was sent last."""
        self.past_runs = []
        """Earlier runs of this connection, the oldest first, at most 64."""
        self._after_clear = False
        self._lag_count = 0  # runs whose echoes have shown the hold
        self._lag_run: Run | None = None  # the last of them
        self._hold_bound_ms = float("inf")

    @property
    def round_trips(self) -> RoundTrips:
        """The measured round trips."""
        return self.jitter.round_trips

    # Sending

    def due_ms(self, samples: int, lead_ms: float | None) -> float:
        """Return when a message of this many samples may be sent; minus infinity: at once.

        It is due as soon as the far end, with this message, would hold no more than the lead.
        """
        if lead_ms is None:
            return _NEVER
        message_ms = samples * 1000 / self.sample_rate_hz
        return self.remote_end_ms + message_ms - (lead_ms if lead_ms > message_ms else message_ms)

    def cleared(self, now_ms: float) -> None:
        """Record that a clear is sent: the far end stops playing, and the next audio begins a new run."""
        if not self.clears_ignored:
            self._after_clear = True
            self.remote_end_ms = min(self.remote_end_ms, now_ms)

    def not_cleared(self, run: Run, position: int) -> None:
        """Record that the far end ignored a clear. It probably ignores all of them.

        run: the run that it should have ended.
        position: the sent position at the clear.
        """
        self.clears_ignored = True
        end_ms = self._base_ms(run) + (position - run.start) * self._ms_per_sample - self._round_trip_ms
        if self._after_clear:
            # Nothing was sent since the clear, so the run continues.
            self._after_clear = False
            self.remote_end_ms = end_ms
        elif self.run is not run and self.run.base_ms is None:
            self.run.hold_ms = max(self.run.hold_ms, end_ms - self.run.first_sent_ms)
            self._follow()

    def connection_lost(self) -> None:
        """Record that the connection is lost. The next far end begins dry; its round trip and jitter are unknown."""
        self.run.next = self.run = Run(self.sent_position, _NEVER, 0.0, behind_clear=False)
        self.past_runs = []
        self._after_clear = False
        self.remote_end_ms = _NEVER
        self.jitter = Jitter()
        self._hold_bound_ms = float("inf")
        self._lag_count, self._lag_run = 0, None

    def held_back(self, position: int, now_ms: float) -> None:
        """Record that a stall of the network is over. The delayed audio arrives now, perhaps at a dry far end.

        position: sent position up to which audio had arrived before the stall.
        now_ms: when we learn of the end of the stall, one return path after it.
        """
        run = self.run
        if self.is_dry or position >= self.sent_position:
            return
        # 1. Did the far end run dry before the delayed audio arrived?
        start = max(position, run.start)
        arrived_ms = now_ms - self._round_trip_ms
        dry_ms = self.echo_ms(run, start) - self._round_trip_ms
        if arrived_ms <= dry_ms:
            return
        # 2. Then the delayed audio is a new run, which begins `held_back_ms` later than its sending implies.
        first_sent_ms = max(run.first_sent_ms, dry_ms - run.hold_ms)
        self._end_run()
        run.next = self.run = Run(start, first_sent_ms, self.hold_ms or 0.0, behind_clear=run.behind_clear)
        self.run.held_back_ms = arrived_ms - first_sent_ms
        self._follow()

    # Echoes and round trips

    @property
    def _ms_per_sample(self) -> float:
        return 1000 / self.sample_rate_hz

    @property
    def is_dry(self) -> bool:
        """Whether no audio was sent since the stream began or since the last clear."""
        return self._after_clear or self.run.first_sent_ms == _NEVER

    @property
    def round_trip_ms(self) -> float | None:
        """The round trip without jitter; None: not measured."""
        return self.round_trips.least_ms if self.round_trips.count else None

    @property
    def spread_ms(self) -> float:
        """How much the echoes of played marks vary."""
        return self.jitter.spread_ms

    @property
    def echo_doubt_ms(self) -> float:
        """How far a normal echo may lie from its expected time."""
        return max(self.jitter.spread_ms, self.round_trips.jitter_ms / 2) + ECHO_JITTER_MS

    def round_trip(self, ms: float, now_ms: float) -> None:
        """Add a measurement of the round trip: a pong, a fence, or a mark that found the far end dry.

        ms: the round trip.
        now_ms: when it ended.
        """
        self.round_trips.add(ms, now_ms)
        if now_ms < self.remote_end_ms:
            self._follow()

    def echoed(self, run: Run, position: int, now_ms: float) -> EchoVerdict:
        """Correct the model by the echo of a mark whose audio was played.

        run: the run that the mark belongs to.
        position: samples sent before the mark.
        now_ms: when the echo arrived.
        Returns: "followed": the model was corrected; "early": the audio cannot have been played yet; "late": no
            plausible hold explains it; "ignored": echoes do not count on this stream.
        """
        # 1. Do echoes count at all?
        if self.echoes_ignored:
            return "ignored"
        ahead_ms = (position - run.start) * self._ms_per_sample
        offset_ms = now_ms - ahead_ms
        lag_ms = offset_ms - run.first_sent_ms
        # 2. Too early to be caused by play-out?
        if self.is_early(run, position, now_ms):
            return "early"
        # 3. The first echo of a run: later than the longest hold explains?
        first = run.base_ms is None
        if first and lag_ms - run.held_back_ms - self._round_trip_ms > MAX_HOLD_MS + (
            0 if self.round_trips.count else UNKNOWN_ROUND_TRIP_MS
        ):
            return "late"
        # 4. Correct the base of the run, the jitter, and the hold.
        allowed_ms = max(self.jitter.spread_ms, self.round_trips.jitter_ms)
        settling_ms = self.jitter.up_ms - self._least_hold_ms
        shown_ms = run.add(offset_ms, now_ms, allowed_ms, ahead_ms, settling_ms)
        if run.echo_count > 1:
            self.jitter.echoed(shown_ms)
        if ahead_ms <= CAUSALITY_CHECK_MS:
            self.learn_hold(run)
        # 5. If it is the current run, correct the end of its audio.
        if run is self.run and not self._after_clear:
            self._follow()
        return "followed"

    def is_early(self, run: Run, position: int, now_ms: float) -> bool:
        """Return whether an echo arrives too early: its audio cannot have been played and the echo returned by then."""
        ahead_ms = (position - run.start) * self._ms_per_sample
        floor_ms = self.round_trips.floor_ms if self.round_trips.sure else 0.0
        least_ms = run.first_sent_ms + ahead_ms + floor_ms - ECHO_JITTER_MS
        return now_ms < least_ms and ahead_ms <= CAUSALITY_CHECK_MS

    def ignore_echoes(self) -> None:
        """Drop what echoes have shown, and ignore all later ones: on this stream they do not follow the play-out."""
        self.echoes_ignored = True
        self.hold_ms = None
        self.run.hold_ms = 0.0
        self.run.ignore_echoes()
        if not self._after_clear:
            self._follow()

    def learn_hold(self, run: Run) -> None:
        """Compute the hold from the echoes of a run: base - first_sent_ms - round trip. Needs a measured round trip."""
        if run.base_ms is None or run.held_back_ms:
            return
        # 1. The lag is round trip + hold, so it is an upper bound of both.
        lag_ms = run.base_ms - run.first_sent_ms
        self._hold_bound_ms = min(self._hold_bound_ms, lag_ms)
        if not self.round_trips.count:
            return
        # 2. A lag below the least round trip shows that all measurements contained jitter.
        if lag_ms < self.round_trips.least_ms and run is self.run and not self._after_clear:
            self.round_trips.add(lag_ms)
        # 3. The hold, and how many runs it rests on.
        hold_ms = max(0.0, lag_ms - self._round_trip_ms)
        if run is not self._lag_run:
            self._lag_run = run
            self._lag_count = self._lag_count + 1 if run.behind_clear else 1
        # 4. After a slow clear the far end was not dry, which adds to the lag: take the least hold of such runs.
        if run.behind_clear:
            hold_ms = hold_ms if self.hold_ms is None else min(self.hold_ms, hold_ms)
        if hold_ms <= MAX_HOLD_MS:
            self.hold_ms = hold_ms
            if self.run.base_ms is None and not self.clears_ignored:
                self.run.hold_ms = hold_ms

    def _follow(self) -> None:
        """Recompute remote_end_ms from the run's base."""
        run = self.run
        if run.first_sent_ms == _NEVER or self._after_clear:
            return
        end_ms = self._base_ms(run) + (self.sent_position - run.start) * self._ms_per_sample
        self.remote_end_ms = end_ms - self._round_trip_ms

    # Times and positions

    @property
    def _round_trip_ms(self) -> float:
        """The best estimate. Without a measurement: the lag of the first echo, which is round trip + hold."""
        if self.round_trips.count:
            return self.round_trips.least_ms
        return self._hold_bound_ms if self._hold_bound_ms < float("inf") else 0.0

    @property
    def round_trip_bound_ms(self) -> float:
        """Upper bound of the round trip without jitter."""
        return self.round_trips.most_ms if self.round_trips.count else self._hold_bound_ms

    def _base_ms(self, run: Run) -> float:
        if run.base_ms is not None:
            return run.base_ms
        return run.first_sent_ms + run.held_back_ms + self._round_trip_ms + run.hold_ms

    def echo_ms(self, run: Run, position: int) -> float:
        """Return the echo time of a position of a run: when the echo of a mark there arrives."""
        return self._base_ms(run) + (position - run.start) * self._ms_per_sample

    def played_by_ms(self, position: int) -> float:
        """Return the echo time of a position of the current run; minus infinity: nothing is left to play."""
        run = self.run
        if run.first_sent_ms == _NEVER or position <= run.start:
            return _NEVER
        return self.echo_ms(run, position)

    def heard(self, now_ms: float) -> Heard:
        """Estimate what the far end has played now. The return path takes between none and all of the round trip."""
        return self._between(Window(now_ms, now_ms + self._round_trip_ms), now_ms)

    def end_doubt_ms(self, position: int, now_ms: float) -> float:
        """Return how much of the audio before a position may be unheard, although its estimated end has passed."""
        doubt_ms = self.heard(now_ms).uncertainty_ms
        end_ms = self.played_by_ms(position)
        if end_ms == _NEVER:
            return doubt_ms
        # At the estimated end, the end itself does not limit the doubt. A later look may know of an overdue echo.
        return max(doubt_ms, self.heard(end_ms - self._round_trip_ms / 2).uncertainty_ms)

    def cut(self, now_ms: float) -> Heard:
        """Estimate where a clear sent now would cut."""
        # 1. A far end that ignores clears plays everything.
        if self.clears_ignored:
            return Heard(self.sent_position, 0.0, estimated=False)
        # 2. One stall may have delayed all measured round trips; then the clear acts earlier. Its fence will show that.
        least_ms, trips = self.cut_least_ms(now_ms), self.round_trips
        stalled_ms = least_ms - now_ms if trips.count and not trips.sure else 0.0
        found = self._between(Window(least_ms, self.cut_most_ms(now_ms), stalled_ms), now_ms)
        if not stalled_ms or found.position < self.sent_position:
            return found
        # 3. "Nothing is left to play" is true only without such a stall: state the doubt.
        return self._between(Window(now_ms, self.cut_most_ms(now_ms)), now_ms)

    def cut_least_ms(self, at_ms: float) -> float:
        """Return the earliest moment, in echo time, at which a clear sent at `at_ms` acts."""
        return at_ms + (self.jitter.least_trip_ms if self.round_trips.count else self._round_trip_ms)

    def cut_most_ms(self, at_ms: float) -> float:
        """Return the latest moment, in echo time, at which a clear sent at `at_ms` acts."""
        return at_ms + self._round_trip_ms + self.jitter.up_ms

    def begin_doubt_ms(self, run: Run) -> float:
        """Return how far the start of a run may lie from the one that `echo_ms` assumes."""
        begin, base_ms = self._begin(run), self._base_ms(run)
        unknown_ms = UNKNOWN_HOLD_MS if run.base_ms is None and self.hold_ms is None else 0.0
        return max(begin.latest_ms - base_ms, base_ms - begin.earliest_ms, 0.0) + unknown_ms

    def earliest_echo_ms(self, run: Run, position: int) -> float:
        """Return the earliest moment at which the echo of a mark there can arrive after its audio was played."""
        return self._begin(run).earliest_ms + (position - run.start) * self._ms_per_sample

    def _begin(self, run: Run) -> Begin:
        return begin_of(run, self._base_ms(run), self.jitter, self._least_hold_ms, self._lag_count)

    @property
    def _least_hold_ms(self) -> float:
        """Lower bound of the hold: the lag of a few runs still contains jitter."""
        if self.hold_ms is None or not self._lag_count:
            return 0.0
        return max(0.0, self.hold_ms - self.jitter.up_ms / self._lag_count)

    def _between(self, window: Window, now_ms: float) -> Heard:
        # 1. Nothing is left to play?
        end = self.sent_position
        if self.is_dry or self.proven_position >= end:
            return Heard(end, 0.0, estimated=False)
        # 2. Is an echo overdue? Then the far end may have stopped, at the earliest at the last proven position.
        overdue_ms = window.unknown_ms
        if now_ms > self.overdue_from_ms + self.echo_doubt_ms:
            proven_ms = self.echo_ms(self.run, max(self.run.start, self.proven_position))
            overdue_ms = max(overdue_ms, window.latest_ms - proven_ms)
        return self.position_between(self.run, end, replace(window, unknown_ms=overdue_ms), now_ms)

    def position_between(self, run: Run, end: int, window: Window, at_ms: float) -> Heard:
        """Return the position that is played between two echo times.

        run: the run.
        end: where its audio ends.
        window: the two echo times; unknown_ms: how much less may have been played for another reason.
        at_ms: the moment on our clock that the question is about, such as that of a clear.
        """
        # 1. Neither an echo of this run nor an earlier one shows the hold.
        unknown_ms = window.unknown_ms
        if run.base_ms is None and self.hold_ms is None:
            unknown_ms += UNKNOWN_HOLD_MS + self._round_trip_ms
        # 2. Without a measured round trip, the lag of the first echo cannot be split into round trip and hold.
        if run.base_ms is not None and not self.round_trips.count:
            unknown_ms += max(0.0, run.base_ms - run.first_sent_ms)
        # 3. One round trip or none shows no jitter.
        more_ms = UNKNOWN_JITTER_MS if run.base_ms is None and self.round_trips.count < MIN_ROUND_TRIPS else 0.0
        # 4. Nothing is played before the first message arrives, so the time since its sending limits the position.
        longest_ms = at_ms - run.first_sent_ms - run.held_back_ms + self.jitter.up_ms
        window = replace(window, unknown_ms=unknown_ms + more_ms, longest_ms=longest_ms, more_ms=more_ms)
        begin, least = self._begin(run), self.proven_position
        return position_between(run, begin, window, least=least, end=end, ms_per_sample=self._ms_per_sample)
