"""Where packets lie by their timestamps, also where those jump.

A jump is what the arrival contradicts: timestamps far ahead of the packets' arrival, or far behind those before. Two
packets in a row make it a new base, from which the sound continues; a single one is an odd value and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.ordering import InOrder
from rtpcodec.rtp.sequence import timestamp_distance

MAX_LEAP_MS: Final = 1000
"""Timestamps that run ahead of the arrival by more have jumped: the quickest packet of a stream shows itself soon."""
MAX_BACK_MS: Final = 100
"""Timestamps that fall back by more have jumped; by less, they overlap what was before."""
CONTINUES_MS: Final = 100
"""A sender whose next packet comes within this time after a jump has not paused: it is jitter."""


MAX_PAUSE_S: Final = 6 * 3600
"""No call pauses for longer: the capture's clock was set, or its time is damaged."""


class Judged(NamedTuple):
    """A packet and its place."""

    one: InOrder
    ticks: int | None
    """Of the RTP clock, from the base; None: behind the packet before, because its timestamp is odd."""
    is_new_base: bool = False
    delay_ms: float | None = None
    """Its arrival less its place."""


class Place(Live):
    """The places of one stream's packets: `judge` each in order. Use from one thread at a time."""

    __slots__ = ("_base", "_base_position", "_floor_ms", "_last", "_odd", "_rate_hz", "clock_hz", "jumps")

    def __init__(self, timestamp: int, position: int, clock_hz: int, rate_hz: int) -> None:
        """Set the base.

        timestamp: that of one packet.
        position: where it lies, in samples of the track.
        clock_hz: the RTP clock.
        rate_hz: of the track.
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
        """Return the places that are known now: of none, of this packet, or of an odd one before it as well.

        one: the next packet in order.
        clock_hz: its RTP clock.
        end: the position where the sound so far ends.
        """
        odd, self._odd = self._odd, None
        if odd is not None:
            step = timestamp_distance(odd.packet.timestamp, one.packet.timestamp)
            if not 0 < step <= MAX_LEAP_MS * self.clock_hz // 1000:
                return [Judged(odd, None), *self.judge(one, clock_hz, end)]
            return [self._restart(odd, clock_hz, end), *self.judge(one, clock_hz, end)]
        if clock_hz != self.clock_hz:
            # RFC 7160 section 3: timestamps of another clock are not comparable with those before.
            return [self._restart(one, clock_hz, end)]
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
        self._floor_ms = delay_ms if floor_ms is None else min(floor_ms, delay_ms)
        self._last = ticks
        return [Judged(one, ticks, delay_ms=delay_ms)]

    @property
    def ticks(self) -> int:
        """Where the last packet lies by the RTP clock, from the base."""
        return self._last

    def is_at(self, timestamp: int, clock_hz: int) -> bool:
        """Whether the last packet had this timestamp by this clock, and none waits."""
        at = (self._base + self._last) & 0xFFFF_FFFF
        return self._odd is None and clock_hz == self.clock_hz and timestamp == at

    def take_run(self, step: int, arrivals_ms: Sequence[float]) -> tuple[Sequence[int], list[float]]:
        """Return the positions and the delays of packets in a row, whose timestamps follow those of the sound so far.

        step: the ticks from each to the next.
        arrivals_ms: when each arrived.
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
        """Return the packet that waits for another one to say whether it is odd, because nothing more comes."""
        odd, self._odd = self._odd, None
        return [] if odd is None else [Judged(odd, None)]

    def _restart(self, one: InOrder, clock_hz: int, end: int) -> Judged:
        """Continue with a new base: where the sound ends, or later if the arrival shows a pause."""
        by_arrival = round((one.arrival_ms - (self._floor_ms or 0.0)) * self._rate_hz / 1000)
        is_pause = CONTINUES_MS * self._rate_hz // 1000 < by_arrival - end <= MAX_PAUSE_S * self._rate_hz
        self._base_position = by_arrival if is_pause else end
        self._base = one.packet.timestamp
        self._last = 0
        self.clock_hz = clock_hz
        self.jumps += 1
        return Judged(one, 0, is_new_base=True)
