"""The jitter buffer: packets as they come to packets when they are due. Time is an argument; nothing here waits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.packet_order import PacketOrder, Placed
from rtpcodec.rtp.reorder import Lost
from rtpcodec.rtp.schedule import Held, PlayoutSchedule

__all__ = ["JitterBuffer", "Wait"]

FLOOR_MS: Final = 10.0
"""Half of the usual frame: the lateness of a busy event loop."""
CEILING_MS: Final = 200.0
"""With 100 ms of network it keeps below 400 ms mouth to ear, the most for a conversation (ITU-T G.114)."""
START_MS: Final = 40.0
"""Two frames, until there is something to measure."""
MAX_HELD_MS: Final = 1000.0
"""Audio that is held for a reader that does not come; older audio is dropped and reported as lost."""
MAX_HELD_PACKETS: Final = 1000
"""The same for packets that carry no time of their own: a packet a millisecond."""
OFTEN_CHECKED: Final = 100
"""With more packets than these (a second of 10 ms frames), their times are looked at once per RARELY_CHECKED packets:
then no stream of frames is held but a flood, and the limit on their number holds in any case."""
RARELY_CHECKED: Final = 32


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due yet."""

    until_ms: float | None
    """When to call `pop` next, unless a packet arrives first; None: nothing is held, only a packet changes that."""


class JitterBuffer(Live):
    """One stream of packets, in order and when they are due. `put` each that arrives, call `pop` until it says Wait.

    clock_hz is the RTP clock (8000 for G722). The delay adapts to the jitter between floor_ms and ceiling_ms, and
    starts with start_ms; ValueError where they are not in order. A lost packet is reported when it would have been due
    and delays no other. A silence between talk spurts, which only timestamps show, is kept and is not a loss. A single
    odd number, timestamp or SSRC changes neither order nor delay. Each packet that was put is given out or counted in
    late, duplicates or dropped.

    >>> buffer = JitterBuffer(8000)
    >>> for number in (7, 8, 10):
    ...     packet = RtpPacket(payload_type=0, sequence_number=number, timestamp=160 * number, ssrc=1)
    ...     taken = buffer.put(packet, now_ms=20 * number)
    >>> buffer.pop(now_ms=150)
    Wait(until_ms=180.0)
    >>> [buffer.pop(now_ms=240).sequence_number for _ in range(2)], buffer.pop(now_ms=240)
    ([7, 8], Lost(count=1))
    """

    __slots__ = (
        "_began",
        "_held",
        "_next",
        "_order",
        "_ready",
        "_schedule",
        "_too_late",
        "_unchecked",
        "dropped",
        "lost",
    )

    def __init__(
        self,
        clock_hz: int,
        *,
        floor_ms: float = FLOOR_MS,
        ceiling_ms: float = CEILING_MS,
        start_ms: float | None = None,
    ) -> None:
        if not clock_hz > 0:
            raise ValueError(f"clock_hz is {clock_hz}, a positive number is needed")
        start = min(max(START_MS, floor_ms), ceiling_ms) if start_ms is None else start_ms
        self._schedule = PlayoutSchedule(clock_hz, floor_ms, ceiling_ms, start)
        self._order = PacketOrder(clock_hz)
        self._ready: deque[RtpPacket | Lost] = deque()
        self._held: dict[int, Held] = {}
        self._next = 0
        self._began = False
        self._too_late = 0
        self._unchecked = 0
        self.lost = 0
        """Packets that were reported as Lost. Those that are late come on top of `late`."""
        self.dropped = 0
        """Packets that nobody fetched; part of `lost`."""

    @property
    def late(self) -> int:
        """Packets that came after their Lost or later than the ceiling allows, and single ones of odd numbers."""
        return self._too_late + self._order.late

    @property
    def duplicates(self) -> int:
        """Packets that are equal to one before: number, timestamp and payload."""
        return self._order.duplicates

    @property
    def restarts(self) -> int:
        """Senders or numberings that began again."""
        return self._order.restarts

    @property
    def delay_ms(self) -> float:
        """How much later than the quickest packet allows media is played now."""
        return self._schedule.delay_ms

    @property
    def held(self) -> int:
        """Packets that wait."""
        aside = self._order.waits_since_ms is not None
        return len(self._held) + sum(isinstance(item, RtpPacket) for item in self._ready) + aside

    def put(self, packet: RtpPacket, now_ms: float) -> bool:
        """Take a packet that has arrived.

        Returns: False where it is late, a duplicate, or one that the next must confirm.
        Raises: ValueError: now_ms is not finite.
        """
        if not isfinite(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a finite number is needed")
        is_taken = False
        for placed in self._order.place(packet, now_ms):
            is_taken = self._hold(placed) or is_taken
        return is_taken

    def pop(self, now_ms: float) -> RtpPacket | Lost | Wait:
        """Return the next packet that is due, or how many in its place never came; else how long to wait.

        With a now_ms of infinity all that is held is due.

        Raises: ValueError: now_ms is not a number.
        """
        if isnan(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a number is needed")
        aside_ms = self._aside_until_ms()
        if now_ms >= aside_ms:
            for placed in self._order.stop_waiting():
                self._hold(placed)
            aside_ms = inf
        if self._ready:
            return self._take_ready()
        if not self._held:
            return Wait(None if aside_ms == inf else aside_ms)
        first = self._next if self._next in self._held else min(self._held)
        missing, frame_ms = first - self._next, self._order.frame_ms
        due_ms = self._held[first].due_ms - missing * frame_ms
        if now_ms < due_ms:
            return Wait(min(due_ms, aside_ms))
        self._began = True
        if not missing:
            self._next += 1
            return self._held.pop(first).packet
        # Each at its own time, so that a packet that comes at the last moment is still played.
        frames_late = (now_ms - due_ms) / frame_ms
        self._pass_over(missing if frames_late >= missing else 1 + int(frames_late))
        return self._take_ready()

    def _aside_until_ms(self) -> float:
        """When a packet with an odd number is taken, because the next one should have come; infinity: there is none."""
        since_ms = self._order.waits_since_ms
        return inf if since_ms is None else since_ms + self._order.frame_ms + self._schedule.delay_ms

    def _hold(self, placed: Placed) -> bool:
        """Keep a packet until it is due. False: it is late."""
        if placed.number is None:
            self._ready.append(placed.packet)
            return True
        if placed.starts_stream:
            self._schedule.restart()
        if not self._began:
            self._next = min(self._next, placed.number) if self._held else placed.number
        held = Held(placed.packet, placed.number, placed.arrival_ms)
        is_late = placed.number < self._next
        if not is_late:
            self._held[placed.number] = held
        # Timed also when it is late: the delay is to cover it the next time.
        for late in self._schedule.add(held, self._order.frame_ms):
            if self._held.get(late.number) is late:
                del self._held[late.number]
                self._too_late += 1
        self._too_late += is_late
        self._keep_bounded()
        return self._held.get(placed.number) is held

    def _keep_bounded(self) -> None:
        """Drop the oldest packets that nobody fetches."""
        if len(self._held) > MAX_HELD_PACKETS:
            self._drop_held(min(self._held))
        self._unchecked += 1
        if len(self._held) <= OFTEN_CHECKED or self._unchecked >= RARELY_CHECKED:
            self._unchecked = 0
            times_ms = [held.due_ms for held in self._held.values() if held.due_ms != -inf]
            if times_ms and max(times_ms) - min(times_ms) > MAX_HELD_MS:
                self._keep_short()
        while len(self._ready) > MAX_HELD_PACKETS:
            self._drop_ready()

    def _keep_short(self) -> None:
        """Drop the oldest packets beyond MAX_HELD_MS between the first and the last that have a time."""
        first_ms, last_ms = inf, -inf
        numbers = sorted(self._held)
        kept = len(numbers)
        while kept:
            due_ms = self._held[numbers[kept - 1]].due_ms
            if due_ms != -inf:
                first_ms, last_ms = min(first_ms, due_ms), max(last_ms, due_ms)
            if last_ms - first_ms > MAX_HELD_MS:
                break
            kept -= 1
        for number in numbers[:kept]:
            self._drop_held(number)

    def _drop_held(self, oldest: int) -> None:
        """Count the oldest packet among the lost ones."""
        self._pass_over(oldest - self._next)
        del self._held[oldest]
        self._pass_over(1)
        self.dropped += 1
        self._began = True

    def _drop_ready(self) -> None:
        """Count the oldest packet that nobody fetches among the lost ones."""
        lost = 0
        for oldest in (self._ready.popleft(), self._ready.popleft()):
            lost += oldest.count if isinstance(oldest, Lost) else 1
            self.dropped += isinstance(oldest, RtpPacket)
        self._ready.appendleft(Lost(lost))

    def _pass_over(self, count: int) -> None:
        """Report numbers as lost: their packets are late from now on."""
        self._next += count
        if self._ready and isinstance(self._ready[-1], Lost):
            self._ready[-1].count += count
        elif count:
            self._ready.append(Lost(count))

    def _take_ready(self) -> RtpPacket | Lost:
        item = self._ready.popleft()
        if isinstance(item, Lost):
            self.lost += item.count
        return item
