"""The time at which each packet of a stream is due, from its timestamp and its arrival."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Final

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.playout import FEW, PlayoutClock
from rtpcodec.rtp.sequence import timestamp_distance

REBASE_AFTER_MS: Final = 200.0
"""The schedule is re-based on timestamps that agree with each other for so long; a burst is over sooner."""

MAX_SUSPECTS: Final = 1000
"""As many packets as a jitter buffer holds: a flood within REBASE_AFTER_MS must not fill memory."""


@dataclass(slots=True)
class Held:
    """A packet that is held until it is due."""

    packet: RtpPacket
    number: int
    """Its sequence number without wraps."""
    arrival_ms: float
    media_ms: float = 0.0
    clock: PlayoutClock | None = None
    """The clock that plays it; None: the time of play-out is fixed."""
    fixed_ms: float = -inf
    """The fixed time of play-out; minus infinity: at once."""

    @property
    def due_ms(self) -> float:
        """The time at which it is played."""
        return self.fixed_ms if self.clock is None else self.media_ms + self.clock.offset_ms


@dataclass(slots=True)
class _TimestampSeries:
    """A series of timestamps that belong together, and its clock. number and ticks are those of the newest packet."""

    clock: PlayoutClock
    number: int
    ticks: int
    since_ms: float = 0.0
    suspects: deque[Held] = field(default_factory=lambda: deque(maxlen=MAX_SUSPECTS))
    """The packets of a series that is not confirmed. Beyond the limit, the oldest keep the times that they have."""

    def ticks_of(self, timestamp: int) -> int:
        """Return a timestamp without wraps."""
        return self.ticks + timestamp_distance(self.ticks & 0xFFFF_FFFF, timestamp)

    def is_in_order(self, number: int, ticks: int) -> bool:
        """Return whether number and timestamp are both later, or both not later, than the newest."""
        return (number > self.number) == (ticks > self.ticks)


class PlayoutSchedule:
    """Times of play-out for numbered packets of one stream.

    One series of timestamps is the time of the stream. A packet that does not fit it is a suspect: it starts another
    series with a separate clock. If the first series continues, a suspect was a single odd timestamp and is placed by
    its number, or it is part of a burst after a stall and too late to be played. If no packet has continued the first
    series for REBASE_AFTER_MS, the schedule is re-based on the other one.
    """

    __slots__ = ("_ceiling_ms", "_floor_ms", "_other", "_series", "_start_ms", "_ticks_in_ms")

    def __init__(self, clock_hz: int, floor_ms: float, ceiling_ms: float, start_ms: float) -> None:
        self._ticks_in_ms = clock_hz / 1000
        self._floor_ms, self._ceiling_ms, self._start_ms = floor_ms, ceiling_ms, start_ms
        self._clock()  # refuses limits that are not in order
        self._series: _TimestampSeries | None = None
        self._other: _TimestampSeries | None = None

    @property
    def delay_ms(self) -> float:
        """The current play-out delay, beyond the delay of the quickest packet."""
        return 0.0 if self._series is None else self._series.clock.delay_ms

    def restart(self) -> None:
        """Clear the history for another sender, whose timestamps are not comparable with those before."""
        self._series = self._other = None

    def add(self, held: Held, frame_ms: float) -> list[Held]:
        """Set the time at which a packet is due.

        Args:
            held: packet that has arrived.
            frame_ms: time between two packets in a row, in ms.

        Returns:
            The packets that are later than the ceiling allows: this one, or suspects before it.
        """
        # 1. The first packet starts the series.
        series = self._series
        if series is None:
            self._series = self._new_series(held, held.packet.timestamp, self._start_ms)
            return []
        ticks = series.ticks_of(held.packet.timestamp)
        # 2. Packets with one timestamp, as of a DTMF event (RFC 4733 section 2.5.1.2), are due at once: they must not
        #    wait while the clock stands still.
        if ticks == series.ticks and held.number != series.number:
            series.number = max(series.number, held.number)
            return []
        # 3. Fits the series: in order, within the ceiling, and not earlier than the clock allows.
        is_next = held.number > series.number
        lateness_ms = series.clock.lateness_ms(held.arrival_ms - ticks / self._ticks_in_ms)
        by_number = series.ticks + (held.number - series.number) * frame_ms * self._ticks_in_ms
        # The first few packets may all have been slow: a quicker one is accepted if number and timestamp agree.
        is_new = series.clock.count < FEW and abs(ticks - by_number) < frame_ms * self._ticks_in_ms / 2
        most_ahead_ms = self._ceiling_ms if is_new else min(frame_ms, self._ceiling_ms)
        if -most_ahead_ms <= lateness_ms <= self._ceiling_ms and series.is_in_order(held.number, ticks):
            self._put_on(series, held, ticks)
            return self._settle(series, held, frame_ms)
        # 4. An earlier number with an odd timestamp: its number shows its time.
        if not is_next:
            own_ms = series.ticks / self._ticks_in_ms + (held.number - series.number) * frame_ms
            return self._set_media_time(series, held, own_ms)
        # 5. Much quicker than the first few packets, which were delayed: start the series again.
        if is_new and lateness_ms < 0:
            self._series, self._other = self._new_series(held, ticks, self._start_ms), None
            return []
        # 6. Anything else is a suspect.
        self._suspect(series, held)
        return []

    def _suspect(self, series: _TimestampSeries, held: Held) -> None:
        """Schedule a packet that does not fit the series by the other series."""
        # 1. It continues the other series; after REBASE_AFTER_MS that one is the time of the stream.
        other = self._other
        if other is not None:
            ticks = other.ticks_of(held.packet.timestamp)
            if ticks == other.ticks:
                return
            lateness_ms = other.clock.lateness_ms(held.arrival_ms - ticks / self._ticks_in_ms)
            if abs(lateness_ms) <= self._ceiling_ms and other.is_in_order(held.number, ticks):
                self._put_on(other, held, ticks)
                _fix(held, other)
                if held.arrival_ms - other.since_ms >= REBASE_AFTER_MS:
                    self._series, self._other = other, None
                    other.suspects.clear()
                return
        # 2. It starts the other series.
        start_ms = max(self._start_ms, series.clock.delay_ms)
        self._other = self._new_series(held, series.ticks_of(held.packet.timestamp), start_ms)
        _fix(held, self._other)

    def _settle(self, series: _TimestampSeries, held: Held, frame_ms: float) -> list[Held]:
        """Place the suspects before this packet by number, because the series continues. Return the late ones."""
        other = self._other
        if other is None or held.number < other.number:
            return []
        self._other = None
        late = []
        for suspect in other.suspects:
            late += self._set_media_time(series, suspect, held.media_ms - (held.number - suspect.number) * frame_ms)
        return late

    def _set_media_time(self, series: _TimestampSeries, held: Held, media_ms: float) -> list[Held]:
        """Give a packet the media time that its number shows. Return it if that is too late."""
        if series.clock.lateness_ms(held.arrival_ms - media_ms) > self._ceiling_ms:
            return [held]
        held.media_ms, held.clock = media_ms, series.clock
        return []

    def _new_series(self, held: Held, ticks: int, start_ms: float) -> _TimestampSeries:
        series = _TimestampSeries(self._clock(start_ms), held.number, ticks, held.arrival_ms)
        self._put_on(series, held, ticks)
        return series

    def _put_on(self, series: _TimestampSeries, held: Held, ticks: int) -> None:
        held.media_ms, held.clock = ticks / self._ticks_in_ms, series.clock
        series.clock.add(held.arrival_ms - held.media_ms)
        if held.number >= series.number:
            series.number, series.ticks = held.number, ticks

    def _clock(self, start_ms: float | None = None) -> PlayoutClock:
        start = self._start_ms if start_ms is None else min(start_ms, self._ceiling_ms)
        return PlayoutClock(self._floor_ms, self._ceiling_ms, start)


def _fix(suspect: Held, series: _TimestampSeries) -> None:
    """Fix the current time of play-out: in a burst the next packets would move it ahead."""
    suspect.fixed_ms, suspect.clock = suspect.due_ms, None
    series.suspects.append(suspect)
