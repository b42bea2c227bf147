"""Orders the packets of one stream by their numbers. The wait for a missing packet is bounded."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from rtpcodec.pickling import Live
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.packet_order import ASSUMED_FRAME_MS, REMEMBERED, PacketOrder, Placed, RunOfPackets, content_of

MAX_HELD: Final = 64
"""Limit of packets that wait for a missing one: more than a second of usual 20 ms packets."""
MAX_WAIT_MS: Final = 1000.0
"""The longest wait, by the capture's time."""
START_WAIT_MS: Final = 200.0
"""How long the first packet waits for others that were sent before it; jitter is less."""
START_PACKETS: Final = 16
"""The number of packets after which this wait ends."""


class InOrder(NamedTuple):
    """A packet in its order."""

    packet: RtpPacket
    arrival_ms: float
    missing: int
    """How many packets directly before it were lost."""


class _Run(Live):
    """Packets in order, kept to recognise their duplicates."""

    __slots__ = ("arrivals_ms", "contents", "last", "packets", "step")

    def __init__(self) -> None:
        self.packets = 0
        self.step = 0
        self.last: RtpPacket | None = None
        self.contents = array("q")
        self.arrivals_ms = array("d")

    def add(self, last: RtpPacket, payloads: Sequence[bytes], step: int, arrivals_ms: Sequence[float]) -> None:
        payload_type = last.payload_type
        self.packets += len(payloads)
        self.step = step
        self.last = last
        self.contents.extend([content_of(payload_type, one) for one in payloads])
        self.arrivals_ms.extend(arrivals_ms)
        if len(self.contents) >= 2 * REMEMBERED:
            del self.contents[:-REMEMBERED], self.arrivals_ms[:-REMEMBERED]


class OrderedPackets(Live):
    """Orders one stream: call `put` for each packet that arrives. Use from one thread at a time."""

    __slots__ = ("_began_ms", "_held", "_next", "_order", "_run", "_too_late", "beside")

    def __init__(self, clock_hz: int, packet_ms: float | None = None) -> None:
        self._order = PacketOrder(clock_hz, packet_ms or ASSUMED_FRAME_MS)
        self._held: dict[int, Placed] = {}
        self._next: int | None = None
        """The expected number; None: no packet has been returned yet."""
        self._began_ms: float | None = None
        self._too_late = 0
        self._run: _Run | None = None
        """Packets that `_order` has not seen yet."""
        self.beside = 0
        """Packets dropped because their numbers and timestamps are those of another sender with the same SSRC."""

    @property
    def late(self) -> int:
        """Packets that arrived after others had been played in their place."""
        return self._too_late + self._order.late

    @property
    def duplicates(self) -> int:
        """Packets that equal an earlier one."""
        return self._order.duplicates

    def put(self, packet: RtpPacket, arrival_ms: float) -> list[InOrder]:
        """Take a packet. Return those that are in order now."""
        if self._run is not None:
            self._settle(self._run)
        waits_since_ms = self._order.waits_since_ms
        placed = []
        if waits_since_ms is not None and arrival_ms - waits_since_ms > MAX_WAIT_MS:
            placed += self._order.stop_waiting()
        placed += self._order.place(packet, arrival_ms)
        if len(placed) == 1 and placed[0].number == self._next is not None and not self._held:
            self._next += 1
            return [InOrder(packet, arrival_ms, 0)]
        return self._take(placed, arrival_ms)

    def is_at(self, packet: RtpPacket) -> bool:
        """Return whether a packet was the last one in order, and none waits."""
        return self._next is not None and not self._held and self._order.is_at(packet)

    def take_run(self, last: RtpPacket, payloads: Sequence[bytes], step: int, arrivals_ms: Sequence[float]) -> None:
        """Take consecutive packets as if each was put. `is_at` must be true of the packet before them.

        Args:
            last: the last packet.
            payloads: payloads of all packets, of one payload type.
            step: ticks of the RTP clock from each packet to the next.
            arrivals_ms: times of arrival in ms.
        """
        run = self._run
        if run is None:
            run = self._run = _Run()
        run.add(last, payloads, step, arrivals_ms)

    def flush(self) -> list[InOrder]:
        """Return the packets that wait, because no more arrive."""
        if self._run is not None:
            self._settle(self._run)
        for one in self._order.stop_waiting():
            self._hold(one)
        ordered: list[InOrder] = []
        while self._held:
            ordered += self._ready(skip=True)
        return ordered

    def _settle(self, run: _Run) -> None:
        """Pass the packets of a run to `_order`."""
        self._run = None
        if run.last is not None and self._next is not None:
            self._order.place_run(RunOfPackets(run.packets, run.step, run.last, run.contents, run.arrivals_ms))
            self._next += run.packets

    def _take(self, placed: list[Placed], now_ms: float) -> list[InOrder]:
        for one in placed:
            self._hold(one)
        if self._next is None and not self._may_begin(now_ms):
            return []
        ordered = self._ready(skip=False)
        while self._held and self._waited_enough(now_ms):
            ordered += self._ready(skip=True)
        return ordered

    def _may_begin(self, now_ms: float) -> bool:
        if self._began_ms is None:
            self._began_ms = now_ms
        return now_ms - self._began_ms >= START_WAIT_MS or len(self._held) >= START_PACKETS

    def _waited_enough(self, now_ms: float) -> bool:
        oldest_ms = min(one.arrival_ms for one in self._held.values())
        return len(self._held) > MAX_HELD or now_ms - oldest_ms > MAX_WAIT_MS

    def _hold(self, placed: Placed) -> None:
        number = placed.number
        if number is None:
            self.beside += 1
            return
        if self._next is not None and number < self._next:
            self._too_late += 1
        else:
            self._held[number] = placed

    def _ready(self, *, skip: bool) -> list[InOrder]:
        """Remove and return consecutive packets; with `skip`, those after the next gap."""
        ordered: list[InOrder] = []
        if not self._held:
            return ordered
        missing, number = 0, min(self._held) if self._next is None else self._next
        if skip and number not in self._held:
            first = min(self._held)
            missing, number = first - number, first
        while number in self._held:
            placed = self._held.pop(number)
            ordered.append(InOrder(placed.packet, placed.arrival_ms, missing))
            missing, number = 0, number + 1
        self._next = number
        return ordered
