"""The order of packets over UDP, also if sequence numbers are odd or restart.

Three values show where a packet belongs: its sequence number, its timestamp and its arrival. If they contradict each
other, the packet is set aside until the next one shows whether it has a single odd value or starts a new numbering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.reorder import MAX_DROPOUT, MAX_MISORDER, WINDOW
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance

ASSUMED_FRAME_MS: Final = 20.0
"""Used until two packets show how long a frame is (RFC 3551 section 4.2)."""
MAX_FRAME_MS: Final = 200.0
"""The longest that receivers should accept (RFC 3551 section 4.2); more between two packets is silence."""
MAX_LEAP_MS: Final = 1000.0
"""How far numbers and timestamps together may run ahead of arrival, or lie behind: jitter is less."""
MAX_REPEAT_MS: Final = 1000.0
"""A network duplicates a packet within this time; after that, the sender plays the same audio again."""
SHORT_GAP: Final = 10
"""Numbers that may be missing without a pause in the timestamps: packets of a key, up to 200 ms of them."""
REMEMBERED: Final = 256
"""Numbers whose packets are remembered, more than MAX_MISORDER."""


@dataclass(slots=True)
class Placed:
    """A packet and its place."""

    packet: RtpPacket
    arrival_ms: float
    number: int | None
    """The sequence number without wraps and restarts; None: a single packet of another sender, which has none."""
    starts_stream: bool = False
    """Whether it is the first of another sender, whose timestamps are not comparable with those before."""


class _SeenPacket(NamedTuple):
    """The values of an accepted packet that show whether another one is its duplicate."""

    timestamp: int
    content: int
    arrival_ms: float

    def is_repeated_by(self, other: _SeenPacket) -> bool:
        return self[:2] == other[:2] and other.arrival_ms - self.arrival_ms <= MAX_REPEAT_MS


def _seen_packet(packet: RtpPacket, arrival_ms: float) -> _SeenPacket:
    return _SeenPacket(packet.timestamp, content_of(packet.payload_type, packet.payload), arrival_ms)


def content_of(payload_type: int, payload: bytes) -> int:
    """Return a hash that is equal for duplicates of a packet."""
    return hash((payload_type, payload))


@dataclass(frozen=True, slots=True)
class RunOfPackets:
    """Ordinary packets in a row: each has the next sequence number, and a timestamp one step later."""

    packets: int
    step: int
    """The ticks of the RTP clock from each to the next."""
    last: RtpPacket
    contents: Sequence[int]
    """`content_of` each packet. The first ones may be left out, if REMEMBERED or more remain."""
    arrivals_ms: Sequence[float]
    """Times of arrival of the same packets."""


@dataclass(frozen=True, slots=True)
class _OddPacket:
    """A packet whose number does not fit the numbering."""

    packet: RtpPacket
    arrival_ms: float
    followed: int | None = None
    """Its number if its successor confirms it; None: a new numbering, or another sender."""
    alone: tuple[int, ...] = ()
    """Its number if the numbering continues without it: the first of these that is free. Empty: it has no place."""
    placed: int | None = None
    """Its number if the timestamp has shown it, and the packet was already returned."""
    is_late: bool = False
    """Whether it may be a late packet. It is not if its successor is as far away in arrival as in time."""

    def is_followed_by(self, packet: RtpPacket, now_ms: float, numbering: _Numbering) -> bool:
        """Return whether a packet confirms the odd value: two in a row (RFC 3550 appendix A.1)."""
        step = timestamp_distance(self.packet.timestamp, packet.timestamp)
        if packet.ssrc != self.packet.ssrc:
            return False
        if self.is_late and abs(numbering.ticks(now_ms - self.arrival_ms) - step) >= numbering.frame_ticks / 2:
            return False
        ahead = sequence_distance(self.packet.sequence_number, packet.sequence_number)
        # The packets of a key with a separate SSRC have one timestamp: they are not another stream of audio.
        is_stream = packet.ssrc == numbering.newest.ssrc or step > 0
        return 1 <= ahead <= WINDOW and is_stream


class _Numbering:
    """Numbers and timestamps that belong together: the newest packet, and those that can still be duplicated."""

    __slots__ = ("_shift", "_step", "_ticks_in_ms", "arrival_ms", "frame_ticks", "newest", "number", "seen")

    def __init__(self, packet: RtpPacket, arrival_ms: float, ticks_in_ms: float, frame_ms: float) -> None:
        self._ticks_in_ms = ticks_in_ms
        self._shift = 0
        self._step: int | None = None
        self.frame_ticks = frame_ms * ticks_in_ms
        self.newest = packet
        self.number = packet.sequence_number
        self.arrival_ms = arrival_ms
        self.seen: dict[int, _SeenPacket] = {}

    def ticks(self, duration_ms: float) -> float:
        """Return a duration in ticks of the RTP clock."""
        return duration_ms * self._ticks_in_ms

    def number_of(self, packet: RtpPacket) -> int:
        """Return a sequence number without wraps and restarts."""
        expected = (self.number - self._shift) & 0xFFFF
        return self.number + sequence_distance(expected, packet.sequence_number)

    def step_to(self, packet: RtpPacket) -> int:
        """Return the ticks between the newest packet and another one."""
        return timestamp_distance(self.newest.timestamp, packet.timestamp)

    def is_continued_by(self, packet: RtpPacket) -> bool:
        """Return whether number and timestamp both say that a packet directly follows the newest."""
        gap = self.number_of(packet) - self.number
        return 1 <= gap <= WINDOW and abs(self.step_to(packet) - gap * self.frame_ticks) < self.frame_ticks / 2

    def number_by_time(self, packet: RtpPacket) -> tuple[int, ...]:
        """Return the number that a timestamp shows, if it is a few whole frames later than the newest."""
        frames, rest = divmod(self.step_to(packet), self.frame_ticks)
        number = self.number + int(frames)
        is_near = frames >= 1 and frames * self.frame_ticks <= self.ticks(MAX_FRAME_MS)
        return (number,) if is_near and not rest and number not in self.seen else ()

    def contradiction(self, packet: RtpPacket, number: int, now_ms: float) -> _OddPacket | None:
        """Return the packet as odd if timestamp or arrival contradict its number; the next number is never odd."""
        gap, step = number - self.number, self.step_to(packet)
        by_time = self.number_by_time(packet)
        max_leap = self.ticks(MAX_LEAP_MS)
        # 1. An earlier number: its timestamp is earlier too, and it is late by the longest frame at most.
        if gap < 0:
            is_odd = not gap * self.frame_ticks - max_leap <= step <= 0
            is_late = self.ticks(now_ms - self.arrival_ms) - step > self.ticks(MAX_FRAME_MS)
            if not is_odd and not is_late:
                return None
            return _OddPacket(packet, now_ms, alone=(*by_time, number), is_late=not is_odd)
        if gap <= 1:
            return None
        # 2. The number leaps, the timestamp does not: packets without audio were lost, or the number is odd.
        own = (number,) if gap <= SHORT_GAP else ()
        if step < (gap - 0.5) * self.frame_ticks:
            return _OddPacket(packet, now_ms, followed=number if own else None, alone=(*by_time, *own))
        # 3. Number and timestamp leap, the arrival does not.
        if step > self.ticks(now_ms - self.arrival_ms) + max_leap:
            return _OddPacket(packet, now_ms, followed=number, alone=own)
        return None

    def take(self, packet: RtpPacket, number: int, arrival_ms: float) -> None:
        """Remember a packet of the numbering."""
        if number > self.number:
            if number == self.number + 1:
                self._learn_frame(self.step_to(packet))
            self.newest, self.number, self.arrival_ms = packet, number, arrival_ms
        self.seen[number] = _seen_packet(packet, arrival_ms)
        if len(self.seen) > REMEMBERED:
            del self.seen[next(iter(self.seen))]

    def take_run(self, run: RunOfPackets) -> None:
        """Remember packets in a row."""
        step, last = run.step, run.last
        for _ in range(min(run.packets, 2)):
            self._learn_frame(step)
        self.newest, self.number, self.arrival_ms = last, self.number + run.packets, run.arrivals_ms[-1]
        known = len(run.contents)
        times = [(last.timestamp - step * back) & 0xFFFF_FFFF for back in range(known - 1, -1, -1)]
        numbers = range(self.number + 1 - known, self.number + 1)
        self.seen.update(zip(numbers, map(_SeenPacket, times, run.contents, run.arrivals_ms), strict=True))
        for number in list(islice(self.seen, max(0, len(self.seen) - REMEMBERED))):
            del self.seen[number]

    def renumber(self, packet: RtpPacket, number: int) -> None:
        """Continue the numbering as if this packet had this number."""
        self._shift = number - packet.sequence_number

    def _learn_frame(self, step: int) -> None:
        """Measure the length of a frame: two equal steps in a row; a single one may be an odd timestamp."""
        if 0 < step <= self.ticks(MAX_FRAME_MS) and step == self._step:
            self.frame_ticks = step
        self._step = step


class PacketOrder:
    """Numbers without wraps for the packets of one receiver: call `place` for each, in the order of arrival.

    clock_hz is the RTP clock in Hz; frame_ms is the length of a frame until two packets show it.
    """

    __slots__ = ("_aside", "_frame_ms", "_numbering", "_ticks_in_ms", "duplicates", "late", "restarts")

    def __init__(self, clock_hz: int, frame_ms: float = ASSUMED_FRAME_MS) -> None:
        self._ticks_in_ms = clock_hz / 1000
        self._frame_ms = frame_ms
        self._numbering: _Numbering | None = None
        self._aside: _OddPacket | None = None
        self.late = 0
        """Single odd packets that have no place."""
        self.duplicates = 0
        self.restarts = 0
        """Changes to another sender or another numbering."""

    @property
    def frame_ms(self) -> float:
        """The time between two packets in a row."""
        return self._frame_ms if self._numbering is None else self._numbering.frame_ticks / self._ticks_in_ms

    @property
    def waits_since_ms(self) -> float | None:
        """Arrival of the packet that is set aside; None: no packet is."""
        aside = self._aside
        return None if aside is None or aside.placed is not None else aside.arrival_ms

    def place(self, packet: RtpPacket, now_ms: float) -> list[Placed]:
        """Return the packets whose place is known since this one has arrived; it may be among them."""
        numbering, aside = self._numbering, self._aside
        if numbering is None:
            numbering = self._numbering = _Numbering(packet, now_ms, self._ticks_in_ms, self._frame_ms)
            return [_taken(numbering, packet, numbering.number, now_ms)]
        number = numbering.number_of(packet)
        if aside is None and number == numbering.number + 1 and packet.ssrc == numbering.newest.ssrc:
            return [
                _taken(numbering, packet, number, now_ms)
            ]  # the ordinary packet; the steps below have the same result
        continues = numbering.is_continued_by(packet)
        # 1. The second packet in a row of another numbering or sender?
        if aside is not None and not continues and aside.is_followed_by(packet, now_ms, numbering):
            return self._confirm(numbering, aside) + self.place(packet, now_ms)
        if packet.ssrc != numbering.newest.ssrc and not continues:
            return self._set_aside(numbering, _OddPacket(packet, now_ms))
        return self._place_by_number(numbering, packet, now_ms)

    def _place_by_number(self, numbering: _Numbering, packet: RtpPacket, now_ms: float) -> list[Placed]:
        # 2. A number that is known?
        number = numbering.number_of(packet)
        seen = numbering.seen.get(number)
        if seen is not None and seen.is_repeated_by(_seen_packet(packet, now_ms)):
            self.duplicates += 1
            return []
        if seen is not None or not -MAX_MISORDER <= number - numbering.number <= MAX_DROPOUT:
            return self._set_aside(numbering, _OddPacket(packet, now_ms))
        # 3. A gap that the timestamps, or the arrival, contradict?
        odd = numbering.contradiction(packet, number, now_ms)
        if odd is not None:
            return self._set_aside(numbering, odd)
        return [_taken(numbering, packet, number, now_ms), *self._settle(numbering)]

    def is_at(self, packet: RtpPacket) -> bool:
        """Return whether a packet is the newest one and none is set aside, so that `place_run` may follow."""
        return self._aside is None and self._numbering is not None and self._numbering.newest is packet

    def place_run(self, run: RunOfPackets) -> None:
        """Take ordinary packets as if each was placed. `is_at` must be true of the packet before them."""
        if self._numbering is not None:
            self._numbering.take_run(run)

    def stop_waiting(self) -> list[Placed]:
        """Return the packet that was set aside, because no other one has contradicted it in time."""
        numbering, aside = self._numbering, self._aside
        if numbering is None or aside is None:
            return []
        return self._settle(numbering) if aside.alone else self._confirm(numbering, aside)

    def _set_aside(self, numbering: _Numbering, odd: _OddPacket) -> list[Placed]:
        """Keep an odd packet for the next one to judge."""
        if self._aside is not None:
            # The one before it was a single oddity, and may take the place that this one seems to have.
            return self._settle(numbering) + self.place(odd.packet, odd.arrival_ms)
        self._aside = odd
        if odd.followed is not None or odd.alone or odd.packet.ssrc != numbering.newest.ssrc:
            return []
        by_time = numbering.number_by_time(odd.packet)
        if not by_time:
            return []
        # The timestamp shows its place: it need not wait.
        self._aside = replace(odd, placed=by_time[0])
        return [_taken(numbering, odd.packet, by_time[0], odd.arrival_ms)]

    def _settle(self, numbering: _Numbering) -> list[Placed]:
        """Place the packet that was set aside as a single oddity, because the numbering continues."""
        aside, self._aside = self._aside, None
        if aside is None or aside.placed is not None:
            return []
        if aside.packet.ssrc != numbering.newest.ssrc:
            return [Placed(aside.packet, aside.arrival_ms, None)]
        for number in aside.alone:
            if number not in numbering.seen:
                return [_taken(numbering, aside.packet, number, aside.arrival_ms)]
        self.late += 1
        return []

    def _confirm(self, numbering: _Numbering, aside: _OddPacket) -> list[Placed]:
        """Take the packet that was set aside as the first of a new numbering or sender."""
        self._aside = None
        if aside.followed is not None:
            return [_taken(numbering, aside.packet, aside.followed, aside.arrival_ms)]
        self.restarts += 1
        if aside.placed is not None:
            numbering.renumber(aside.packet, aside.placed)
            return []
        is_other = aside.packet.ssrc != numbering.newest.ssrc
        numbering.renumber(aside.packet, numbering.number + 1)
        return [_taken(numbering, aside.packet, numbering.number + 1, aside.arrival_ms, starts_stream=is_other)]


def _taken(
    numbering: _Numbering, packet: RtpPacket, number: int, arrival_ms: float, *, starts_stream: bool = False
) -> Placed:
    numbering.take(packet, number, arrival_ms)
    return Placed(packet, arrival_ms, number, starts_stream)
