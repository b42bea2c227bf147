"""A replay as a packet capture for Wireshark: both directions as RTP (docs/packet-captures.md)."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Final
from zlib import crc32

from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.packet_writer import PacketWriter
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.stream.capture.pcap_setup import (
    CARRIER,
    CARRIER_RTP_PORT,
    CARRIER_SIP,
    ENDPOINT,
    ENDPOINT_RTP_PORT,
    ENDPOINT_SIP,
    CallSetup,
)
from rtpcodec.stream.capture.pcap_stream import PayloadTypes, RtpStream
from rtpcodec.stream.capture.replaying import Replaying
from rtpcodec.stream.events import Audio, Event, Gap, Started, Stopped
from rtpcodec.stream.receive_codec import ReceiveCodec

MAX_LATE_MS: Final = 60.0
"""Audio that is sent this much too late still follows the audio before it, as from the far end's buffer."""
MAX_PENDING: Final = 50_000
"""Limit on packets that are not due yet. An app that sends all audio at once has 50 per second of audio."""

HELD_MS: Final = 500.0
"""Packets wait for earlier ones: a chunk after a lost one is reported 100 ms and one message after its arrival."""


class PacketExport(Live):
    """Writes the packets of a replay. Use from one thread at a time.

    Received chunks have their time of arrival, and the sequence numbers and timestamps that the session derives from
    the carrier's counters. Sent audio has the time at which it was due to be heard; audio that was cleared before is
    left out. The file begins with SIP and SDP, so that dynamic payload types have names.
    """

    __slots__ = (
        "_arrived_ms",
        "_end_ms",
        "_held",
        "_numbers",
        "_pending",
        "_received",
        "_replaying",
        "_sent",
        "_setup",
        "_start_ns",
        "_tracks",
        "_types",
        "_writer",
    )

    def __init__(self, replaying: Replaying, writer: PacketWriter) -> None:
        """Make an export. The writer stays open."""
        self._replaying = replaying
        self._writer = writer
        self._types = PayloadTypes()
        self._received: dict[str, RtpStream] = {}
        header = replaying.header
        self._tracks = list(header.dialect.tracks.get(header.plan.tracks, ()))
        self._sent: RtpStream | None = None
        self._setup: CallSetup | None = None
        self._pending: deque[tuple[float, RtpPacket]] = deque()
        self._end_ms = float("-inf")
        self._arrived_ms: dict[str, float] = {}
        """The time of the last packet of each track."""
        self._held: list[tuple[int, int, SocketAddress, SocketAddress, bytes]] = []
        """Packets by time and number."""
        self._numbers = count()
        began = header.utc_start
        self._start_ns = 0 if began is None else round(datetime.fromisoformat(began).timestamp() * 1000) * 10**6

    def take_sent(self, sent: list[tuple[float, bytes | None]]) -> None:
        """Record sent payloads with their times on the session's clock; None: the far end's queue was cleared."""
        for now_ms, payload in sent:
            at_ms = now_ms - self._replaying.header.origin_ms
            self._write_due(at_ms)
            if payload is None:
                self._clear(at_ms)
            elif self._sent is not None:
                self._send(self._sent, payload, at_ms)

    def take(self, event: Event, at_ms: float) -> None:
        """Write the packets of an event. at_ms: its time since the origin of the capture."""
        self._write_due(at_ms)
        self._release(at_ms - HELD_MS)
        if isinstance(event, Audio) and event.payload:
            self._receive(event, at_ms)
        elif isinstance(event, Gap):
            self._skip(event)
        elif isinstance(event, Started):
            self._begin(event, at_ms)
        elif isinstance(event, Stopped) and self._setup is not None:
            self._clear(at_ms)
            self._write_setup(self._setup.bye(), at_ms)

    def finish(self) -> None:
        """Write the packets that are not due yet."""
        self._write_due(float("inf"))
        self._release(float("inf"))

    # The call

    def _begin(self, event: Started, at_ms: float) -> None:
        if self._setup is None:
            self._setup = CallSetup(event.stream_id or "stream")
        plan = self._replaying.header.plan
        attributes: dict[str, None] = {}
        codec = ReceiveCodec(plan, event.media_format, None)
        if codec.info is not None:
            attributes |= dict.fromkeys(self._types.attributes(codec.info, codec.rate_hz))
        if plan.mode == "rtp":
            info, rate_hz = plan.send_info, plan.send_sample_rate_hz
            attributes |= dict.fromkeys(self._types.attributes(info, rate_hz))
            if self._sent is None:
                payloads = payload_format(info, rate_hz, **plan.payload_options(info.name))
                swapped = info.coder_options(plan).get("byte_order") == "little"
                self._sent = RtpStream(info, rate_hz, payloads, self._types, ssrc=self._ssrc("sent"), swapped=swapped)
        self._received.clear()
        if attributes:
            self._write_setup(self._setup.invite(max(1, len(self._tracks)), list(attributes)), at_ms)

    def _write_setup(self, messages: tuple[bytes, bytes], at_ms: float) -> None:
        request, answer = messages
        self._write(at_ms, CARRIER_SIP, ENDPOINT_SIP, request)
        self._write(at_ms, ENDPOINT_SIP, CARRIER_SIP, answer)

    # Received audio

    def _receive(self, event: Audio, at_ms: float) -> None:
        stream = self._received.get(event.track)
        if stream is None:
            stream = self._new_track(event)
            if stream is None:
                return
        # 1. A chunk that has overtaken another one is written after it, in the order of sequence numbers.
        arrived_ms = self._replaying.arrived_ms(event)
        at_ms = max(at_ms if arrived_ms is None else arrived_ms, self._arrived_ms.get(event.track, 0.0))
        self._arrived_ms[event.track] = at_ms
        # 2. Write its packets.
        stream.packetizer.timestamp = stream.ticks(event.media_ms) & 0xFFFF_FFFF
        port = 2 * self._tracks.index(event.track)
        source = SocketAddress(CARRIER, CARRIER_RTP_PORT + port)
        destination = SocketAddress(ENDPOINT, ENDPOINT_RTP_PORT + port)
        for packet in stream.packets(event.payload):
            self._write(at_ms, source, destination, packet.build())

    def _new_track(self, event: Audio) -> RtpStream | None:
        session, plan = self._replaying.session, self._replaying.header.plan
        codec = None if session.media_format is None else ReceiveCodec(plan, session.media_format, None)
        payloads = None if codec is None else codec.new_payloads()
        if codec is None or codec.info is None or payloads is None:
            return None
        swapped = codec.info.coder_options(plan).get("byte_order") == "little"
        ssrc = self._ssrc(event.track)
        stream = RtpStream(codec.info, codec.rate_hz, payloads, self._types, ssrc=ssrc, swapped=swapped)
        stream.packetizer.sequence_number = (event.chunk or 0) & 0xFFFF
        self._received[event.track] = stream
        if event.track not in self._tracks:
            self._tracks.append(event.track)
        return stream

    def _skip(self, gap: Gap) -> None:
        stream = self._received.get(gap.track)
        if stream is not None:
            packetizer = stream.packetizer
            packetizer.sequence_number = (packetizer.sequence_number + gap.lost_chunks) & 0xFFFF
            if not gap.lost_chunks:
                packetizer.silence()

    # Sent audio

    def _send(self, stream: RtpStream, payload: bytes, at_ms: float) -> None:
        """Queue the packets of a message for the time at which they are heard."""
        packetizer = stream.packetizer
        if at_ms > self._end_ms + MAX_LATE_MS:
            pause_ms = at_ms - self._end_ms
            packetizer.silence(stream.ticks(pause_ms) if pause_ms < float("inf") else 0)
            self._end_ms = at_ms
        first = packetizer.timestamp
        for packet in stream.packets(payload):
            offset = (packet.timestamp - first) & 0xFFFF_FFFF
            self._pending.append((self._end_ms + offset * 1000 / stream.clock_hz, packet))
        self._end_ms += ((packetizer.timestamp - first) & 0xFFFF_FFFF) * 1000 / stream.clock_hz
        while len(self._pending) > MAX_PENDING:
            self._write_sent()

    def _clear(self, at_ms: float) -> None:
        """Drop packets that are not heard, because the far end has dropped the audio."""
        while self._pending and self._pending[-1][0] >= at_ms and self._sent is not None:
            self._end_ms, packet = self._pending.pop()
            packetizer = self._sent.packetizer
            packetizer.sequence_number, packetizer.timestamp = packet.sequence_number, packet.timestamp

    def _write_due(self, at_ms: float) -> None:
        while self._pending and self._pending[0][0] <= at_ms:
            self._write_sent()

    def _write_sent(self) -> None:
        at_ms, packet = self._pending.popleft()
        source = SocketAddress(ENDPOINT, ENDPOINT_RTP_PORT)
        self._write(at_ms, source, SocketAddress(CARRIER, CARRIER_RTP_PORT), packet.build())

    def _write(self, at_ms: float, source: SocketAddress, destination: SocketAddress, payload: bytes) -> None:
        time_ns = self._start_ns + max(0, round(at_ms * 1e6))
        heappush(self._held, (time_ns, next(self._numbers), source, destination, payload))

    def _release(self, until_ms: float) -> None:
        """Write the packets up to a time. No more packets before that time follow."""
        until_ns = self._start_ns + until_ms * 1e6
        while self._held and self._held[0][0] <= until_ns:
            time_ns, _, source, destination, payload = heappop(self._held)
            self._writer.write(time_ns, source, destination, payload)

    def _ssrc(self, name: str) -> int:
        """Return an SSRC that is equal in all exports of this call, and differs between calls."""
        call_id = "" if self._setup is None else self._setup.call_id
        return crc32(f"{call_id} {name}".encode())
