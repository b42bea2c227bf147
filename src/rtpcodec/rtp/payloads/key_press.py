"""Decides which packets belong to one key press, also for senders that break RFC 4733 section 2.5.1.

Two packets belong to one press if event and timestamp are equal (RFC 4733 section 2.5.1.2). Some senders use one
timestamp for all keys, others move it within a press; then sequence numbers, end bits and durations decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.rtp.reorder import MAX_MISORDER
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance

MAX_SEGMENT_TICKS: Final = 0xFFFF
"""The duration field has 16 bits; a longer event continues in another segment (RFC 4733 section 2.5.1.3)."""
MAX_REPEAT_DISTANCE: Final = 15
"""Sequence numbers between two end packets of one press: 150 ms beside audio in packets of 10 ms."""


@dataclass(frozen=True, slots=True)
class EventPacket:
    """The facts of one packet with a telephone event."""

    ssrc: int
    sequence_number: int
    timestamp: int
    marker: bool
    event: int = field(repr=False)
    is_end: bool
    duration_ticks: int


@dataclass(slots=True)
class KeyPress:
    """One key press, from the packets received so far."""

    ssrc: int
    event: int = field(repr=False)
    timestamp: int
    """Where the press starts."""
    segment: int
    """Timestamp of the last segment."""
    duration_ticks: int
    """The duration of that segment so far."""
    first_number: int
    last_number: int
    end_number: int | None
    """Sequence number of the first end packet; None: none has arrived."""
    heard_at: int
    """Stream time of the last packet, in ticks."""
    moves: bool = False
    """Whether the timestamp moves within the press."""
    moved_ticks: int = 0
    """How far it has moved within the last segment."""
    is_reported: bool = False

    @classmethod
    def of(cls, packet: EventPacket, now: int) -> KeyPress:
        """Return a press that starts with this packet, at a stream time in ticks."""
        number = packet.sequence_number
        end_number = number if packet.is_end else None
        at = packet.timestamp
        return cls(packet.ssrc, packet.event, at, at, packet.duration_ticks, number, number, end_number, now)

    @property
    def is_reported_without_end(self) -> bool:
        """Whether it was reported because no packets arrived for GIVE_UP_MS."""
        return self.is_reported and self.end_number is None

    @property
    def total_ticks(self) -> int:
        """The duration of the press, over all segments."""
        return timestamp_distance(self.timestamp, self.segment) + self.duration_ticks

    def may_hold(self, packet: EventPacket) -> bool:
        """Return whether the packet has the event of this press and a timestamp that fits it."""
        if (packet.ssrc, packet.event) != (self.ssrc, self.event):
            return False
        # 1. The current segment, or the next one.
        ahead = timestamp_distance(self.segment, packet.timestamp)
        if ahead in (0, MAX_SEGMENT_TICKS):
            return True
        # 2. An earlier segment.
        if ahead < 0 and timestamp_distance(self.timestamp, packet.timestamp) >= 0:
            return True
        # 3. The timestamp moves within the press. A marker always begins another press.
        is_first = packet.marker and ahead > 0
        return not is_first and not self.is_reported_without_end and self._is_moved(packet, ahead)

    def _is_moved(self, packet: EventPacket, ahead: int) -> bool:
        """Return whether this is the next packet of a sender whose timestamps are the times of sending."""
        later = sequence_distance(self.last_number, packet.sequence_number)
        if abs(later) > MAX_REPEAT_DISTANCE:
            return False
        longer = packet.duration_ticks - self.duration_ticks
        # 1. Each packet has the whole duration, also one that is repeated or was overtaken.
        if ahead - self.moved_ticks == longer and later * longer >= 0 and (self.end_number is None or later <= 0):
            return True
        if later < 0 or longer > 0:
            return False
        if self.end_number is not None:
            return packet.is_end and self.moves
        # 2. Each packet has one frame, and some were lost. A duration of 0 does not move a timestamp.
        frame = self.duration_ticks
        return frame > 0 and longer == 0 and later > 0 and ahead <= later * frame and ahead % frame == 0

    def continues_with(self, packet: EventPacket, now: int, give_up_ticks: int) -> bool:
        """Return whether a packet that fits this press belongs to it, not to a later one with the same timestamp."""
        later = sequence_distance(self.last_number, packet.sequence_number)
        # No number between them, so no other press either, whatever the time of audio that overtook the packet.
        is_next = later <= 1
        is_near = is_next or (later <= MAX_REPEAT_DISTANCE and now - self.heard_at <= give_up_ticks)
        if self.end_number is not None:
            # 1. Ended: end packets are repeated, and a packet sent before the end may arrive after it.
            return is_near if packet.is_end else sequence_distance(self.end_number, packet.sequence_number) < 0
        if packet.timestamp != self.segment or later <= 0:
            return True
        # 2. In the order of sending, the durations of one press never decrease. After a silence they increase.
        shortest = self.duration_ticks + (self.is_reported and not packet.is_end)
        return packet.duration_ticks >= shortest or (packet.is_end and not self.is_reported)

    def join(self, packet: EventPacket, now: int) -> None:
        """Add a packet that belongs to this press."""
        # 1. Another segment begins, or the current one becomes longer.
        ahead = timestamp_distance(self.segment, packet.timestamp)
        is_frame = ahead > 0 and packet.duration_ticks == self.duration_ticks and self.end_number is None
        if ahead == MAX_SEGMENT_TICKS or is_frame:
            self.segment, self.duration_ticks, self.moved_ticks = packet.timestamp, packet.duration_ticks, 0
        elif ahead >= 0:
            self.duration_ticks = max(self.duration_ticks, packet.duration_ticks)
            self.moved_ticks = max(self.moved_ticks, ahead)
        self.moves = self.moves or is_frame or self.moved_ticks > 0
        # 2. The range of sequence numbers, and that of the first end packet.
        number = packet.sequence_number
        self.first_number = _earlier(self.first_number, number)
        self.last_number = number if sequence_distance(self.last_number, number) > 0 else self.last_number
        if packet.is_end:
            self.end_number = number if self.end_number is None else _earlier(self.end_number, number)
        self.heard_at = max(self.heard_at, now)


def _earlier(one: int, other: int) -> int:
    return other if sequence_distance(one, other) < 0 else one


def press_of(packet: EventPacket, presses: Sequence[KeyPress], now: int, give_up_ticks: int) -> KeyPress | None:
    """Return the press that a packet belongs to; None: a new press starts with it.

    Args:
        packet: packet that has arrived.
        presses: known presses, in the order of their starts.
        now: time of the stream in ticks.
        give_up_ticks: silence in ticks after which a press is over.
    """
    later: KeyPress | None = None
    for press in reversed([one for one in presses if one.may_hold(packet)]):
        if sequence_distance(press.first_number, packet.sequence_number) >= 0:
            # An end packet sent before the later press cannot end the later press.
            is_of_it = press.continues_with(packet, now, give_up_ticks) or (packet.is_end and later is not None)
            return press if is_of_it else later
        later = press
    # All of them start with a later number: the packet was overtaken, unless it is too far back for that.
    if later is not None and sequence_distance(later.first_number, packet.sequence_number) < -MAX_MISORDER:
        return None
    return later


class StreamTime:
    """The elapsed time of a stream, from its timestamps. Those of keys may have another base.

    A step counts from the nearer of the two last timestamps, and only if it is not a leap: one odd timestamp adds
    nothing.
    """

    __slots__ = ("_last", "_max_step", "ticks")

    def __init__(self, max_step_ticks: int) -> None:
        self._max_step = max_step_ticks
        self._last: dict[bool, int] = {}
        self.ticks = 0

    def advance(self, timestamp: int, *, is_event: bool) -> None:
        """Advance to a timestamp of audio, or to the end of an event."""
        steps = [timestamp_distance(last, timestamp) for last in self._last.values()]
        self.ticks += min((step for step in steps if abs(step) <= self._max_step), key=abs, default=0)
        self._last[is_event] = timestamp
