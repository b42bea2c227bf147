"""RTCP packets (RFC 3550 section 6), compound and of reduced size (RFC 5506 section 4), parsed into values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import Buffer

from rtpcodec.errors import PacketError

__all__ = [
    "DescribedSource",
    "GoodbyePacket",
    "OtherRtcpPacket",
    "ReceiverReportPacket",
    "ReportBlock",
    "SenderReportPacket",
    "SourceDescriptionPacket",
    "parse_rtcp",
]

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
CNAME: Final = 1
"""The item of a source description that all streams of one sender share (section 6.5.1)."""
MAX_PACKETS: Final = 64
"""Limit of packets per datagram: a mixer's compound has a few, 64 KiB could have 16,384."""
_HEADER_OCTETS: Final = 4
_BLOCK_OCTETS: Final = 24
_SENDER_OCTETS: Final = 20


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """A receiver's report about one sender (section 6.4.1).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |                           SSRC_n                              |
    | fraction lost |       cumulative number of packets lost       |
    |           extended highest sequence number received           |
    |                      interarrival jitter                      |
    |                         last SR (LSR)                         |
    |                   delay since last SR (DLSR)                  |
    """

    ssrc: int
    fraction_lost: int
    """Lost packets per 256 packets since the last report."""
    lost: int
    """Packets lost since the start; negative with many duplicates."""
    extended_highest: int
    """The highest sequence number, with the number of wraps in the high 16 bits."""
    jitter_ticks: int
    last_report: int
    """The middle 32 bits of the NTP timestamp of the last sender report; 0: there was none."""
    delay: int
    """Delay between that report and this one, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderReportPacket:
    """A report of a sender, with its wall clock and its RTP clock (section 6.4.1).

    The packet has a header and an SSRC, then this sender info, then `count` report blocks:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |              NTP timestamp, most significant word             |
    |             NTP timestamp, least significant word             |
    |                         RTP timestamp                         |
    |                     sender's packet count                     |
    |                      sender's octet count                     |
    """

    ssrc: int
    ntp_timestamp: int
    """Wall clock, 32 bits of seconds since 1900 and 32 bits of fraction; 0: the sender has no wall clock."""
    rtp_timestamp: int
    """The same instant by the stream's RTP clock."""
    packets: int
    octets: int
    """Octets of payload, without headers and padding."""
    blocks: tuple[ReportBlock, ...] = ()

    @property
    def ntp_s(self) -> float:
        """The wall clock in seconds since 1900."""
        return self.ntp_timestamp / (1 << 32)


@dataclass(frozen=True, slots=True)
class ReceiverReportPacket:
    """A report of a participant that sends no RTP (section 6.4.2): header, SSRC, then `count` report blocks."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribedSource:
    """Items about one source. Private: they name users, addresses and places."""

    ssrc: int
    items: tuple[tuple[int, bytes], ...] = field(repr=False)
    """Type and text in UTF-8, in the order of the packet."""

    @property
    def cname(self) -> str | None:
        """The canonical name; None: no item has it."""
        for kind, text in self.items:
            if kind == CNAME:
                return text.decode(errors="replace")
        return None


@dataclass(frozen=True, slots=True)
class SourceDescriptionPacket:
    """Names and other items of sources (section 6.5)."""

    sources: tuple[DescribedSource, ...]


@dataclass(frozen=True, slots=True)
class GoodbyePacket:
    """Sources that have left (section 6.6)."""

    ssrcs: tuple[int, ...]
    reason: bytes = b""


@dataclass(frozen=True, slots=True)
class OtherRtcpPacket:
    """A packet of another type, such as feedback (RFC 4585) or extended reports (RFC 3611)."""

    packet_type: int
    count: int
    """The five bits after version and padding."""
    body: bytes


RtcpPacket = SenderReportPacket | ReceiverReportPacket | SourceDescriptionPacket | GoodbyePacket | OtherRtcpPacket


def parse_rtcp(datagram: Buffer) -> tuple[RtcpPacket, ...]:
    """Parse all packets of a datagram.

    A compound packet may begin with any type (RFC 5506 section 4).

    Raises:
        PacketError: a packet has another version, ends beyond the datagram, or is shorter than its content. No packet
            of the datagram is returned then.

    >>> octets = bytes.fromhex("80c80006 00001234 e0000000 80000000 000000a0 00000001 000000a0")
    >>> (report,) = parse_rtcp(octets)
    >>> report.ssrc, report.ntp_s, report.rtp_timestamp
    (4660, 3758096384.5, 160)
    """
    octets = bytes(memoryview(datagram))
    packets = tuple(_packets(octets))
    if not packets:
        raise PacketError("RTCP datagram has 0 octets, a header needs 4")
    return packets


def _packets(octets: bytes) -> Iterator[RtcpPacket]:
    at = count = 0
    while at < len(octets):
        if count == MAX_PACKETS:
            raise PacketError(f"RTCP datagram has more than {MAX_PACKETS} packets")
        end, body = _body(octets, at)
        yield _packet(octets[at] & 0x1F, octets[at + 1], body)
        at, count = end, count + 1


def _body(octets: bytes, at: int) -> tuple[int, bytes]:
    """Return where a packet ends, and its octets between header and padding (section 6.4.1).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |V=2|P|  count  |  packet type  |   length in words, less one   |
    """
    if len(octets) - at < _HEADER_OCTETS:
        raise PacketError(f"RTCP packet has {len(octets) - at} octets, a header needs {_HEADER_OCTETS}")
    if octets[at] >> 6 != 2:
        raise PacketError(f"RTCP packet has version {octets[at] >> 6}, 2 is needed")
    end = at + _HEADER_OCTETS + 4 * _word(octets, at + 2, 2)
    if end > len(octets):
        raise PacketError(f"RTCP packet has {len(octets) - at} octets, its length field says {end - at}")
    if not octets[at] & 0x20:
        return end, octets[at + _HEADER_OCTETS : end]
    # Only the last packet of a compound may be padded (section 6.4.1).
    padding, room = octets[end - 1], end - at - _HEADER_OCTETS
    if end != len(octets) or not 1 <= padding <= room:
        raise PacketError(f"RTCP packet has padding of {padding} octets, only the last packet may have 1 to {room}")
    return end, octets[at + _HEADER_OCTETS : end - padding]


def _packet(count: int, packet_type: int, body: bytes) -> RtcpPacket:
    if packet_type == SENDER_REPORT:
        _require(body, 4 + _SENDER_OCTETS + _BLOCK_OCTETS * count, "sender report")
        blocks = _blocks(body, 4 + _SENDER_OCTETS, count)
        ntp, rtp, packets, octets = (_word(body, at, size) for at, size in ((4, 8), (12, 4), (16, 4), (20, 4)))
        return SenderReportPacket(_word(body, 0), ntp, rtp, packets, octets, blocks)
    if packet_type == RECEIVER_REPORT:
        _require(body, 4 + _BLOCK_OCTETS * count, "receiver report")
        return ReceiverReportPacket(_word(body, 0), _blocks(body, 4, count))
    if packet_type == SOURCE_DESCRIPTION:
        return SourceDescriptionPacket(_sources(body, count))
    if packet_type == GOODBYE:
        return _goodbye(body, count)
    return OtherRtcpPacket(packet_type, count, body)


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    return tuple(_block(body, at + _BLOCK_OCTETS * number) for number in range(count))


def _block(body: bytes, at: int) -> ReportBlock:
    lost = _word(body, at + 5, 3)
    return ReportBlock(
        ssrc=_word(body, at),
        fraction_lost=body[at + 4],
        lost=lost - (1 << 24) if lost >> 23 else lost,
        extended_highest=_word(body, at + 8),
        jitter_ticks=_word(body, at + 12),
        last_report=_word(body, at + 16),
        delay=_word(body, at + 20),
    )


def _sources(body: bytes, count: int) -> tuple[DescribedSource, ...]:
    """Parse chunks of an SSRC and items; zeros up to the next word end each chunk (section 6.5).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |                             SSRC                              |
    |     item      |    length     | text in UTF-8               ...
    |     0         |  zeros up to the next word                    |
    """
    sources = []
    at = 0
    for _ in range(count):
        _require(body, at + 4, "source description")
        ssrc, at = _word(body, at), at + 4
        items = []
        while at < len(body) and body[at]:
            _require(body, at + 2, "source description")
            end = at + 2 + body[at + 1]
            _require(body, end, "source description")
            items.append((body[at], body[at + 2 : end]))
            at = end
        _require(body, at + 1, "source description")
        at += 4 - at % 4
        sources.append(DescribedSource(ssrc, tuple(items)))
    return tuple(sources)


def _goodbye(body: bytes, count: int) -> GoodbyePacket:
    """Parse `count` SSRCs and an optional reason (section 6.6).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |                             SSRC                              |
    |    length     |  reason for leaving                         ...
    """
    _require(body, 4 * count, "goodbye")
    ssrcs = tuple(_word(body, 4 * number) for number in range(count))
    at = 4 * count
    if at == len(body):
        return GoodbyePacket(ssrcs)
    _require(body, at + 1 + body[at], "goodbye")
    return GoodbyePacket(ssrcs, body[at + 1 : at + 1 + body[at]])


def _require(body: bytes, octets: int, kind: str) -> None:
    if len(body) < octets:
        raise PacketError(f"RTCP {kind} has {len(body)} octets behind its header, its content needs {octets}")


def _word(octets: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(octets[at : at + size], "big")
