"""Digits as events: what one packet says, packets of a digit that is sent, digits out of packets (RFC 4733).

Durations are ticks of the stream's RTP clock, 8000 with G722 too (section 2.1); `rtp/profile` turns them into ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

from typing_extensions import Buffer

from rtpcodec.errors import PayloadError
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.packetizer import Packetizer
from rtpcodec.rtp.profile import milliseconds, ticks
from rtpcodec.rtp.sequence import TIMESTAMP_BITS, Unwrapper

KEYS = "0123456789*#ABCD"
"""The keys of a phone by their event, 0 to 15 (section 3.2)."""
EVENT_OCTETS = 4
MAX_SEGMENT_TICKS = 0xFFFF
"""The duration field has 16 bits; a longer event goes on in another segment (section 2.5.1.3)."""
END_PACKETS = 3
"""The last packet of an event is sent so often, so that the loss of two is no harm (section 2.5.1.4)."""
DEFAULT_VOLUME = 10
"""-10 dBm0: within what receivers accept (section 2.3.4), and as loud as phones send."""
GIVE_UP_MS = 150
"""Three times 50 ms, the longest interval between updates that is usual: what has been silent for so long is over."""
MAX_LATE_MS = 10_000
"""No packet is on its way for so long: one that lies further back belongs to timestamps that began anew."""
REMEMBERED = 64
"""Reported events whose repeats are still known; a sender repeats one three times, so a few would do."""
MAX_PENDING = 8
"""Events that may be incomplete at once; more come from no sender, and the oldest are reported as they are."""


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """What one payload says (section 2.3). The event itself is secret: a digit may be part of a PIN.

    >>> event = TelephoneEvent.parse(bytes.fromhex("058a0320"))
    >>> event, event.build().hex()
    (TelephoneEvent(is_end=True, volume=10, duration_ticks=800), '058a0320')
    """

    event: int = field(repr=False)
    """0 to 255; 0 to 15 are keys, 16 is the hook flash."""
    is_end: bool
    volume: int
    """0 to 63: so many dB below 0 dBm0."""
    duration_ticks: int
    """How long the event lasts so far, since the packet's timestamp; at most 65535."""

    @classmethod
    def parse(cls, payload: Buffer) -> TelephoneEvent:
        """Read a payload; the reserved bit is ignored. PayloadError: it has not 4 octets."""
        octets = bytes(memoryview(payload))
        if len(octets) != EVENT_OCTETS:
            raise PayloadError(f"telephone-event payload has {len(octets)} octets, {EVENT_OCTETS} are needed")
        return cls(octets[0], bool(octets[1] & 0x80), octets[1] & 0x3F, int.from_bytes(octets[2:], "big"))

    def build(self) -> bytes:
        """The payload. ValueError: a field does not fit."""
        if not 0 <= self.event <= 255:
            raise ValueError("event is out of range, 0 to 255 are possible")
        if not 0 <= self.volume <= 63:
            raise ValueError(f"volume is {self.volume}, 0 to 63 are possible")
        if not 0 <= self.duration_ticks <= MAX_SEGMENT_TICKS:
            raise ValueError(f"duration_ticks is {self.duration_ticks}, 0 to {MAX_SEGMENT_TICKS} are possible")
        return bytes((self.event, self.is_end << 7 | self.volume)) + self.duration_ticks.to_bytes(2, "big")


def event_of(key: str) -> int:
    """The event of a key. ValueError: there is no such key; the message does not repeat it."""
    event = KEYS.find(key.upper()) if len(key) == 1 else -1
    if event < 0:
        raise ValueError(f"a key is one of {KEYS}")
    return event


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """A packet, and when it is due."""

    after_ms: float
    """Since the event began."""
    packet: RtpPacket


def digit_packets(
    packetizer: Packetizer,
    key: str,
    duration_ms: float,
    *,
    payload_type: int,
    rtp_clock_hz: int,
    update_ms: float = 20,
    volume: int = DEFAULT_VOLUME,
) -> list[TimedPacket]:
    """A digit as packets of the packetizer's stream, which stands where the digit has ended afterwards.

    An update every update_ms, then the last packet three times, update_ms apart. All of a segment have the timestamp of
    its start; the marker is on the first alone. ValueError: no such key, or a duration that is not finite and above 0.

    >>> stream = Packetizer(payload_format(codec("PCMU")), 0, sequence_number=0, timestamp=0, ssrc=1)
    >>> timed = digit_packets(stream, "5", 100, payload_type=101, rtp_clock_hz=8000)
    >>> [(one.after_ms, one.packet.payload.hex()) for one in timed][:2]
    [(20.0, '050a00a0'), (40.0, '050a0140')]
    >>> [one.packet.payload.hex() for one in timed][-3:], stream.timestamp
    (['058a0320', '058a0320', '058a0320'], 800)
    """
    if not isfinite(duration_ms):
        raise ValueError(f"duration_ms is {duration_ms}, a finite number is needed")
    event, total, step = event_of(key), ticks(duration_ms, rtp_clock_hz), ticks(update_ms, rtp_clock_hz)
    if total <= 0 or step <= 0:
        raise ValueError(f"duration_ms is {duration_ms} and update_ms {update_ms}, a tick of the clock is the least")
    start = packetizer.timestamp
    timed: list[TimedPacket] = []
    for due, at, segment, is_end in _reports(total, step):
        packet = packetizer.packet(
            TelephoneEvent(event, is_end, volume, at - segment).build(),
            payload_type=payload_type,
            timestamp=start + segment,
            marker=not timed,
        )
        timed.append(TimedPacket(milliseconds(due, rtp_clock_hz), packet))
    packetizer.advance(total)
    return timed


def _reports(total: int, step: int) -> Iterator[tuple[int, int, int, bool]]:
    """When a packet is due, what time it reports, where its segment begins, and whether the event has ended; ticks."""
    segment, at = 0, min(step, total, MAX_SEGMENT_TICKS)
    while at < total:
        yield at, at, segment, False
        if at - segment == MAX_SEGMENT_TICKS:
            segment = at
        at = min(at + step, total, segment + MAX_SEGMENT_TICKS)
    for repeat in range(END_PACKETS):
        yield total + repeat * step, total, segment, True


@dataclass(frozen=True, slots=True)
class Digit:
    """A key that was pressed, once. The key is secret in the repr."""

    key: str = field(repr=False)
    """One of KEYS; "" for an event that is no key, as the hook flash."""
    event: int = field(repr=False)
    duration_ms: float
    timestamp: int
    """RTP timestamp of its start."""
    has_end: bool
    """False: no end packet came, the duration is the last one that was heard."""


@dataclass(slots=True)
class _Pending:
    """An event that has not been reported. Times are ticks without wraps."""

    event: int
    start: int
    segment: int
    duration_ticks: int
    is_ended: bool

    @property
    def end(self) -> int:
        return self.segment + self.duration_ticks

    def join(self, event: TelephoneEvent, timestamp: int) -> bool:
        """Take another packet of this segment, or the first of the next; False: it is of another event."""
        if timestamp == self.segment + MAX_SEGMENT_TICKS:
            self.segment, self.duration_ticks = timestamp, event.duration_ticks
        elif timestamp == self.segment:
            self.duration_ticks = max(self.duration_ticks, event.duration_ticks)
        else:
            return False
        self.is_ended = self.is_ended or event.is_end
        return True


class DigitReceiver:
    """Digits out of the packets of one stream, each reported once, whatever is repeated, lost or out of order.

    A digit is complete with an end packet, with the end of a later one, or when the stream's time, as its packets tell
    it, is give_up_ms past the last that was heard of it. A longer event is put together from its segments.

    >>> stream = Packetizer(payload_format(codec("PCMU")), 0)
    >>> receiver = DigitReceiver(payload_type=101, rtp_clock_hz=8000)
    >>> timed = digit_packets(stream, "5", 100, payload_type=101, rtp_clock_hz=8000)
    >>> [(digit.key, digit.duration_ms) for one in timed for digit in receiver.put(one.packet)]
    [('5', 100.0)]
    """

    __slots__ = (
        "_clock_hz", "_give_up_ticks", "_late_ticks", "_now", "_payload_type", "_pending", "_reported", "_ssrc",
        "_time",
    )  # fmt: skip

    def __init__(self, *, payload_type: int, rtp_clock_hz: int, give_up_ms: float = GIVE_UP_MS) -> None:
        self._payload_type = payload_type
        self._clock_hz = rtp_clock_hz
        self._give_up_ticks = ticks(give_up_ms, rtp_clock_hz)
        self._late_ticks = MAX_SEGMENT_TICKS + ticks(MAX_LATE_MS, rtp_clock_hz)
        self._ssrc: int | None = None
        self._now: int | None = None
        self._forget()

    def put(self, packet: RtpPacket) -> list[Digit]:
        """Digits that this packet completes; packets of audio tell the time. PayloadError: an event of wrong length."""
        event = TelephoneEvent.parse(packet.payload) if packet.payload_type == self._payload_type else None
        digits = []
        if packet.ssrc != self._ssrc or self._is_anew(packet.timestamp):
            digits = self.flush()
            self._forget()
            self._ssrc = packet.ssrc
        timestamp = self._time.peek(packet.timestamp)
        if event is not None and not any(start <= timestamp <= last for start, last in self._reported):
            self._take(event, timestamp)
        end = timestamp + (0 if event is None else event.duration_ticks)
        if self._now is None or end > self._now:
            self._now = end
            self._time.unwrap(packet.timestamp)
        return digits + self._report(self._now - self._give_up_ticks)

    def flush(self) -> list[Digit]:
        """What is incomplete, because nothing more will come."""
        return self._report(None)

    def _is_anew(self, timestamp: int) -> bool:
        """The same sender with other timestamps. Ahead they are as good as a pause."""
        return self._now is not None and self._time.peek(timestamp) < self._now - self._late_ticks

    def _forget(self) -> None:
        self._time = Unwrapper(TIMESTAMP_BITS)
        self._now = None
        self._pending: list[_Pending] = []
        self._reported: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)

    def _take(self, event: TelephoneEvent, timestamp: int) -> None:
        """Join a packet to its event, or begin one."""
        for pending in self._pending:
            if pending.event == event.event and pending.start <= timestamp <= pending.segment + MAX_SEGMENT_TICKS:
                if pending.segment <= timestamp and pending.join(event, timestamp):
                    return
                if timestamp < pending.segment:  # a segment that is over
                    return
        self._pending.append(_Pending(event.event, timestamp, timestamp, event.duration_ticks, event.is_end))
        self._pending.sort(key=lambda pending: pending.start)

    def _report(self, heard_before: int | None) -> list[Digit]:
        """Up to the last that is complete, in the order of their starts; None: all."""
        complete = max(0, len(self._pending) - MAX_PENDING)
        for place, pending in enumerate(self._pending, start=1):
            if pending.is_ended or heard_before is None or pending.end < heard_before:
                complete = max(complete, place)
        reported, self._pending = self._pending[:complete], self._pending[complete:]
        self._reported.extend((pending.start, pending.segment) for pending in reported)
        return [self._digit(pending) for pending in reported]

    def _digit(self, pending: _Pending) -> Digit:
        key = KEYS[pending.event] if pending.event < len(KEYS) else ""
        duration_ms = milliseconds(pending.end - pending.start, self._clock_hz)
        return Digit(key, pending.event, duration_ms, pending.start & 0xFFFF_FFFF, pending.is_ended)
