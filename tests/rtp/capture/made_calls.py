"""Calls as datagrams, and the report that describes them: no file, no search for streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtpcodec import Packetizer, RtpPacket, codec
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.report import (
    CapturedCall,
    CapturedStream,
    CaptureReport,
    DatagramCounts,
    SenderReport,
    StreamCodec,
    TimedTimestamp,
)
from rtpcodec.rtp.capture.sound import CallSound, Gaps
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.rtp.sequence import timestamp_distance

A = SocketAddress(bytes([192, 0, 2, 1]), 4000)
B = SocketAddress(bytes([192, 0, 2, 2]), 5000)
BEGIN_NS = 1_800_000_000 * 10**9
MS = 10**6
PCMU = StreamCodec(name="PCMU", sample_rate_hz=8000, clock_hz=8000, known_by="static")
PCMA = StreamCodec(name="PCMA", sample_rate_hz=8000, clock_hz=8000, known_by="static")
G722 = StreamCodec(name="G722", sample_rate_hz=16000, clock_hz=8000, known_by="static")
EVENT = StreamCodec(name="telephone-event", sample_rate_hz=None, clock_hz=8000, known_by="sdp")
CN = StreamCodec(name="CN", sample_rate_hz=8000, clock_hz=8000, known_by="static")
OPUS = StreamCodec(name="OPUS", sample_rate_hz=48000, clock_hz=48000, channels=2, known_by="sdp")
AMRWB = StreamCodec(name="AMR-WB", sample_rate_hz=16000, clock_hz=16000, options={"octet-align": "1"}, known_by="sdp")


def l16(rate_hz: int, channels: int = 1) -> StreamCodec:
    return StreamCodec(name="L16", sample_rate_hz=rate_hz, clock_hz=rate_hz, channels=channels, known_by="sdp")


@dataclass
class Sender:
    """Sends packets: each with its time from the beginning of the capture, in ms."""

    codecs: Mapping[int, StreamCodec] = field(default_factory=lambda: {0: PCMU})
    ssrc: int = 0x5EED
    source: SocketAddress = A
    destination: SocketAddress = B
    sent: list[tuple[float, RtpPacket]] = field(default_factory=list)
    sender_reports: tuple[SenderReport, ...] = ()
    packet_ms: float = 20.0

    def send(self, packets: Iterable[RtpPacket], at_ms: float, every_ms: float = 20) -> None:
        for number, packet in enumerate(packets):
            self.sent.append((at_ms + number * every_ms, packet))

    def datagrams(self) -> list[Datagram]:
        return [
            Datagram(BEGIN_NS + round(at_ms * MS), self.source, self.destination, packet.build(), 0)
            for at_ms, packet in self.sent
        ]

    def stream(self) -> CapturedStream:
        ordered = sorted(self.sent, key=lambda one: one[0])
        clock_hz = next(one.clock_hz for one in self.codecs.values() if one.clock_hz)
        first_ms, first = ordered[0]
        types = [packet.payload_type for _, packet in ordered]

        def transit_ms(one: tuple[float, RtpPacket]) -> float:
            return one[0] - timestamp_distance(first.timestamp, one[1].timestamp) * 1000 / clock_hz

        of_codecs = [one for one in ordered if one[1].payload_type in self.codecs]
        quickest_ms, quickest = min(of_codecs, key=transit_ms)
        transits_ms = [transit_ms(one) for one in of_codecs]
        nothing: dict[str, Any] = dict.fromkeys(
            ("duplicates", "late", "restarts", "loss_bursts", "lost", "payload_octets", "min_payload_octets",
             "max_payload_octets"), 0
        )  # fmt: skip
        return CapturedStream(
            source=self.source,
            destination=self.destination,
            ssrc=self.ssrc,
            codecs=self.codecs,
            payload_type_packets={kind: types.count(kind) for kind in set(types)},
            packets=len(ordered),
            expected=len(ordered),
            first_ns=BEGIN_NS + round(first_ms * MS),
            last_ns=BEGIN_NS + round(ordered[-1][0] * MS),
            first_sequence_number=first.sequence_number,
            first_timestamp=first.timestamp,
            least_transit=TimedTimestamp(quickest.timestamp, BEGIN_NS + round(quickest_ms * MS)),
            max_delay_ms=max(transits_ms) - min(transits_ms),
            jitter_ms=None,
            max_jitter_ms=None,
            mean_jitter_ms=None,
            packet_ms=self.packet_ms,
            mos=None,
            sender_reports=self.sender_reports,
            **nothing,
        )


def packetizer(of: StreamCodec, payload_type: int, *, ssrc: int = 0x5EED, timestamp: int = 0xFFFFF000) -> Packetizer:
    """Return one whose sequence numbers and timestamps wrap soon."""
    layout = payload_format(codec(of.name), of.sample_rate_hz if of.name == "L16" else None, **_packing(of))
    return Packetizer(layout, payload_type, sequence_number=65_530, timestamp=timestamp, ssrc=ssrc, max_octets=60_000)


def _packing(of: StreamCodec) -> dict[str, str]:
    return {"packing": "octet-aligned"} if of.options.get("octet-align") == "1" else {}


def packets(payloads: Iterable[bytes], of: StreamCodec = PCMU, payload_type: int = 0, **given: int) -> list[RtpPacket]:
    stream = packetizer(of, payload_type, **given)
    return [packet for payload in payloads for packet in stream.packetize(payload)]


class Kept:
    """A sink that keeps the sound of a call."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.left_by: list[BaseException | None] = []
        self.rate_hz = self.channels = 0

    def write(self, pcm: bytes) -> None:
        self.pcm += pcm

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self.left_by.append(error)

    def channel(self, number: int) -> bytes:
        return memoryview(self.pcm).cast("h")[number :: self.channels].tobytes()


def report_of(calls: Sequence[CapturedCall]) -> CaptureReport:
    streams = tuple(stream for call in calls for stream in call.streams)
    return CaptureReport(streams=streams, calls=tuple(calls), counts=DatagramCounts())


def decoded(
    forward: Sequence[Sender],
    backward: Sequence[Sender] = (),
    *,
    pcm_hz: int | None = None,
    gaps: Gaps = "conceal",
    datagrams: Iterable[Datagram] | None = None,
) -> tuple[Kept, CallSound]:
    """Decode one call."""
    call = CapturedCall(
        forward=tuple(sender.stream() for sender in forward), backward=tuple(sender.stream() for sender in backward)
    )
    if datagrams is None:
        sent = [datagram for sender in (*forward, *backward) for datagram in sender.datagrams()]
        datagrams = sorted(sent, key=lambda datagram: datagram.time_ns)
    kept = Kept()

    def sink_of(_call: CapturedCall, rate_hz: int, channels: int) -> Kept:
        kept.rate_hz, kept.channels = rate_hz, channels
        return kept

    (sound,) = decode_datagrams(datagrams, report_of([call]), sink_of, pcm_hz=pcm_hz, gaps=gaps)
    return kept, sound
