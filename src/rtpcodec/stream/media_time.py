"""Media time: the start of a chunk on the timeline of its stream (docs/media-time.md#time).

The unit of the carrier's timestamps is uncertain (docs/carrier.md, "Points that a call shows"). So two sources are
compared, the timestamps and the arrival times:

| timestamp jumps | arrival jumps | meaning |
|---|---|---|
| yes | yes | hold, mute or DTX: the pause is kept |
| yes | no | after a stall: the carrier dropped audio; otherwise a new base of the timestamps |
| no | yes | the socket stalled: no audio is missing |

A position is accepted if it is not in the future: the audio before it cannot be longer than the time since the stream
began. At a new base, time continues by arrival. Timestamps that are not valid are ignored; then durations add up.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import Final, Literal

from rtpcodec.stream._receive_states import BUCKET, ClockState, TimelineState

UNITS_PER_MS: Final = (1.0, 8.0, 16.0, 48.0)
"""Milliseconds, or RTP clocks of 8, 16 and 48 kHz: steps of 20, 160, 320 and 960 for 20 ms."""
VOTES: Final = 3
"""This many steps in a row that fit one unit determine it."""
MIN_TEACHING_MS: Final = 400.0
"""A pause of this length determines the unit at once: units differ by a factor of 2 or more."""
MAX_TRIES: Final = 50
"""If the unit is unknown after this many chunks, the timestamps are ignored."""
TOLERANCE_MS: Final = 5.0
"""A smaller deviation is rounding."""
SLACK_MS: Final = 100.0
"""Jitter of the network: a chunk may arrive this much earlier than the earliest chunk so far."""
LATE_TRACK_MS: Final = 200.0
"""A track whose first chunk arrives later than this begins later; otherwise it begins with the stream."""
MAX_REBASES: Final = 4
"""With more new bases than this within REBASE_MS, the timestamps are ignored."""
REBASE_MS: Final = 2000.0
WRAP: Final = 2**32
"""RTP timestamps wrap to 0 here (RFC 3550 section 5.1)."""
MAX_ANCHORS: Final = 256
ANCHOR_MS: Final = 50.0
"""A change of the delay by this much is stored for `moment_ms`."""

Reason = Literal["lost", "pause", "carrier"]


class Timeline(TimelineState):
    """Relates the media time of a stream to the clock of arrival. All tracks share it."""

    __slots__ = ("_anchors", "_reference_ms")

    def __init__(self) -> None:
        self.least_ms = inf
        """The least delay in this bucket: arrival minus the media time of the end of a chunk."""
        self.received_ms = -inf
        """Arrival of the last chunk; a chunk that waited for an earlier one arrived before this."""
        self._before_ms = inf
        self._left = BUCKET
        self._reference_ms: float | None = None
        self._anchors: list[tuple[float, float]] = []

    @property
    def delay_ms(self) -> float:
        """The least recent delay; infinite before the first chunk."""
        return min(self.least_ms, self._before_ms)

    def elapsed_ms(self, received_ms: float) -> float:
        """Return the media time at a time of arrival: audio that is received then does not end later."""
        return received_ms - self.delay_ms

    def moment_ms(self, media_ms: float) -> float | None:
        """Return the time of a media time on the clock of arrival; None: nothing was received yet."""
        if self.delay_ms == inf:
            return None
        at = bisect_right(self._anchors, (media_ms, inf))
        delay_ms = self._anchors[at][1] if at < len(self._anchors) else self.delay_ms
        return media_ms + delay_ms

    def _turn(self, end_ms: float) -> None:
        """Begin a new bucket. If the delay has changed, store the old delay for the time up to now."""
        self._before_ms, self.least_ms = self.least_ms, inf
        self._left = BUCKET
        if self._reference_ms is None:
            self._reference_ms = self._before_ms
        elif abs(self._before_ms - self._reference_ms) >= ANCHOR_MS:
            self._anchors.append((end_ms, self._reference_ms))
            self._reference_ms = self._before_ms
            del self._anchors[:-MAX_ANCHORS]


class TrackClock(ClockState):
    """The media time of one track, by its timestamps as soon as their unit is known.

    jitter_ms: Mean deviation of the arrival from the timestamps (RFC 3550 section 6.4.1); 0 before the unit is known.
    media_ms: Start of the next chunk if nothing is missing before it.
    next_timestamp: Timestamp of that chunk; -1 before the unit is known.
    is_ignored: Whether the timestamps are ignored because they are not valid.
    change: The change of the timestamps that the last `place` found.
    """

    __slots__ = ("_rebases", "_tries", "_vote_for", "_votes")

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._votes = 0
        self._vote_for = 0.0
        self._tries = 0
        self._rebases: list[float] = []
        self.next_timestamp = -1.0
        self.change: Literal["restarted", "ignored"] | None

    @property
    def knows_unit(self) -> bool:
        """Whether the unit of the timestamps is known, so that they give media times."""
        return self._units_per_ms > 0

    def begin(self, timestamp: int | None, received_ms: float, duration_ms: float, other: TrackClock | None) -> None:
        """Set the start of the first chunk: by the timestamps of another track, or by arrival."""
        # 1. The first track, or little later than the stream? Then it begins at 0.
        elapsed_ms = self._timeline.elapsed_ms(received_ms) - duration_ms
        if other is None or elapsed_ms < LATE_TRACK_MS or elapsed_ms == inf:
            return
        # 2. By arrival; by the other track's timestamps, which are exact, if they agree.
        self.media_ms = elapsed_ms
        if timestamp is not None and other._units_per_ms:  # noqa: SLF001 -- of the same class
            units_per_ms = other._units_per_ms  # noqa: SLF001
            by_timestamp_ms = other.media_ms + _wrapped(timestamp - other.next_timestamp) / units_per_ms
            if abs(by_timestamp_ms - elapsed_ms) < LATE_TRACK_MS:
                self.media_ms = by_timestamp_ms

    def ahead_ms(self, timestamp: int | None) -> float:
        """Return the difference between a timestamp and the expected one in ms; 0 if the unit is unknown."""
        if timestamp is None or not self._units_per_ms:
            return 0.0
        return _wrapped(timestamp - self.next_timestamp) / self._units_per_ms

    def pause_ms(self, timestamp: int | None, received_ms: float) -> float:
        """Return the pause of the carrier before a chunk, by its timestamp; 0 if the unit is unknown."""
        if timestamp is not None and not self._units_per_ms and not self.is_ignored:
            self._learn_by_pause(timestamp, received_ms)
        return self.ahead_ms(timestamp)

    def place(
        self, timestamp: int | None, received_ms: float, duration_ms: float, lost_ms: float
    ) -> tuple[tuple[float, Reason], ...]:
        """Return the gaps between the previous chunk and this one, in order, each with its duration and reason.

        Args:
            timestamp: The chunk's timestamp; None: it has none.
            received_ms: The chunk's time of arrival.
            duration_ms: The chunk's duration.
            lost_ms: Duration of the chunks that are missing before it by their numbers.
        """
        self.change = None
        lost: tuple[tuple[float, Reason], ...] = ((lost_ms, "lost"),) if lost_ms else ()
        if timestamp is None or self.is_ignored:
            return lost
        # 1. Unit unknown? Learn it.
        if not self._units_per_ms:
            self._learn(timestamp, is_next=not lost_ms)
            if self._units_per_ms or not self._learn_by_pause(timestamp, received_ms):
                return lost
        gap_ms = self.ahead_ms(timestamp)
        # 2. As expected? No gap. If numbers are missing, the loss has no duration.
        if abs(gap_ms) < TOLERANCE_MS:
            return ((0.0, "lost"),) if lost_ms else ()
        # 3. Numbers are missing, and the timestamps agree? Loss, with the duration by the timestamps.
        if lost_ms and 0 < gap_ms <= 1.5 * lost_ms:
            return ((gap_ms, "lost"),)
        silence_ms = received_ms - self._last_received_ms - duration_ms
        # 4. Has enough time passed for the jump? A pause if the socket was silent, otherwise audio that was dropped.
        future_ms = self.media_ms + gap_ms + duration_ms - self._timeline.elapsed_ms(received_ms)
        if gap_ms > 0 and future_ms <= SLACK_MS:
            rest_ms = gap_ms - lost_ms
            return (*lost, (rest_ms, "pause" if silence_ms >= rest_ms / 2 else "carrier"))
        # 5. Otherwise a new base: time continues by arrival.
        self._rebase()
        pause_ms = silence_ms - lost_ms
        return lost if pause_ms < LATE_TRACK_MS else (*lost, (pause_ms, "pause"))

    def _rebase(self) -> None:
        self.change = "restarted"
        self._rebases = [at_ms for at_ms in self._rebases if at_ms > self.media_ms - REBASE_MS]
        self._rebases.append(self.media_ms)
        if len(self._rebases) > MAX_REBASES:
            self.change = "ignored"
            self.is_ignored = True
            self._units_per_ms = 0.0

    def _learn(self, timestamp: int, *, is_next: bool) -> None:
        """Count a step of the timestamps as a vote for the unit that it fits."""
        if self._last_timestamp is None:
            return
        # 1. Which unit does the step fit? Only directly consecutive chunks are compared.
        step = _wrapped(timestamp - self._last_timestamp)
        for units_per_ms in UNITS_PER_MS if is_next else ():
            expected = (self.media_ms - self._last_timestamp_at_ms) * units_per_ms
            if abs(step - expected) <= max(1.0, expected / 50):
                self._votes = self._votes + 1 if units_per_ms == self._vote_for else 1
                self._vote_for = units_per_ms
                break
        else:
            self._votes = 0
            self._tries += 1
        # 2. Enough votes in a row? The unit is known. Too many chunks without one? Ignore the timestamps.
        if self._votes >= VOTES:
            self._units_per_ms = self._vote_for
            self.next_timestamp = timestamp
            self._tries = 0
        elif self._tries >= MAX_TRIES:
            self.is_ignored = True
            self.change = "ignored"

    def _learn_by_pause(self, timestamp: int, received_ms: float) -> bool:
        """Learn the unit by an early pause, if timestamp and arrival jump by the same time. Returns whether it did."""
        silence_ms = received_ms - self._last_received_ms
        if self._last_timestamp is None or silence_ms < MIN_TEACHING_MS:
            return False
        step = _wrapped(timestamp - self._last_timestamp)
        for units_per_ms in UNITS_PER_MS:
            if abs(step / units_per_ms - silence_ms) <= SLACK_MS:
                self._units_per_ms = units_per_ms
                passed_ms = self.media_ms - self._last_timestamp_at_ms
                self.next_timestamp = self._last_timestamp + passed_ms * units_per_ms
                return True
        return False


def _wrapped(step: float) -> float:
    """Return a step of timestamps, which may wrap at 2^32."""
    return step + WRAP if step < -WRAP / 2 else step
