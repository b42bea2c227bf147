"""Reception statistics of a stream: loss and jitter (RFC 3550), bursts of loss, and an estimate of the quality."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Final

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.reorder import MAX_DROPOUT, MAX_MISORDER
from rtpcodec.rtp.sequence import timestamp_distance

__all__ = [
    "G711",
    "G711_WITHOUT_CONCEALMENT",
    "Impairment",
    "LossBursts",
    "QualityEstimate",
    "ReceptionStatistics",
    "estimate_quality",
]

MIN_SEQUENTIAL: Final = 2
"""Packets in a row that make a source valid (RFC 3550 appendix A.1)."""
WRAP: Final = 1 << 16


class ReceptionStatistics:
    """Counts the packets of one source as in RFC 3550 appendix A: call `receive` for each, in the order of arrival.

    clock_hz is the RTP clock in Hz. Use from one thread at a time.

    >>> statistics = ReceptionStatistics(8000)
    >>> for number in (1, 2, 3, 5):
    ...     packet = RtpPacket(payload_type=0, sequence_number=number, timestamp=160 * number, ssrc=1)
    ...     counted = statistics.receive(packet, now_ms=20 * number)
    >>> statistics.expected, statistics.received, statistics.lost, statistics.jitter_ms
    (4, 3, 1, 0.0)
    """

    __slots__ = (
        "_bad", "_base", "_clock_khz", "_cycles", "_expected_before", "_jitter", "_last", "_max", "_probation",
        "_received_before", "received", "ssrc",
    )  # fmt: skip

    def __init__(self, clock_hz: int) -> None:
        if not clock_hz > 0:
            raise ValueError(f"clock_hz is {clock_hz}, a positive number is needed")
        self._clock_khz = clock_hz / 1000
        self.ssrc: int | None = None
        self._start(0)

    def _start(self, sequence_number: int) -> None:
        self._base = self._max = sequence_number
        self._bad: int | None = None
        self._cycles = 0
        self._probation = MIN_SEQUENTIAL - 1
        self._jitter = 0.0
        self._last: tuple[float, int] | None = None
        self._expected_before = self._received_before = 0
        self.received = 0
        """Packets since the source became valid, including late ones and duplicates."""

    def receive(self, packet: RtpPacket, now_ms: float) -> bool:
        """Count a packet that arrived at a time in ms, by any monotonic clock.

        Returns:
            False if its source is not valid yet, or if its number is far off (RFC 3550 appendix A.1).
        """
        if packet.ssrc != self.ssrc:
            self.ssrc = packet.ssrc
            self._start(packet.sequence_number)
            return False
        if not self._update(packet.sequence_number):
            return False
        self._measure(packet.timestamp, now_ms)
        return True

    def _update(self, number: int) -> bool:
        """Count a sequence number: `update_seq` of RFC 3550 appendix A.1."""
        ahead = (number - self._max) % WRAP
        # 1. On probation, until MIN_SEQUENTIAL packets in a row have arrived.
        if self._probation:
            self._probation = self._probation - 1 if ahead == 1 else MIN_SEQUENTIAL - 1
            self._max = number
            if self._probation:
                return False
            self._base, self._cycles, self._bad, self.received = number, 0, None, 0
        # 2. In order, with a permissible gap; a lower number is a wrap.
        elif ahead < MAX_DROPOUT:
            self._cycles += WRAP if number < self._max else 0
            self._max = number
        # 3. Far off: two in a row are a new numbering, whose timestamps are not comparable with those before.
        elif ahead <= WRAP - MAX_MISORDER:
            if number != self._bad:
                self._bad = (number + 1) % WRAP
                return False
            self._base = self._max = number
            self._cycles = self._expected_before = self._received_before = self.received = 0
            self._bad = self._last = None
        # 4. Anything else is late or a duplicate, and counts as received.
        self.received += 1
        return True

    def _measure(self, timestamp: int, now_ms: float) -> None:
        """Update the jitter by a sixteenth of each difference in transit (RFC 3550 appendix A.8)."""
        if self._last is not None:
            last_ms, last_timestamp = self._last
            arrived_apart = (now_ms - last_ms) * self._clock_khz
            difference = abs(arrived_apart - timestamp_distance(last_timestamp, timestamp))
            self._jitter += (difference - self._jitter) / 16
        self._last = (now_ms, timestamp)

    @property
    def extended_highest(self) -> int:
        """The highest sequence number, with the wraps in front."""
        return self._cycles + self._max

    @property
    def expected(self) -> int:
        """Packets from the first valid one to the highest (appendix A.3)."""
        return 0 if self._probation else self.extended_highest - self._base + 1

    @property
    def lost(self) -> int:
        """Expected minus received packets; negative with many duplicates."""
        return self.expected - self.received

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter (RFC 3550 section 6.4.1), in ms."""
        return self._jitter / self._clock_khz

    @property
    def jitter_ticks(self) -> int:
        """Interarrival jitter in ticks of the RTP clock, as RTCP reports it."""
        return int(self._jitter)

    def fraction_lost(self) -> float:
        """Return the share lost since the last call, 0 to 1 (RFC 3550 appendix A.3)."""
        expected = self.expected - self._expected_before
        lost = expected - (self.received - self._received_before)
        self._expected_before, self._received_before = self.expected, self.received
        return max(lost, 0) / expected if expected > 0 else 0.0


@dataclass(slots=True)
class LossBursts:
    """Measures how losses cluster in the output of a jitter buffer: call `played` and `lost` in the order of play-out.

    >>> bursts = LossBursts()
    >>> for lost in (0, 0, 3, 0, 0, 0, 1, 0, 0, 0):
    ...     bursts.lost(lost) if lost else bursts.played()
    >>> bursts.total, bursts.bursts, bursts.longest, round(bursts.ratio, 2)
    (4, 2, 3, 1.33)
    """

    packets: int = 0
    """Packets played and lost."""
    total: int = 0
    """Lost packets."""
    bursts: int = 0
    longest: int = 0
    _length: int = 0

    def played(self, count: int = 1) -> None:
        """Count packets that were played."""
        self.packets += count
        self._length = 0

    def lost(self, count: int) -> None:
        """Count packets in a row that were lost."""
        self.packets += count
        self.total += count
        self.bursts += self._length == 0
        self._length += count
        self.longest = max(self.longest, self._length)

    @property
    def share(self) -> float:
        """The share of packets lost, 0 to 1."""
        return self.total / self.packets if self.packets else 0.0

    @property
    def ratio(self) -> float:
        """Mean length of a burst, divided by that of random loss: BurstR of ITU-T G.107 clause 7.5. 1: random loss."""
        return max(1.0, self.total / self.bursts * (1 - self.share)) if self.bursts else 1.0


@dataclass(frozen=True, slots=True)
class Impairment:
    """The impairment by a codec in the E-model, and its robustness to loss (ITU-T G.113 appendix I)."""

    ie: float
    """Equipment impairment factor without loss."""
    bpl: float
    """Packet-loss robustness factor; greater: more robust."""


G711: Final = Impairment(ie=0.0, bpl=25.1)
"""PCMU and PCMA with concealment as in G.711 Appendix I (G.113 table I.4), packets of 10 ms."""
G711_WITHOUT_CONCEALMENT: Final = Impairment(ie=0.0, bpl=4.3)
"""PCMU and PCMA with silence in place of lost packets."""
DEFAULT_RATING: Final = 93.2
"""Ro - Is with all parameters at the defaults of G.107 clause 7.7."""


@dataclass(frozen=True, slots=True)
class QualityEstimate:
    """An estimate by the E-model (ITU-T G.107), for planning narrow-band networks. The audio itself is not read."""

    r_factor: float
    """0 to 100; above 80 most users are satisfied, below 60 nearly none."""
    mos: float
    """Mean opinion score of a conversation, 1 to 4.5."""


def estimate_quality(
    impairment: Impairment, *, delay_ms: float, loss: float, burst_ratio: float = 1.0
) -> QualityEstimate:
    """Return the E-model's R and MOS (ITU-T G.107), without echo and with all other parameters at their defaults.

    Args:
        impairment: figures of the codec, such as G711.
        delay_ms: delay from mouth to ear in ms.
        loss: share of packets lost, 0 to 1.
        burst_ratio: BurstR of the loss; 1 is random loss.

    Raises:
        ValueError: loss is not between 0 and 1, delay_ms is negative or burst_ratio is below 1.

    >>> estimate = estimate_quality(G711, delay_ms=100, loss=0.01)
    >>> round(estimate.r_factor, 1), round(estimate.mos, 2)
    (89.6, 4.33)
    """
    if not 0 <= loss <= 1:
        raise ValueError(f"loss is {loss}, a share from 0 to 1 is needed")
    if not delay_ms >= 0:
        raise ValueError(f"delay_ms is {delay_ms}, it cannot be negative")
    if not burst_ratio >= 1:
        raise ValueError(f"burst_ratio is {burst_ratio}, 1 is random loss and the least")
    percent = 100 * loss
    # G.107 clause 7.5 (7-29): with growing loss, the impairment approaches 95.
    ie_eff = impairment.ie + (95 - impairment.ie) * percent / (percent / burst_ratio + impairment.bpl)
    r = min(max(DEFAULT_RATING - _delay_impairment(delay_ms) - ie_eff, 0.0), 100.0)
    # The cubic of annex B dips below 1 where R is below 6.5.
    return QualityEstimate(r, max(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0))


def _delay_impairment(delay_ms: float) -> float:
    """Return Idd of G.107 clause 7.4 (7-27): 0 up to 100 ms."""
    if delay_ms <= 100:
        return 0.0
    x = log2(delay_ms / 100)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))
