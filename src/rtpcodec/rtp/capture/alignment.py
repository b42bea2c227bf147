"""Places the streams of one call on one timeline: by RTCP sender reports, otherwise by least transit.

A stream is placed by its quickest packet, which was sent just before it was captured. Two directions placed this way
are misaligned by the difference of their least transit times. Sender reports (RFC 3550 section 6.4.1) remove that
difference, if the wall clocks of both senders agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from rtpcodec.pickling import Value
from rtpcodec.rtp.capture.report import CapturedCall, CapturedStream
from rtpcodec.rtp.sequence import timestamp_distance

MAX_CLOCK_DIFFERENCE_S: Final = 0.5
"""A greater difference between the wall clocks of the two senders is not transit: the clocks disagree."""
MAX_PLACE_DIFFERENCE_S: Final = 5.0
"""A greater difference between the two places of a stream's first packet is not delay: the timestamps jumped."""
WRAP: Final = 1 << 32
NANOSECONDS: Final = 10**9

Alignment = Literal["rtcp", "transit"]
StreamKey = tuple[object, object, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedCall(Value):
    """The first packet of each stream on the timeline of the call."""

    alignment: Alignment | None
    """How the two directions were aligned; None: the call has only one."""
    origin_ns: int
    """The time of the capture at which the call's sound begins."""
    begins_ns: Mapping[StreamKey, int]
    """Per stream, the begin of the audio in the packet that arrived first, relative to the origin."""
    shift_ns: tuple[int, int]
    """Per direction, the difference between the place of a quickest packet and its arrival."""
    notes: tuple[str, ...] = ()


def key_of(stream: CapturedStream) -> StreamKey:
    """Return the key of a stream, which is unique in its capture."""
    return stream.source, stream.destination, stream.ssrc


def align(call: CapturedCall, earlier_ticks: Mapping[StreamKey, int]) -> AlignedCall:
    """Place the streams of a call.

    Streams with a known RTP clock are placed by timestamps, others by their arrival.

    Args:
        call: its streams are placed.
        earlier_ticks: per stream, how much earlier than the first received packet the first packet was sent, in ticks
            of the RTP clock.
    """
    # 1. Sender reports of both directions: their difference is the shift, unless the wall clocks disagree.
    notes: list[str] = []
    alignment: Alignment | None = "transit" if call.backward else None
    shift_ns = 0
    if call.backward:
        offsets = [_sender_offset_s(direction) for direction in (call.forward, call.backward)]
        forward_s, backward_s = offsets
        if forward_s is not None and backward_s is not None:
            if abs(forward_s - backward_s) <= MAX_CLOCK_DIFFERENCE_S:
                alignment = "rtcp"
                shift_ns = round((forward_s - backward_s) * NANOSECONDS)
            else:
                notes.append(
                    f"the wall clocks of the senders differ by {abs(forward_s - backward_s):.3f} s, so their reports"
                    " are not used"
                )
    # 2. The begin of each stream by its quickest packet, shifted.
    begins = {key_of(stream): _begin_ns(stream) for stream in call.forward}
    begins |= {key_of(stream): _begin_ns(stream) + shift_ns for stream in call.backward}
    # 3. The origin is the earliest audio of all, also of packets that were overtaken.
    origin_ns = min(
        begins[key_of(stream)] - earlier_ticks.get(key_of(stream), 0) * NANOSECONDS // (clock_of(stream) or NANOSECONDS)
        for stream in call.streams
    )
    return AlignedCall(
        alignment=alignment,
        origin_ns=origin_ns,
        begins_ns={key: begin_ns - origin_ns for key, begin_ns in begins.items()},
        shift_ns=(0, shift_ns),
        notes=tuple(notes),
    )


def clock_of(stream: CapturedStream) -> int | None:
    """Return the RTP clock that most packets have; None: the clock of no payload type is known."""
    known = [(stream.payload_type_packets.get(kind, 0), one.clock_hz) for kind, one in stream.codecs.items()]
    clocks = [(packets, clock_hz) for packets, clock_hz in known if clock_hz]
    return max(clocks, key=lambda one: one[0])[1] if clocks else None


def _begin_ns(stream: CapturedStream) -> int:
    """Return when the first packet would have been captured with the least transit time."""
    clock_hz = clock_of(stream)
    if clock_hz is None:
        return stream.first_ns
    quickest = stream.least_transit
    elapsed_ns = quickest.arrival_ns - stream.first_ns
    ticks = _ticks_between(stream.first_timestamp, quickest.rtp_timestamp, elapsed_ns, clock_hz)
    begin_ns = quickest.arrival_ns - ticks * NANOSECONDS // clock_hz
    return begin_ns if abs(begin_ns - stream.first_ns) <= MAX_PLACE_DIFFERENCE_S * NANOSECONDS else stream.first_ns


def _ticks_between(earlier: int, later: int, elapsed_ns: int, clock_hz: int) -> int:
    """Return the ticks between two timestamps; the elapsed time shows how often they wrapped."""
    ticks = timestamp_distance(earlier, later)
    return ticks + WRAP * round((elapsed_ns * clock_hz / NANOSECONDS - ticks) / WRAP)


def _sender_offset_s(direction: Sequence[CapturedStream]) -> float | None:
    """Return the capture's clock minus the sender's, plus the least transit; None: no sender report has a wall clock.

    The stream with the most reports is used: the others of this direction come from the same sender.
    """
    best = max(direction, key=lambda stream: len(stream.sender_reports))
    clock_hz = clock_of(best)
    # RFC 3550 section 6.4.1: a sender without a wall clock may set it to zero.
    reports = [report for report in best.sender_reports if report.ntp_s]
    if not reports or clock_hz is None:
        return None
    offsets = []
    quickest = best.least_transit
    for report in reports:
        elapsed_ns = report.arrival_ns - quickest.arrival_ns
        ticks = _ticks_between(quickest.rtp_timestamp, report.rtp_timestamp, elapsed_ns, clock_hz)
        sent_s = report.ntp_s - ticks / clock_hz
        offsets.append(quickest.arrival_ns / NANOSECONDS - sent_s)
    return median(offsets)
