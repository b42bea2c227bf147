"""The jitter buffer: packets as they come to packets when they are due. Time is an argument; nothing here waits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Final

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.reorder import MAX_DROPOUT, MAX_MISORDER, REMEMBERED_HOLES, Holes, Lost
from rtpcodec.rtp.schedule import Held, PlayoutSchedule
from rtpcodec.rtp.sequence import sequence_distance

FLOOR_MS: Final = 10.0
"""Half of the usual frame: what a busy event loop is late itself."""
CEILING_MS: Final = 200.0
"""With 100 ms of network it keeps below 400 ms mouth to ear, the most for a conversation (ITU-T G.114)."""
START_MS: Final = 40.0
"""Two frames, until there is something to measure."""
MAX_HELD_MS: Final = 1000.0
"""Audio that is held for a reader that does not come; older audio is dropped and told as lost."""
MAX_HELD_PACKETS: Final = 1000
"""The same for packets that carry no time of their own: a packet a millisecond."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due yet."""

    until_ms: float | None
    """When to ask again, unless a packet comes first; None: nothing is held, only a packet changes that."""


class JitterBuffer:
    """One stream of packets, in order and when they are due. `put` what comes, ask `pop` until it says Wait.

    clock_hz is the RTP clock (8000 for G722). The delay adapts to the jitter between floor_ms and ceiling_ms, and
    starts with start_ms; ValueError where they are not in order. A lost packet is told when it would have been due and
    delays no other. A silence between talk spurts, which only timestamps show, is kept and is no loss.

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
        "_began", "_held", "_holes", "_next", "_ready", "_schedule", "_ssrc", "_stray", "dropped", "duplicates",
        "late", "lost", "restarts",
    )  # fmt: skip

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
        self._ssrc: int | None = None
        self._ready: deque[RtpPacket | Lost] = deque()
        self._held: dict[int, Held] = {}
        self._next = 0
        self._began = False
        self._stray: tuple[RtpPacket, float] | None = None
        self._holes = Holes()
        self.late = 0
        """Packets that came after they were given up, or later than the ceiling allows."""
        self.duplicates = 0
        self.lost = 0
        """Packets that were told as Lost. Those that are late come on top of `late`."""
        self.dropped = 0
        """Packets that nobody fetched; part of `lost`."""
        self.restarts = 0
        """Senders or numberings that began anew."""

    @property
    def delay_ms(self) -> float:
        """How much later than the quickest packet allows media is played now."""
        return self._schedule.delay_ms

    @property
    def held(self) -> int:
        """Packets that wait."""
        return len(self._held) + sum(isinstance(item, RtpPacket) for item in self._ready)

    def put(self, packet: RtpPacket, now_ms: float) -> bool:
        """Take a packet that has come. False: it is late, a duplicate, or one far off that the next must confirm.

        ValueError: now_ms is not finite.
        """
        if not isfinite(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a finite number is needed")
        if packet.ssrc != self._ssrc:
            self._restart(packet)
        distance = sequence_distance(self._next & 0xFFFF, packet.sequence_number)
        if not -MAX_MISORDER <= distance <= MAX_DROPOUT:
            return self._take_stray(packet, now_ms)
        self._drop_stray()
        number = self._next + distance
        if number in self._held or (number < self._next and self._began and number not in self._holes):
            self.duplicates += 1
            return False
        # Timed also when it is late: the delay is to cover it the next time.
        held = self._schedule.add(packet, number, now_ms, self._held.values())
        if held is None or (number < self._next and self._began):
            self._holes.fill(number)
            self.late += 1
            return False
        self._next = min(self._next, number)
        self._held[number] = held
        self._keep_bounded()
        return True

    def pop(self, now_ms: float) -> RtpPacket | Lost | Wait:
        """What is due: the next packet, or how many in its place never came; else when to ask again.

        With a now_ms of infinity all that is held is due. ValueError: now_ms is no number.
        """
        if isnan(now_ms):
            raise ValueError(f"now_ms is {now_ms}, a number is needed")
        if self._ready:
            return self._take_ready()
        if not self._held:
            return Wait(None)
        first = self._next if self._next in self._held else min(self._held)
        missing = first - self._next
        due_ms = self._schedule.due_ms(self._held[first]) - missing * self._schedule.frame_ms
        if now_ms < due_ms:
            return Wait(due_ms)
        self._began = True
        if not missing:
            self._next += 1
            return self._held.pop(first).packet
        # Each at its own time, so that what comes at the last moment is still played.
        frames_late = (now_ms - due_ms) / self._schedule.frame_ms
        count = missing if frames_late >= missing else 1 + int(frames_late)
        self._pass_over(count)
        return self._take_ready()

    def _restart(self, packet: RtpPacket) -> None:
        """Another stream from here on; what is held of the one before goes out first."""
        self.restarts += self._ssrc is not None
        for number in sorted(self._held):
            if number > self._next:
                self._pass_over(number - self._next)
            self._ready.append(self._held.pop(number).packet)
            self._next = number + 1
        self._keep_ready_bounded()
        self._holes.clear()
        self._drop_stray()
        self._schedule.reset()
        self._ssrc = packet.ssrc
        self._next = packet.sequence_number
        self._began = False

    def _take_stray(self, packet: RtpPacket, now_ms: float) -> bool:
        """A number far off: with its successor it is a new numbering, alone it is a mistake (RFC 3550 appendix A.1)."""
        stray, self._stray = self._stray, None
        if stray is None or sequence_distance(stray[0].sequence_number, packet.sequence_number) != 1:
            self.late += stray is not None
            self._stray = (packet, now_ms)
            return False
        self._restart(stray[0])
        self.put(*stray)
        return self.put(packet, now_ms)

    def _drop_stray(self) -> None:
        self.late += self._stray is not None
        self._stray = None

    def _keep_bounded(self) -> None:
        """Drop the oldest of what nobody fetches."""
        while len(self._held) > MAX_HELD_PACKETS or self._schedule.span_ms(self._held.values()) > MAX_HELD_MS:
            oldest = min(self._held)
            self._pass_over(oldest - self._next)
            del self._held[oldest]
            self._pass_over(1)
            self.dropped += 1
            self._began = True

    def _keep_ready_bounded(self) -> None:
        """Of streams that are over no more is kept than of one that goes on."""
        most = min(MAX_HELD_PACKETS, int(MAX_HELD_MS / self._schedule.frame_ms) + 1)
        while len(self._ready) > most:
            lost = 0
            for oldest in (self._ready.popleft(), self._ready.popleft()):
                lost += oldest.count if isinstance(oldest, Lost) else 1
                self.dropped += isinstance(oldest, RtpPacket)
            self._ready.appendleft(Lost(lost))

    def _pass_over(self, count: int) -> None:
        """Give numbers up: they are lost, and whoever comes with one is late."""
        for number in range(max(self._next, self._next + count - REMEMBERED_HOLES), self._next + count):
            self._holes.add(number)
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
