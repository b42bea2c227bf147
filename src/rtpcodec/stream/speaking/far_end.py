"""The far end: which of the audio that we sent has been played. It alone turns positions into time.

Words. *Sent position*: samples of all audio sent since the stream began. *Run*: audio that the far end plays without a
break (`runs`). *Echo time*: our clock when the echo of a mark arrives, without jitter; for position p of a run
E(p) = base + (p - start) / rate. *Round trip*: way up + way down. *Hold*: what the far end waits before it plays a run.

A clear sent at t acts at t + round trip in echo time, so that the position of a cut needs no split into up and down.
The far end has played everything at remote_end_ms = E(sent position) - round trip, as a message sent then finds it dry.
Without an echo, a run is expected to begin `hold` after its first message was sent: the open-loop model.
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
"""Nobody lets a caller wait longer for an answer: echoes that say so are late themselves."""
UNKNOWN_ROUND_TRIP_MS: Final = 600.0
"""Expected where none was measured: a geostationary satellite's."""
UNKNOWN_HOLD_MS: Final = 250.0
"""Doubt about the hold where no echo says it: jitter buffers of carriers hold 20 to 200 ms."""
UNKNOWN_JITTER_MS: Final = 150.0
"""Doubt about a run that has not begun for certain, where nothing has shown jitter: mobile networks have that much."""
MIN_ROUND_TRIPS: Final = 2
"""Fewer do not show jitter."""
CAUSALITY_CHECK_MS: Final = 10_000.0
"""Audio of a run in which an early echo is a fault. Later, the drift of a fast clock looks alike."""
_NEVER: Final = float("-inf")

EchoVerdict = Literal["followed", "early", "late", "ignored"]


class FarEnd(FarEndState):
    """Model the far end's play-out, corrected by echoes. Use from one thread at a time."""

    __slots__ = ("_lag_count", "_lag_run", "clears_ignored", "deaf", "overdue_from_ms")

    jitter: Jitter
    run: Run
    past_runs: list[Run]

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.sent_position = 0
        """Samples of all audio sent since the stream began."""
        self.remote_end_ms = _NEVER
        """Estimate of when the far end has played everything that was sent; minus infinity before anything was."""
        self.hold_ms: float | None = None
        """What the far end waits before it plays a run; None: no echo has said it."""
        self.jitter = Jitter()
        self.proven_position = 0
        """Played for certain, by an echo."""
        self.overdue_from_ms = float("inf")
        """When the echo of the first mark on its way is expected: without it, the position is doubtful from then on."""
        self.deaf = False
        """Whether echoes say nothing about positions on this stream."""
        self.clears_ignored = False
        """Whether the far end plays on after a clear."""
        self.run = Run(0, _NEVER, 0.0, behind_clear=False)
        """The run of the audio that was sent last."""
        self.past_runs = []
        """The runs of this line before it, at most 64, the oldest first."""
        self._after_clear = False
        self._lag_count = 0  # runs that say the hold
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
        """Record that a clear is sent. The audio that follows is a new run, and older audio is not played any more."""
        if not self.clears_ignored:
            self._after_clear = True
            self.remote_end_ms = min(self.remote_end_ms, now_ms)

    def not_cleared(self, run: Run, position: int) -> None:
        """Record that the far end ignored a clear, and probably ignores all.

        run: the run that it should have ended.
        position: the sent position at the clear.
        """
        self.clears_ignored = True
        end_ms = self._base_ms(run) + (position - run.start) * self._ms_per_sample - self._round_trip_ms
        if self._after_clear:
            # Nothing was sent since: the run continues.
            self._after_clear = False
            self.remote_end_ms = end_ms
        elif self.run is not run and self.run.base_ms is None:
            self.run.hold_ms = max(self.run.hold_ms, end_ms - self.run.first_sent_ms)
            self._follow()

    def line_lost(self) -> None:
        """Record that the line is lost: another far end begins dry, whose round trip and jitter are unknown."""
        self.run.next = self.run = Run(self.sent_position, _NEVER, 0.0, behind_clear=False)
        self.past_runs = []
        self._after_clear = False
        self.remote_end_ms = _NEVER
        self.jitter = Jitter()
        self._hold_bound_ms = float("inf")
        self._lag_count, self._lag_run = 0, None

    def held_back(self, position: int, now_ms: float) -> None:
        """Record that a stall on the way is over. The audio that it held back arrives now, perhaps at a dry far end.

        position: what had arrived before, in samples sent.
        now_ms: when we learn it, which is the way to us later.
        """
        run = self.run
        if self.is_dry or position >= self.sent_position:
            return
        start = max(position, run.start)
        arrived_ms = now_ms - self._round_trip_ms
        dry_ms = self.echo_ms(run, start) - self._round_trip_ms
        if arrived_ms <= dry_ms:
            return
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
        """Whether no audio was sent since the stream or the last clear."""
        return self._after_clear or self.run.first_sent_ms == _NEVER

    @property
    def round_trip_ms(self) -> float | None:
        """The round trip without jitter; None: it was not measured."""
        return self.round_trips.least_ms if self.round_trips.count else None

    @property
    def spread_ms(self) -> float:
        """How much the echoes of played marks vary."""
        return self.jitter.spread_ms

    @property
    def echo_doubt_ms(self) -> float:
        """How far an echo may lie from its expected time without a reason."""
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
        Returns: whether the model follows it; "early": before the audio can have been played; "late": far behind
            every plausible hold; "ignored": echoes do not count on this stream.
        """
        if self.deaf:
            return "ignored"
        ahead_ms = (position - run.start) * self._ms_per_sample
        offset_ms = now_ms - ahead_ms
        lag_ms = offset_ms - run.first_sent_ms
        if self.is_early(run, position, now_ms):
            return "early"
        first = run.base_ms is None
        if first and lag_ms - run.held_back_ms - self._round_trip_ms > MAX_HOLD_MS + (
            0 if self.round_trips.count else UNKNOWN_ROUND_TRIP_MS
        ):
            return "late"
        allowed_ms = max(self.jitter.spread_ms, self.round_trips.jitter_ms)
        settling_ms = self.jitter.up_ms - self._least_hold_ms
        shown_ms = run.add(offset_ms, now_ms, allowed_ms, ahead_ms, settling_ms)
        if run.echo_count > 1:
            self.jitter.echoed(shown_ms)
        if ahead_ms <= CAUSALITY_CHECK_MS:
            self.learn_hold(run)
        if run is self.run and not self._after_clear:
            self._follow()
        return "followed"

    def is_early(self, run: Run, position: int, now_ms: float) -> bool:
        """Whether an echo arrives before the audio of its mark can have been played and the echo have returned."""
        ahead_ms = (position - run.start) * self._ms_per_sample
        floor_ms = self.round_trips.floor_ms if self.round_trips.sure else 0.0
        least_ms = run.first_sent_ms + ahead_ms + floor_ms - ECHO_JITTER_MS
        return now_ms < least_ms and ahead_ms <= CAUSALITY_CHECK_MS

    def ignore_echoes(self) -> None:
        """Drop all that echoes said: on this stream they do not say when audio was played."""
        self.deaf = True
        self.hold_ms = None
        self.run.hold_ms = 0.0
        self.run.ignore_echoes()
        if not self._after_clear:
            self._follow()

    def learn_hold(self, run: Run) -> None:
        """Find what the far end waited before it played a run. Needs a measured round trip."""
        if run.base_ms is None or run.held_back_ms:
            return
        lag_ms = run.base_ms - run.first_sent_ms
        self._hold_bound_ms = min(self._hold_bound_ms, lag_ms)
        if not self.round_trips.count:
            return
        # No round trip is longer than that and the hold. A shorter one shows that pings had jitter.
        if lag_ms < self.round_trips.least_ms and run is self.run and not self._after_clear:
            self.round_trips.add(lag_ms)
        hold_ms = max(0.0, lag_ms - self._round_trip_ms)
        if run is not self._lag_run:
            self._lag_run = run
            self._lag_count = self._lag_count + 1 if run.behind_clear else 1
        # Behind a clear that was slow, the far end was not dry: the least hold of these runs is true.
        if run.behind_clear:
            hold_ms = hold_ms if self.hold_ms is None else min(self.hold_ms, hold_ms)
        if hold_ms <= MAX_HOLD_MS:
            self.hold_ms = hold_ms
            if self.run.base_ms is None and not self.clears_ignored:
                self.run.hold_ms = hold_ms

    def _follow(self) -> None:
        """Bring remote_end_ms in line with the run's base."""
        run = self.run
        if run.first_sent_ms == _NEVER or self._after_clear:
            return
        end_ms = self._base_ms(run) + (self.sent_position - run.start) * self._ms_per_sample
        self.remote_end_ms = end_ms - self._round_trip_ms

    # Times and positions

    @property
    def _round_trip_ms(self) -> float:
        """The best guess: without a measurement, the first echo shows round trip + hold, and the hold may be 0."""
        if self.round_trips.count:
            return self.round_trips.least_ms
        return self._hold_bound_ms if self._hold_bound_ms < float("inf") else 0.0

    @property
    def round_trip_bound_ms(self) -> float:
        """No round trip without jitter is longer than this, by what echoes and measurements say."""
        return self.round_trips.most_ms if self.round_trips.count else self._hold_bound_ms

    def _base_ms(self, run: Run) -> float:
        if run.base_ms is not None:
            return run.base_ms
        return run.first_sent_ms + run.held_back_ms + self._round_trip_ms + run.hold_ms

    def echo_ms(self, run: Run, position: int) -> float:
        """Return our clock when the echo of a mark there arrives, if it is played in its run."""
        return self._base_ms(run) + (position - run.start) * self._ms_per_sample

    def played_by_ms(self, position: int) -> float:
        """Return our clock when the echo of a mark there would arrive; minus infinity: nothing is left to play."""
        run = self.run
        if run.first_sent_ms == _NEVER or position <= run.start:
            return _NEVER
        return self.echo_ms(run, position)

    def heard(self, now_ms: float) -> Heard:
        """Estimate what the far end has played now. The way to us is between none and all of the round trip."""
        return self._between(Window(now_ms, now_ms + self._round_trip_ms), now_ms)

    def end_doubt_ms(self, position: int, now_ms: float) -> float:
        """Return how much of the audio before a position may not have been heard, though its estimated end is over."""
        doubt_ms = self.heard(now_ms).uncertainty_ms
        end_ms = self.played_by_ms(position)
        if end_ms == _NEVER:
            return doubt_ms
        # At its estimated end the doubt is not limited by the end itself. A later look may know of an overdue echo.
        return max(doubt_ms, self.heard(end_ms - self._round_trip_ms / 2).uncertainty_ms)

    def cut(self, now_ms: float) -> Heard:
        """Estimate where a clear sent now would cut."""
        if self.clears_ignored:
            return Heard(self.sent_position, 0.0, estimated=False)
        # A stall may have delayed all that was measured. The echo of the fence, which settles the cut, shows it.
        least_ms, trips = self.cut_least_ms(now_ms), self.round_trips
        stalled_ms = least_ms - now_ms if trips.count and not trips.sure else 0.0
        found = self._between(Window(least_ms, self.cut_most_ms(now_ms), stalled_ms), now_ms)
        if not stalled_ms or found.position < self.sent_position:
            return found
        # Nothing is left to play only if nothing was stalled.
        return self._between(Window(now_ms, self.cut_most_ms(now_ms)), now_ms)

    def cut_least_ms(self, at_ms: float) -> float:
        """Return the earliest moment, in echo time, at which a clear sent at `at_ms` acts."""
        return at_ms + (self.jitter.least_trip_ms if self.round_trips.count else self._round_trip_ms)

    def cut_most_ms(self, at_ms: float) -> float:
        """Return the latest moment, in echo time, at which a clear sent at `at_ms` acts."""
        return at_ms + self._round_trip_ms + self.jitter.up_ms

    def begin_doubt_ms(self, run: Run) -> float:
        """Return how far the begin of a run may lie from where `echo_ms` has it."""
        begin, base_ms = self._begin(run), self._base_ms(run)
        unknown_ms = UNKNOWN_HOLD_MS if run.base_ms is None and self.hold_ms is None else 0.0
        return max(begin.latest_ms - base_ms, base_ms - begin.earliest_ms, 0.0) + unknown_ms

    def earliest_echo_ms(self, run: Run, position: int) -> float:
        """Return the earliest moment at which the echo of a mark there can arrive, if its audio is played."""
        return self._begin(run).earliest_ms + (position - run.start) * self._ms_per_sample

    def _begin(self, run: Run) -> Begin:
        return begin_of(run, self._base_ms(run), self.jitter, self._least_hold_ms, self._lag_count)

    @property
    def _least_hold_ms(self) -> float:
        """The far end waits at least this before it plays a run: the lag of few runs contains jitter as well."""
        if self.hold_ms is None or not self._lag_count:
            return 0.0
        return max(0.0, self.hold_ms - self.jitter.up_ms / self._lag_count)

    def _between(self, window: Window, now_ms: float) -> Heard:
        # 1. Nothing is left to play?
        end = self.sent_position
        if self.is_dry or self.proven_position >= end:
            return Heard(end, 0.0, estimated=False)
        # 2. A mark whose echo is overdue: the far end may stand still, since the last echo at the earliest.
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
        at_ms: when the far end's position was asked for, by a clear or at all.
        """
        unknown_ms = window.unknown_ms
        if run.base_ms is None and self.hold_ms is None:
            unknown_ms += UNKNOWN_HOLD_MS + self._round_trip_ms
        # Without a measured round trip, its part of the first echo's lag cannot be distinguished from the hold.
        if run.base_ms is not None and not self.round_trips.count:
            unknown_ms += max(0.0, run.base_ms - run.first_sent_ms)
        # One round trip or none says nothing about jitter.
        more_ms = UNKNOWN_JITTER_MS if run.base_ms is None and self.round_trips.count < MIN_ROUND_TRIPS else 0.0
        # Later messages take the same way as the first one, and nothing is played before it arrives.
        longest_ms = at_ms - run.first_sent_ms - run.held_back_ms + self.jitter.up_ms
        window = replace(window, unknown_ms=unknown_ms + more_ms, longest_ms=longest_ms, more_ms=more_ms)
        begin, least = self._begin(run), self.proven_position
        return position_between(run, begin, window, least=least, end=end, ms_per_sample=self._ms_per_sample)
