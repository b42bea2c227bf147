"""RTCP reads as rtpkit and aiortc read it; every broken packet names its rule."""

from __future__ import annotations

import random

import pytest
import rtpkit
from aiortc import rtp as aiortc_rtp

from rtpcodec.errors import PacketError
from rtpcodec.rtp.rtcp import (
    DescribedSource,
    GoodbyePacket,
    OtherRtcpPacket,
    ReceiverReportPacket,
    SenderReportPacket,
    SourceDescriptionPacket,
    parse_rtcp,
)


def compound(chance: random.Random) -> tuple[bytes, list[object]]:
    """Return a compound that aiortc writes, and its packets."""
    info = aiortc_rtp.RtcpSenderInfo(
        ntp_timestamp=chance.getrandbits(64),
        rtp_timestamp=chance.getrandbits(32),
        packet_count=chance.getrandbits(32),
        octet_count=chance.getrandbits(32),
    )
    reports = [
        aiortc_rtp.RtcpReceiverInfo(
            ssrc=chance.getrandbits(32),
            fraction_lost=chance.getrandbits(8),
            packets_lost=chance.randrange(-(1 << 23), 1 << 23),
            highest_sequence=chance.getrandbits(32),
            jitter=chance.getrandbits(32),
            lsr=chance.getrandbits(32),
            dlsr=chance.getrandbits(32),
        )
        for _ in range(chance.randrange(4))
    ]
    packets: list[object] = [aiortc_rtp.RtcpSrPacket(ssrc=chance.getrandbits(32), sender_info=info, reports=reports)]
    packets.append(aiortc_rtp.RtcpRrPacket(ssrc=chance.getrandbits(32), reports=reports))
    # aiortc starts a second source between two words, against section 6.5: one source here, several by rtpkit below.
    items = [(1, chance.randbytes(chance.randrange(9))), (6, chance.randbytes(chance.randrange(9)))]
    chunks = [aiortc_rtp.RtcpSourceInfo(ssrc=chance.getrandbits(32), items=items)]
    packets.append(aiortc_rtp.RtcpSdesPacket(chunks=chunks))
    packets.append(aiortc_rtp.RtcpByePacket(sources=[chance.getrandbits(32) for _ in range(chance.randrange(1, 4))]))
    return b"".join(bytes(one) for one in packets), packets  # type: ignore[call-overload]


@pytest.mark.parametrize("seed", range(20))
def test_compounds_of_aiortc_read_as_they_were_written(seed: int) -> None:
    octets, written = compound(random.Random(seed))
    sender, receiver, described, bye = parse_rtcp(octets)
    assert isinstance(sender, SenderReportPacket)
    assert isinstance(receiver, ReceiverReportPacket)
    assert isinstance(described, SourceDescriptionPacket)
    assert isinstance(bye, GoodbyePacket)
    there = written[0]
    assert isinstance(there, aiortc_rtp.RtcpSrPacket)
    info = there.sender_info
    assert (sender.ssrc, sender.ntp_timestamp, sender.rtp_timestamp, sender.packets, sender.octets) == (
        there.ssrc,
        info.ntp_timestamp,
        info.rtp_timestamp,
        info.packet_count,
        info.octet_count,
    )
    assert sender.blocks == receiver.blocks
    assert [(one.ssrc, one.lost, one.jitter_ticks) for one in sender.blocks] == [
        (one.ssrc, one.packets_lost, one.jitter) for one in there.reports
    ]
    assert [(one.ssrc, list(one.items)) for one in described.sources] == [
        (one.ssrc, one.items)
        for one in written[2].chunks  # type: ignore[attr-defined]
    ]
    assert list(bye.ssrcs) == written[3].sources  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(20))
def test_compounds_read_as_rtpkit_reads_them(seed: int) -> None:
    octets, _ = compound(random.Random(seed + 1000))
    sender, receiver, described, bye = parse_rtcp(octets)
    theirs = rtpkit.parse_rtcp(octets)
    assert isinstance(sender, SenderReportPacket)
    assert isinstance(theirs[0], rtpkit.SenderReport)
    assert sender.ssrc == theirs[0].ssrc
    assert len(theirs) == 4
    assert [one.ssrc for one in sender.blocks] == [one.ssrc for one in theirs[0].report_blocks]
    assert receiver.ssrc == theirs[1].ssrc  # type: ignore[union-attr]
    assert len(described.sources) == len(theirs[2].chunks)  # type: ignore[union-attr]
    assert bye.ssrcs == tuple(theirs[3].sources)  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(10))
def test_several_sources_of_rtpkit_read_as_they_were_written(seed: int) -> None:
    chance = random.Random(seed)
    sources = [(chance.getrandbits(32), "x" * chance.randrange(12)) for _ in range(chance.randrange(1, 8))]
    chunks = tuple(
        rtpkit.SdesChunk(ssrc, (rtpkit.SdesItem(rtpkit.SdesItemType.CNAME, memoryview(text.encode())),))
        for ssrc, text in sources
    )
    (packet,) = parse_rtcp(rtpkit.build_rtcp([rtpkit.SourceDescription(chunks, 0)]))
    assert isinstance(packet, SourceDescriptionPacket)
    assert [(one.ssrc, one.cname) for one in packet.sources] == sources


def test_a_goodbye_may_have_a_reason_and_feedback_is_kept_unparsed() -> None:
    octets = bytes.fromhex("81cb00030000000106") + b"hangup" + bytes(1) + bytes.fromhex("81ce0002" + "00" * 8)
    assert parse_rtcp(octets) == (GoodbyePacket((1,), b"hangup"), OtherRtcpPacket(206, 1, bytes(8)))


def test_padding_of_the_last_packet_is_not_content() -> None:
    octets = bytes.fromhex("a1cb00020000000100000004")
    assert parse_rtcp(octets) == (GoodbyePacket((1,)),)


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        ("", "RTCP datagram has 0 octets, a header needs 4"),
        ("80c8", "RTCP packet has 2 octets, a header needs 4"),
        ("40c80006", "RTCP packet has version 1, 2 is needed"),
        ("80c80006", "RTCP packet has 4 octets, its length field says 28"),
        ("80c8000100000001", "RTCP sender report has 4 octets behind its header, its content needs 24"),
        ("81c9000100000001", "RTCP receiver report has 4 octets behind its header, its content needs 28"),
        ("81ca0000", "RTCP source description has 0 octets behind its header, its content needs 4"),
        ("81ca00020000000101ff4141", "RTCP source description has 8 octets behind its header, its content needs"),
        ("82cb000100000001", "RTCP goodbye has 4 octets behind its header, its content needs 8"),
        ("81cb00020000000109414141", "RTCP goodbye has 8 octets behind its header, its content needs 14"),
        ("a0c9000100000005", "RTCP packet has padding of 5 octets, only the last packet may have 1 to 4"),
        ("a0c900010000000480c9000100000001", "only the last packet may have"),
        ("80ce0000" * 65, "RTCP datagram has more than 64 packets"),
    ],
)
def test_a_broken_packet_names_its_rule(octets: str, rule: str) -> None:
    with pytest.raises(PacketError, match=rule):
        parse_rtcp(bytes.fromhex(octets))


def test_names_of_people_are_not_in_a_repr() -> None:
    source = DescribedSource(1, ((1, b"alice@example.com"),))
    assert source.cname == "alice@example.com"
    assert "alice" not in repr(SourceDescriptionPacket((source,)))


def test_random_octets_raise_only_the_documented_error() -> None:
    chance = random.Random(7)
    valid = compound(chance)[0]
    for _ in range(3000):
        octets = bytearray(valid[: chance.randrange(len(valid))])
        for _ in range(chance.randrange(4)):
            if octets:
                octets[chance.randrange(len(octets))] = chance.getrandbits(8)
        try:
            parse_rtcp(octets)
        except PacketError:
            continue
