"""Digits as telephone events: payloads, packets of a digit to send, and digits from packets (RFC 4733 section 2).

Durations are ticks of the stream's RTP clock, 8000 also with G722 (section 2.1); `rtp/profile` converts them to ms.
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
from rtpcodec.rtp.payloads.key_press import MAX_SEGMENT_TICKS, EventPacket, KeyPress, StreamTime, press_of
from rtpcodec.rtp.profile import milliseconds, ticks
from rtpcodec.rtp.reorder import MAX_MISORDER
from rtpcodec.rtp.sequence import sequence_distance

__all__ = ["Digit", "DigitReceiver", "TelephoneEvent", "TimedPacket", "digit_packets", "event_of"]

KEYS = "0123456789*#ABCD"
"""The keys of a phone by their event, 0 to 15 (section 3.2)."""
EVENT_OCTETS = 4
END_PACKETS = 3
"""The last packet of an event is sent this many times, so two may be lost (section 2.5.1.4)."""
DEFAULT_VOLUME = 10
"""-10 dBm0: receivers accept it (section 2.3.4), and phones send it."""
GIVE_UP_MS = 150
"""Three times 50 ms, the longest usual interval between updates: an event without packets for so long is over."""
MAX_STEP_MS = 10_000
"""A longer step between two timestamps is a restart of the timestamps, not elapsed time."""
REMEMBERED = 64
"""Reported events whose repeats are still recognised; a sender repeats an event three times, so a few would suffice."""
MAX_PENDING = 8
"""Events that may be incomplete at once. No sender has more; the oldest are reported incomplete."""


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """The content of one payload (section 2.3). The repr hides the event: a digit may be part of a PIN.

         0                   1                   2                   3
         0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
        |     event     |E|R| volume    |          duration             |

    >>> event = TelephoneEvent.parse(bytes.fromhex("058a0320"))
    >>> event, event.build().hex()
    (TelephoneEvent(is_end=True, volume=10, duration_ticks=800), '058a0320')
    """

    event: int = field(repr=False)
    """0 to 255; 0 to 15 are keys, 16 is the hook flash."""
    is_end: bool
    """The end bit: the key was released."""
    volume: int
    """0 to 63: dB below 0 dBm0."""
    duration_ticks: int
    """The duration of the event so far, since the packet's timestamp; at most 65535."""

    @classmethod
    def parse(cls, payload: Buffer) -> TelephoneEvent:
        """Parse a payload; the reserved bit is ignored. PayloadError: it does not have 4 octets."""
        octets = bytes(memoryview(payload))
        if len(octets) != EVENT_OCTETS:
            raise PayloadError(f"telephone-event payload has {len(octets)} octets, {EVENT_OCTETS} are needed")
        return cls(octets[0], bool(octets[1] & 0x80), octets[1] & 0x3F, int.from_bytes(octets[2:], "big"))

    def build(self) -> bytes:
        """Return the payload. ValueError: a field does not fit."""
        if not 0 <= self.event <= 255:
            raise ValueError("event is out of range, 0 to 255 are allowed")
        if not 0 <= self.volume <= 63:
            raise ValueError(f"volume is {self.volume}, 0 to 63 are allowed")
        if not 0 <= self.duration_ticks <= MAX_SEGMENT_TICKS:
            raise ValueError(f"duration_ticks is {self.duration_ticks}, 0 to {MAX_SEGMENT_TICKS} are allowed")
        return bytes((self.event, self.is_end << 7 | self.volume)) + self.duration_ticks.to_bytes(2, "big")


def event_of(key: str) -> int:
    """Return the event of a key. ValueError: not a key; the message does not contain it."""
    event = KEYS.find(key.upper()) if len(key) == 1 else -1
    if event < 0:
        raise ValueError(f"a key is one of {KEYS}")
    return event


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """A packet and the time at which it is due."""

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
    """Return the packets of a digit with the times to send them, and advance the stream to the end of the digit.

    Updates are followed by the last packet, three times (RFC 4733 section 2.5.1). All packets of a segment have the
    timestamp of its start; only the first packet has the marker.

    Args:
        packetizer: the outgoing stream.
        key: one of KEYS.
        duration_ms: how long the key is pressed, in ms.
        payload_type: payload type of telephone-event.
        rtp_clock_hz: RTP clock of telephone-event in Hz, that of the stream.
        update_ms: interval between packets in ms.
        volume: dB below 0 dBm0, 0 to 63.

    Raises:
        ValueError: not a key, or a duration that is not finite and above 0.

    >>> stream = Packetizer(payload_format(codec("PCMU")), 0, sequence_number=0, timestamp=0, ssrc=1)
    >>> timed = digit_packets(stream, "5", 100, payload_type=101, rtp_clock_hz=8000)
    >>> [(one.after_ms, one.packet.payload.hex()) for one in timed][:2]
    [(20.0, '050a00a0'), (40.0, '050a0140')]
    >>> [one.packet.payload.hex() for one in timed][-3:], stream.timestamp
    (['058a0320', '058a0320', '058a0320'], 800)
    """
    total, step = _durations(duration_ms, update_ms, rtp_clock_hz)
    event = event_of(key)
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


def _durations(duration_ms: float, update_ms: float, rtp_clock_hz: int) -> tuple[int, int]:
    """Return duration and update interval in ticks. ValueError: not finite, or below one tick."""
    if not isfinite(duration_ms):
        raise ValueError(f"duration_ms is {duration_ms}, a finite number is needed")
    total, step = ticks(duration_ms, rtp_clock_hz), ticks(update_ms, rtp_clock_hz)
    if total <= 0 or step <= 0:
        raise ValueError(f"duration_ms is {duration_ms} and update_ms {update_ms}, a tick of the clock is the least")
    return total, step


def _reports(total: int, step: int) -> Iterator[tuple[int, int, int, bool]]:
    """Yield per packet its due time, the time that it reports, the start of its segment, and whether it is an end."""
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
    """One press of a key. The repr hides the key."""

    key: str = field(repr=False)
    """One of KEYS; "" for other events, such as the hook flash."""
    event: int = field(repr=False)
    duration_ms: float
    timestamp: int
    """RTP timestamp of its start."""
    has_end: bool
    """False: no end packet arrived; the duration is that of the last packet."""


class DigitReceiver:
    """Reports the digits of one stream, each once, even if packets are repeated, lost or out of order.

    A digit is complete with its end packet, with the end of a later digit, or when the timestamps of the stream are
    give_up_ms beyond the digit's last packet. Segments of a long event are joined. Senders may break RFC 4733 section
    2.5.1 by one timestamp for several keys, a timestamp far from that of the audio, one that moves within a press, or a
    separate SSRC for keys. Use from one thread at a time.

    >>> stream = Packetizer(payload_format(codec("PCMU")), 0)
    >>> receiver = DigitReceiver(payload_type=101, rtp_clock_hz=8000)
    >>> timed = digit_packets(stream, "5", 100, payload_type=101, rtp_clock_hz=8000)
    >>> [(digit.key, digit.duration_ms) for one in timed for digit in receiver.put(one.packet)]
    [('5', 100.0)]
    """

    __slots__ = ("_clock_hz", "_give_up_ticks", "_payload_type", "_pending", "_reported", "_time")

    def __init__(self, *, payload_type: int, rtp_clock_hz: int, give_up_ms: float = GIVE_UP_MS) -> None:
        """Receive the digits of one stream.

        Args:
            payload_type: that of the events.
            rtp_clock_hz: the stream's RTP clock in Hz.
            give_up_ms: a digit without an end packet is complete so long after its last one.
        """
        self._payload_type = payload_type
        self._clock_hz = rtp_clock_hz
        self._give_up_ticks = ticks(give_up_ms, rtp_clock_hz)
        self._time = StreamTime(ticks(MAX_STEP_MS, rtp_clock_hz))
        self._pending: list[KeyPress] = []
        self._reported: deque[KeyPress] = deque(maxlen=REMEMBERED)

    def put(self, packet: RtpPacket) -> list[Digit]:
        """Return the digits that this packet completes. Pass audio packets too: their timestamps show the time.

        Raises:
            PayloadError: an event does not have 4 octets; the state is unchanged.
        """
        if packet.payload_type != self._payload_type:
            self._time.advance(packet.timestamp, is_event=False)
            return self._report()
        event = TelephoneEvent.parse(packet.payload)
        self._time.advance((packet.timestamp + event.duration_ticks) & 0xFFFF_FFFF, is_event=True)
        self._take(
            EventPacket(
                ssrc=packet.ssrc,
                sequence_number=packet.sequence_number,
                timestamp=packet.timestamp,
                marker=packet.marker,
                event=event.event,
                is_end=event.is_end,
                duration_ticks=event.duration_ticks,
            )
        )
        return self._report()

    def flush(self) -> list[Digit]:
        """Return the incomplete digits, because nothing more will arrive."""
        return self._report_first(len(self._pending))

    def _take(self, packet: EventPacket) -> None:
        """Add a packet to its press, or start a press in the order of sending."""
        now = self._time.ticks
        press = press_of(packet, [*self._reported, *self._pending], now, self._give_up_ticks)
        if press is not None:
            press.join(packet, now)
            return
        place = len(self._pending)
        while place and _is_overtaken(self._pending[place - 1], packet):
            place -= 1
        self._pending.insert(place, KeyPress.of(packet, now))

    def _report(self) -> list[Digit]:
        """Report up to the last press that is complete."""
        complete = max(0, len(self._pending) - MAX_PENDING)
        for place, press in enumerate(self._pending, start=1):
            if press.end_number is not None or self._time.ticks - press.heard_at > self._give_up_ticks:
                complete = max(complete, place)
        return self._report_first(complete)

    def _report_first(self, count: int) -> list[Digit]:
        reported, self._pending = self._pending[:count], self._pending[count:]
        for press in reported:
            press.is_reported = True
        self._reported.extend(reported)
        return [self._digit(press) for press in reported]

    def _digit(self, press: KeyPress) -> Digit:
        key = KEYS[press.event] if press.event < len(KEYS) else ""
        duration_ms = milliseconds(press.total_ticks, self._clock_hz)
        return Digit(key, press.event, duration_ms, press.timestamp, press.end_number is not None)


def _is_overtaken(press: KeyPress, packet: EventPacket) -> bool:
    """Return whether the packet was sent before the press started, and is only a little late."""
    distance = sequence_distance(press.first_number, packet.sequence_number)
    return press.ssrc == packet.ssrc and -MAX_MISORDER <= distance < 0
