"""The time at which each packet of a stream is due, from its timestamp and its arrival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.playout import PlayoutClock
from rtpcodec.rtp.sequence import TIMESTAMP_BITS, Unwrapper

ASSUMED_FRAME_MS: Final = 20.0
"""Until two packets show how long a frame is (RFC 3551 section 4.2)."""
MAX_FRAME_MS: Final = 200.0
"""The longest that receivers should accept (RFC 3551 section 4.2); more between two packets is silence."""
REBASE_AFTER_MS: Final = 200.0
"""The network delay has risen permanently when nothing arrived in time for so long; a burst is over sooner."""


@dataclass(slots=True)
class Held:
    """A packet that waits for its time."""

    packet: RtpPacket
    media_ms: float
    """Minus infinity: due at once."""


class PlayoutSchedule:
    """Media times of packets, and the clock that turns them into times of play-out."""

    __slots__ = ("_ceiling_ms", "_clock", "_newest", "_ticks_in_ms", "_timestamps", "frame_ms")

    def __init__(self, clock_hz: int, floor_ms: float, ceiling_ms: float, start_ms: float) -> None:
        self._clock = PlayoutClock(floor_ms, ceiling_ms, start_ms)
        self._ceiling_ms = ceiling_ms
        self._ticks_in_ms = clock_hz / 1000
        self._timestamps = Unwrapper(TIMESTAMP_BITS)
        self._newest: tuple[int, int] | None = None
        self.frame_ms = ASSUMED_FRAME_MS
        """The time between two packets in a row."""

    @property
    def delay_ms(self) -> float:
        """How much later than the quickest packet allows media is played now."""
        return self._clock.delay_ms

    def due_ms(self, held: Held) -> float:
        """Return the time at which a packet is played."""
        return held.media_ms + self._clock.offset_ms

    def span_ms(self, held: Iterable[Held]) -> float:
        """Return the time between the first and the last packet that have one."""
        times_ms = [one.media_ms for one in held if one.media_ms != -inf]
        return max(times_ms) - min(times_ms) if times_ms else 0.0

    def add(self, packet: RtpPacket, number: int, now_ms: float, waiting: Iterable[Held]) -> Held | None:
        """Return the packet with its media time; None: it is later than the ceiling allows.

        packet: one that has arrived.
        number: its sequence number without wraps.
        waiting: the packets held so far, due at once when media time leaps.
        """
        ticks = self._timestamps.unwrap(packet.timestamp)
        newest = self._newest
        if newest is not None and ticks == newest[1] and number != newest[0]:
            # Packets of one instant, as those of a DTMF event (RFC 4733): the clock stands still, they must not.
            self._newest = (max(number, newest[0]), ticks)
            return Held(packet, -inf)
        media_ms = ticks / self._ticks_in_ms
        lateness_ms = self._clock.lateness_ms(now_ms - media_ms)
        if lateness_ms < -self._ceiling_ms:
            # Media time leapt ahead of real time: the packets held lie before the leap.
            self._rebase(waiting)
        elif lateness_ms > self._ceiling_ms:
            since_ms = self._clock.late_since_ms
            if not packet.marker and (since_ms is None or now_ms - since_ms < REBASE_AFTER_MS):
                self._clock.late_since_ms = now_ms if since_ms is None else since_ms
                return None
            # A talk spurt whose timestamps passed over a silence, or a network delay that is longer now.
            self._rebase(waiting)
        self._clock.add(now_ms - media_ms)
        if newest is None or number > newest[0]:
            if newest is not None and number == newest[0] + 1:
                frame_ms = (ticks - newest[1]) / self._ticks_in_ms
                self.frame_ms = frame_ms if 0 < frame_ms <= MAX_FRAME_MS else self.frame_ms
            self._newest = (number, ticks)
        return Held(packet, media_ms)

    def reset(self) -> None:
        """Clear the history: another stream."""
        self._clock.reset()
        self._timestamps.reset()
        self._newest = None

    def _rebase(self, waiting: Iterable[Held]) -> None:
        for held in waiting:
            held.media_ms = -inf
        self._clock.reset()
