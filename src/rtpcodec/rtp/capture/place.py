"""Places packets by their timestamps, also if those jump.

Timestamps jump if the arrival contradicts them: they are far ahead of it, or far behind earlier timestamps. Two such
packets in a row set a new base, from which the sound continues; a single one is an odd value and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.ordering import InOrder
from rtpcodec.rtp.sequence import timestamp_distance

MAX_LEAP_MS: Final = 1000
"""Timestamps ahead of the arrival by more have jumped: a stream soon has a packet near the least transit time."""
MAX_BACK_MS: Final = 100
"""Timestamps that fall back by more have jumped; by less, they overlap earlier sound."""
CONTINUES_MS: Final = 100
"""A sender whose next packet arrives within this time after a jump has not paused: it is jitter."""


MAX_PAUSE_S: Final = 6 * 3600
"""After a longer pause, the capture's clock was set, or its time is damaged."""


class Judged(NamedTuple):
    """A packet and its place."""

    one: InOrder
    ticks: int | None
    """The place in ticks of the RTP clock, from the base; None: directly after the last packet, because its timestamp
    is odd."""
    is_new_base: bool = False
    delay_ms: float | None = None
    """Its arrival minus its place."""


class Place(Live):
    """Places the packets of one stream: call `judge` for each in order. Use from one thread at a time."""

    __slots__ = ("_base", "_base_position", "_floor_ms", "_last", "_odd", "_rate_hz", "clock_hz", "jumps")

    def __init__(self, timestamp: int, position: int, clock_hz: int, rate_hz: int) -> None:
        """Set the base.

        Args:
            timestamp: timestamp of one packet.
            position: position of this packet, in samples of the track.
            clock_hz: RTP clock in Hz.
            rate_hz: sample rate of the track in Hz.
        """
        self._base = timestamp
        self._base_position = position
        self._last = 0
        self._floor_ms: float | None = None
        """The least delay so far."""
        self._odd: InOrder | None = None
        self._rate_hz = rate_hz
        self.clock_hz = clock_hz
        self.jumps = 0

    def position_of(self, ticks: int) -> int:
        """Return the position of ticks from the base on the track, in its samples."""
        return self._base_position + ticks * self._rate_hz // self.clock_hz

    def judge(self, one: InOrder, clock_hz: int, end: int) -> list[Judged]:
        """Return the places known now: none, that of this packet, or also that of an odd one before it.

        Args:
            one: next packet in order.
            clock_hz: its RTP clock in Hz.
            end: position of the end of the sound so far.
        """
        # 1. Does this packet confirm the jump of the odd one before it?
        odd, self._odd = self._odd, None
        if odd is not None:
            step = timestamp_distance(odd.packet.timestamp, one.packet.timestamp)
            if not 0 < step <= MAX_LEAP_MS * self.clock_hz // 1000:
                return [Judged(odd, None), *self.judge(one, clock_hz, end)]
            return [self._restart(odd, clock_hz, end), *self.judge(one, clock_hz, end)]
        # 2. Another clock: its timestamps are not comparable with those before (RFC 7160 section 3).
        if clock_hz != self.clock_hz:
            return [self._restart(one, clock_hz, end)]
        # 3. A jump, far ahead of the arrival or back: wait for the next packet.
        step = timestamp_distance((self._base + self._last) & 0xFFFF_FFFF, one.packet.timestamp)
        ticks = self._last + step
        position = self.position_of(ticks)
        delay_ms = one.arrival_ms - position * 1000 / self._rate_hz
        # The quickest packet, by which the stream was placed, has a delay of 0.
        floor_ms = self._floor_ms
        is_ahead = position > end + 1 and (floor_ms or 0.0) - delay_ms > MAX_LEAP_MS
        is_ahead = is_ahead or position - end > MAX_PAUSE_S * self._rate_hz
        if is_ahead or step < -MAX_BACK_MS * clock_hz // 1000:
            self._odd = one
            return []
        # 4. At its timestamp.
        self._floor_ms = delay_ms if floor_ms is None else min(floor_ms, delay_ms)
        self._last = ticks
        return [Judged(one, ticks, delay_ms=delay_ms)]

    @property
    def ticks(self) -> int:
        """The place of the last packet in ticks of the RTP clock, from the base."""
        return self._last

    def is_at(self, timestamp: int, clock_hz: int) -> bool:
        """Return whether the last packet had this timestamp by this clock, and none waits."""
        at = (self._base + self._last) & 0xFFFF_FFFF
        return self._odd is None and clock_hz == self.clock_hz and timestamp == at

    def take_run(self, step: int, arrivals_ms: Sequence[float]) -> tuple[Sequence[int], list[float]]:
        """Return positions and delays of consecutive packets, whose timestamps continue those of the sound so far.

        Args:
            step: ticks from each packet to the next.
            arrivals_ms: times of arrival in ms.
        """
        base, clock_hz, rate_hz = self._base_position, self.clock_hz, self._rate_hz
        end = self._last + step * len(arrivals_ms)
        samples, rest = divmod(step * rate_hz, clock_hz)
        positions: Sequence[int]
        if rest:
            positions = [base + ticks * rate_hz // clock_hz for ticks in range(self._last + step, end + 1, step)]
        else:
            begin = base + (self._last + step) * rate_hz // clock_hz
            positions = range(begin, begin + samples * len(arrivals_ms), samples)
        delays_ms = [
            arrival_ms - position * 1000 / rate_hz for arrival_ms, position in zip(arrivals_ms, positions, strict=True)
        ]
        least_ms, floor_ms = min(delays_ms), self._floor_ms
        self._floor_ms = least_ms if floor_ms is None else min(floor_ms, least_ms)
        self._last = end
        return positions, delays_ms

    def settle(self) -> list[Judged]:
        """Return the odd packet that waits for the next one, because no more packets arrive."""
        odd, self._odd = self._odd, None
        return [] if odd is None else [Judged(odd, None)]

    def _restart(self, one: InOrder, clock_hz: int, end: int) -> Judged:
        """Set a new base at the end of the sound, or later if the arrival shows a pause."""
        by_arrival = round((one.arrival_ms - (self._floor_ms or 0.0)) * self._rate_hz / 1000)
        is_pause = CONTINUES_MS * self._rate_hz // 1000 < by_arrival - end <= MAX_PAUSE_S * self._rate_hz
        self._base_position = by_arrival if is_pause else end
        self._base = one.packet.timestamp
        self._last = 0
        self.clock_hz = clock_hz
        self.jumps += 1
        return Judged(one, 0, is_new_base=True)
