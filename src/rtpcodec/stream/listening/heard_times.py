"""When sent audio was heard: maps sent positions to inbound media time, across runs, cuts and starts.

The echo of a mark and the inbound chunk that the carrier captured at the same moment arrive together. So a position
with echo time E was heard at the media time E - delay, where delay is that of inbound audio without jitter. The round
trip needs no split. Both values are minima of recent measurements, and follow the drift of the clocks.
docs/adr/0027-what-was-heard.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf
from typing import Final, NamedTuple

from rtpcodec.stream.events import Audio
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.listening.echo_order import Chunk, EchoOrder, PlacedRun
from rtpcodec.stream.media_time import Timeline
from rtpcodec.stream.receiving import ReceiveChain
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.spans import CutPoint

SETTLED_AFTER_MS: Final = 2000.0
"""The place of audio is final this long after it was heard. By then its marks have returned or are lost, and eight
echoes, whose minimum counts, lie around it."""


ROUNDING: Final = 1e-6
"""In samples, because times are sums of floats."""
MOVED_MS: Final = 1000.0
"""A rise of the delay by this shows that the media time stood still: timestamps did not count a hold of the call."""
MOVED_CHUNKS: Final = 10
"""Chunks per second that are needed to show it."""
SECOND_MS: Final = 1000.0


class RunPart(NamedTuple):
    """A part of a run that is not cut, or that ends at a cut."""

    run: PlacedRun
    start: int
    end: int
    next: int
    """Where the next heard audio begins, behind the part that was cut."""
    cut: CutPoint | None


class Cut(NamedTuple):
    """A clear."""

    point: CutPoint
    end: int  # the sent position at the clear
    at_ms: float


class _RecentMinimumDelay:
    """The minimum delay of the last one to two seconds, once two seconds are known."""

    __slots__ = ("_count", "_from_ms", "_last_ms", "_now_ms", "least_ms")

    def __init__(self) -> None:
        self._count = 0
        self._from_ms = -inf
        self._now_ms = self._last_ms = inf
        self.least_ms = -inf

    def add(self, delay_ms: float, now_ms: float) -> None:
        if not self._count:
            self._from_ms = now_ms
        self._count += 1
        self._now_ms = min(self._now_ms, delay_ms)
        # Chunks that a stall delayed arrive late and together: they do not show a change of the media time.
        if self._count >= MOVED_CHUNKS and now_ms - self._from_ms >= SECOND_MS:
            self.least_ms = -inf if self._last_ms == inf else min(self._last_ms, self._now_ms)
            self._last_ms, self._now_ms, self._count = self._now_ms, inf, 0


class MediaClock:
    """Our clock against the inbound media time of one session. Media time restarts at each `start`."""

    __slots__ = ("_before_ms", "_chain", "_incoming", "_known_ms", "_recent_minimum", "_timeline")

    def __init__(self, incoming: Incoming) -> None:
        """Make the clock of a session; incoming: its receiving half."""
        self._incoming: Incoming | None = incoming
        self._chain: ReceiveChain | None = None
        self._timeline = Timeline()
        self._known_ms = inf  # the delay of the current chain at the last check
        self._before_ms = inf  # the delay of the previous chain
        self._recent_minimum = _RecentMinimumDelay()

    def _look(self) -> None:
        """Follow a new `start`, if there was one."""
        if self._incoming is None or self._incoming.chain is self._chain:
            return
        chain = self._chain = self._incoming.chain
        self._timeline = Timeline() if chain is None else chain.timeline
        self._recent_minimum = _RecentMinimumDelay()
        if self._known_ms != inf:
            self._before_ms, self._known_ms = self._known_ms, inf

    @property
    def delay_ms(self) -> float:
        """Our clock minus the media time; infinite before the first audio."""
        self._look()
        delay_ms = self._timeline.delay_ms
        if delay_ms != inf:
            moved_ms = self._recent_minimum.least_ms
            self._known_ms = delay_ms if moved_ms < delay_ms + MOVED_MS else moved_ms
        return self._known_ms if self._known_ms != inf else self._before_ms

    def end(self) -> None:
        """Stop following the session, which has ended. It is freed at once if nothing refers to it."""
        self._look()
        self._incoming = None

    def chunk(self, end_ms: float) -> Chunk:
        """Process the inbound chunk that was delivered last; end_ms: the media time of its end."""
        self._look()
        received_ms = self._timeline.received_ms
        self._recent_minimum.add(received_ms - end_ms, received_ms)
        return end_ms, received_ms

    @property
    def restart_ms(self) -> float:
        """Our clock when the media time restarted at 0; infinity: not yet; minus infinity: only one `start`."""
        return self._known_ms if self._before_ms != inf else -inf

    def delay_at_ms(self, echo_ms: float) -> float:
        """Return the delay at a moment of our clock. Before the last `start`, that of the previous one."""
        delay_ms = self.delay_ms
        return self._before_ms if echo_ms < self.restart_ms else delay_ms


class HeardTimes:
    """The runs and cuts of one stream. Use from one thread at a time."""

    __slots__ = ("_far_end", "_ms_per_sample", "_order", "_runs", "changed", "clock", "cuts", "ended_ms", "now_ms")

    def __init__(self, parts: Parts, clock: MediaClock) -> None:
        """Follow a stream from now on.

        parts: of its speaking side.
        clock: of its session.
        """
        self._far_end = parts.far_end
        self._ms_per_sample = 1000 / parts.sample_rate_hz
        self._runs = [PlacedRun(parts.far_end.run)]
        self._order = EchoOrder()
        self.cuts: list[Cut] = []
        """The clears, in order."""
        self.changed = False
        """Whether there was a cut since this was set to False."""
        self.clock = clock
        self.now_ms = -inf
        """The time of the last `look`."""
        self.ended_ms = inf
        """When the caller has heard the end of the stream, in echo time; infinity: the stream runs."""
        parts.on_cut = self._cut

    def _cut(self, point: CutPoint, end: int, at_ms: float) -> None:
        self.cuts.append(Cut(point, end, at_ms))
        self.changed = True

    def _follow(self) -> None:
        """Add the runs that have begun."""
        runs = self._runs
        run = runs[-1].run
        while run.next is not None:
            run = run.next
            if run.start <= runs[-1].start:
                runs[-1] = PlacedRun(run)
            else:
                runs.append(PlacedRun(run))

    @property
    def run(self) -> PlacedRun:
        """The run of the audio that was sent last."""
        if self._runs[-1].run.next is not None:
            self._follow()
        return self._runs[-1]

    @property
    def end(self) -> int:
        """The sent position behind all audio."""
        return self._far_end.sent_position

    def stretches(self, position: int) -> Iterator[RunPart]:
        """Yield the audio from a sent position on that was or will be heard, in order."""
        self._follow()
        runs = self._runs
        for number, run in enumerate(runs):
            end = runs[number + 1].start if number + 1 < len(runs) else self.end
            start = max(position, run.start)
            if start >= end:
                continue
            for cut in self.cuts:
                if start < cut.end and cut.point.position < end and run.start < cut.end:
                    stop = max(start, cut.point.position)
                    behind = min(cut.end, end)
                    yield RunPart(run, start, stop, behind, cut.point)
                    start = behind
            if start < end:
                yield RunPart(run, start, end, end, None)

    def end_before(self, placed: PlacedRun) -> float:
        """Return the echo time at which the audio before a run ended; minus infinity: unknown."""
        end_ms = -inf
        for stretch in self.stretches(self._runs[0].start):
            if stretch.run is not placed and stretch.start < stretch.end:
                end_ms = self.echo_ms(stretch.run, stretch.end)
        return end_ms

    def end_at(self, now_ms: float, *, by_us: bool) -> None:
        """Record the end of the stream; by_us: the carrier continues to play until it has learnt of the end."""
        self.ended_ms = now_ms + (self._far_end.round_trip_ms or 0.0 if by_us else 0.0)
        self.clock.end()

    def drop(self, position: int) -> None:
        """Drop runs and cuts that concern only audio before a sent position."""
        self._follow()
        while len(self._runs) > 1 and self._runs[1].start <= position:
            del self._runs[0]
        self.cuts = [cut for cut in self.cuts if cut.end > position or not cut.point.settled]

    # Times

    def echo_ms(self, placed: PlacedRun, position: int) -> float:
        """Return the echo time of a position, corrected by the order of chunks and echoes."""
        return self._far_end.echo_ms(placed.run, position) + placed.correction_ms

    def take_chunk(self, chunk: Audio) -> None:
        """Process inbound audio, for the order in which chunks and echoes arrive."""
        self._order.chunk = self.clock.chunk(chunk.media_ms + chunk.duration_ms)

    def look(self, now_ms: float) -> None:
        """Process the time, and the echoes since the previous call."""
        self.now_ms = now_ms
        self._order.look(self._runs[-2:], self.clock.delay_ms)

    @property
    def settled_ms(self) -> float:
        """The echo time before which everything is final."""
        if self.ended_ms != inf:
            return self.ended_ms
        settled_ms = self.now_ms - SETTLED_AFTER_MS
        for cut in self.cuts:
            if not cut.point.settled and cut.at_ms < settled_ms:
                settled_ms = cut.at_ms
        return settled_ms

    def uncertainty_ms(self, stretch: RunPart) -> float:
        """Return how far the place of a stretch may be off, and of its end as well if a clear cut it."""
        doubt_ms = self._far_end.begin_doubt_ms(stretch.run.run)
        return doubt_ms if stretch.cut is None else max(doubt_ms, stretch.cut.uncertainty_ms)

    @property
    def seam_ms(self) -> float:
        """A larger step of the time within a run is a gap, not jitter: the far end was dry."""
        return self._far_end.echo_doubt_ms

    def position_in(self, stretch: RunPart, echo_ms: float) -> int:
        """Return the sent position at an echo time, as if the run of a stretch had no end; -1: long before it."""
        ahead_ms = echo_ms - self.echo_ms(stretch.run, stretch.start)
        return stretch.start + ceil(ahead_ms / self._ms_per_sample - ROUNDING) if abs(ahead_ms) < inf else -1

    def position_heard_at(self, echo_ms: float) -> int:
        """Return the sent position that is heard at an echo time, or the last one before it."""
        self._follow()
        for run in reversed(self._runs):
            ahead_ms = echo_ms - self.echo_ms(run, run.start)
            if 0 <= ahead_ms < inf:
                return min(self.end, run.start + int(ahead_ms / self._ms_per_sample))
        return self._runs[0].start
