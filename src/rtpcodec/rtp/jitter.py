"""The jitter buffer: holds packets until they are due. Time is an argument; nothing here waits or reads a clock."""

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
"""Half of a usual frame, for the lateness of a busy event loop."""
CEILING_MS: Final = 200.0
"""With 100 ms of network delay, mouth to ear stays below 400 ms, the limit for conversations (ITU-T G.114)."""
START_MS: Final = 40.0
"""Two frames, until jitter has been measured."""
MAX_HELD_MS: Final = 1000.0
"""Audio held while `pop` is not called; older audio is dropped and reported as lost."""
MAX_HELD_PACKETS: Final = 1000
"""The same limit for packets whose timestamps do not advance: one packet per millisecond."""
OFTEN_CHECKED: Final = 100
"""Up to this many packets (a second of 10 ms frames), MAX_HELD_MS is checked for each packet, above it once per
RARELY_CHECKED packets: then it is a flood, not a stream of frames, and MAX_HELD_PACKETS limits it in any case."""
RARELY_CHECKED: Final = 32


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due yet."""

    until_ms: float | None
    """When to call `pop` next, unless a packet arrives before; None: the buffer is empty, wait for a packet."""


class JitterBuffer(Live):
    """Jitter buffer for one stream of RTP packets: `put` each arriving packet, call `pop` until it returns Wait.

    The delay adapts to the jitter. A lost packet is reported when it would have been due, and does not delay others.
    Silence between talk spurts, which only timestamps show, is kept and is not a loss. A single odd sequence number,
    timestamp or SSRC changes neither order nor delay. Each packet that was put is returned or counted in `late`,
    `duplicates` or `dropped`. Use from one thread at a time.

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
        """Create an empty buffer.

        Args:
            clock_hz: RTP clock of the stream in Hz, 8000 for G722.
            floor_ms: least delay in ms.
            ceiling_ms: greatest delay in ms.
            start_ms: delay in ms until jitter has been measured; by default 40, within the limits.

        Raises:
            ValueError: clock_hz is not positive, or floor_ms, start_ms and ceiling_ms are not in this order.
        """
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
        """Packets that were reported as Lost; one that arrives afterwards is also counted in `late`."""
        self.dropped = 0
        """Packets dropped because `pop` was not called; part of `lost`."""

    @property
    def late(self) -> int:
        """Packets that arrived after their Lost or beyond the ceiling, and single packets with an odd number."""
        return self._too_late + self._order.late

    @property
    def duplicates(self) -> int:
        """Packets whose number, timestamp and payload equal those of an earlier one."""
        return self._order.duplicates

    @property
    def restarts(self) -> int:
        """Changes to another sender or another numbering."""
        return self._order.restarts

    @property
    def delay_ms(self) -> float:
        """The current play-out delay, beyond the delay of the quickest packet."""
        return self._schedule.delay_ms

    @property
    def held(self) -> int:
        """The number of packets in the buffer."""
        aside = self._order.waits_since_ms is not None
        return len(self._held) + sum(isinstance(item, RtpPacket) for item in self._ready) + aside

    def put(self, packet: RtpPacket, now_ms: float) -> bool:
        """Add a packet that has arrived.

        Args:
            packet: packet of any payload type; keys and comfort noise have sequence numbers too.
            now_ms: time of arrival in ms, by any monotonic clock.

        Returns:
            False if the packet is late, a duplicate, or set aside until the next one confirms its number.

        Raises:
            ValueError: now_ms is not finite.
        """
        if not isfinite(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a finite number is needed")
        is_taken = False
        for placed in self._order.place(packet, now_ms):
            is_taken = self._hold(placed) or is_taken
        return is_taken

    def pop(self, now_ms: float) -> RtpPacket | Lost | Wait:
        """Return the next packet that is due, the number of lost packets in its place, or how long to wait.

        Args:
            now_ms: current time in ms, by the clock of `put`; with infinity everything held is due.

        Raises:
            ValueError: now_ms is not a number.
        """
        if isnan(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a number is needed")
        # 1. A packet was set aside, and no other one has contradicted it in time: take it.
        aside_ms = self._aside_until_ms()
        if now_ms >= aside_ms:
            for placed in self._order.stop_waiting():
                self._hold(placed)
            aside_ms = inf
        # 2. Already due: losses, and packets of another SSRC beside the stream.
        if self._ready:
            return self._take_ready()
        if not self._held:
            return Wait(None if aside_ms == inf else aside_ms)
        # 3. The first number is due at its own time, or so many frames before the first packet that is held.
        first = self._next if self._next in self._held else min(self._held)
        missing, frame_ms = first - self._next, self._order.frame_ms
        due_ms = self._held[first].due_ms - missing * frame_ms
        if now_ms < due_ms:
            return Wait(min(due_ms, aside_ms))
        self._began = True
        # 4. Received: return it.
        if not missing:
            self._next += 1
            return self._held.pop(first).packet
        # 5. Missing: each number is lost at its own time, so a packet that arrives at the last moment is still played.
        frames_late = (now_ms - due_ms) / frame_ms
        self._pass_over(missing if frames_late >= missing else 1 + int(frames_late))
        return self._take_ready()

    def _aside_until_ms(self) -> float:
        """Return when to take the packet set aside, because the next one is overdue; infinity if there is none."""
        since_ms = self._order.waits_since_ms
        return inf if since_ms is None else since_ms + self._order.frame_ms + self._schedule.delay_ms

    def _hold(self, placed: Placed) -> bool:
        """Keep a packet until it is due. False: it is late."""
        # 1. A single packet of another SSRC has no place in the order: it is due now.
        if placed.number is None:
            self._ready.append(placed.packet)
            return True
        # 2. Another sender: its timestamps need another schedule.
        if placed.starts_stream:
            self._schedule.restart()
        # 3. Nothing was popped yet: an earlier number moves the begin of the stream.
        if not self._began:
            self._next = min(self._next, placed.number) if self._held else placed.number
        # 4. Late? Its number was popped or reported as lost.
        held = Held(placed.packet, placed.number, placed.arrival_ms)
        is_late = placed.number < self._next
        if not is_late:
            self._held[placed.number] = held
        # 5. Late packets are scheduled as well, so that the delay covers such a packet the next time.
        for late in self._schedule.add(held, self._order.frame_ms):
            if self._held.get(late.number) is late:
                del self._held[late.number]
                self._too_late += 1
        self._too_late += is_late
        self._keep_bounded()
        return self._held.get(placed.number) is held

    def _keep_bounded(self) -> None:
        """Drop the oldest packets beyond the limits, because `pop` was not called."""
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
        """Count the oldest packet that is ready among the lost ones."""
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
