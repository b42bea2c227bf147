"""Sender reports, names and ends of streams from the RTCP of a capture, by hosts and SSRC, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rtpcodec.errors import PacketError
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.report import SenderReport
from rtpcodec.rtp.rtcp import GoodbyePacket, SenderReportPacket, SourceDescriptionPacket, parse_rtcp

MAX_SENDER_REPORTS: Final = 32
"""Reports kept per stream. Beyond the limit, every second one is dropped, and only each second, fourth and so on is
added."""
MAX_SOURCES: Final = 200_000
"""Limit of sources; further ones are ignored."""


@dataclass(slots=True)
class RtcpFacts:
    """The facts in RTCP about one stream."""

    reports: list[SenderReport] = field(default_factory=list)
    said_bye: bool = False
    cname: str | None = None
    _seen: int = 0
    _stride: int = 1

    def add(self, report: SenderReport) -> None:
        """Keep a report, unless it is outside the sample."""
        self._seen += 1
        if (self._seen - 1) % self._stride:
            return
        if len(self.reports) == MAX_SENDER_REPORTS:
            del self.reports[1::2]
            self._stride *= 2
            if (self._seen - 1) % self._stride:
                return
        self.reports.append(report)


NOTHING: Final = RtcpFacts()
"""The facts of a stream without RTCP."""


class RtcpLog:
    """Reads the RTCP of a capture. Ports are ignored: RTCP has a separate port, or that of RTP (RFC 5761 section 4)."""

    __slots__ = ("_facts",)

    def __init__(self) -> None:
        self._facts: dict[tuple[bytes, bytes, int], RtcpFacts] = {}

    def take(self, datagram: Datagram) -> bool:
        """Read a datagram. False: not valid RTCP, as when it is encrypted."""
        try:
            packets = parse_rtcp(datagram.payload)
        except PacketError:
            return False
        for packet in packets:
            if isinstance(packet, SenderReportPacket) and (facts := self._of(datagram, packet.ssrc)):
                facts.add(SenderReport(packet.ntp_s, packet.rtp_timestamp, datagram.time_ns))
            elif isinstance(packet, GoodbyePacket):
                for ssrc in packet.ssrcs:
                    if facts := self._of(datagram, ssrc):
                        facts.said_bye = True
            elif isinstance(packet, SourceDescriptionPacket):
                for source in packet.sources:
                    if source.cname is not None and (facts := self._of(datagram, source.ssrc)):
                        facts.cname = source.cname
        return True

    def of(self, source: SocketAddress, destination: SocketAddress, ssrc: int) -> RtcpFacts:
        """Return the facts about a stream."""
        return self._facts.get((source.host, destination.host, ssrc), NOTHING)

    def _of(self, datagram: Datagram, ssrc: int) -> RtcpFacts | None:
        key = datagram.source.host, datagram.destination.host, ssrc
        facts = self._facts.get(key)
        if facts is None and len(self._facts) < MAX_SOURCES:
            facts = self._facts[key] = RtcpFacts()
        return facts
