"""Classic captures: byte orders, units of time, odd and cut files."""

from __future__ import annotations

import io

import pytest

import rtpcodec
from rtpcodec.errors import PacketFileError
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from tests.rtp.capture.capture_files import A, B, ethernet, ipv4, pcap, udp

FRAME = ethernet(ipv4(udp(b"payload")))
START_NS = 1_700_000_000 * 10**9


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34])
def test_byte_orders_and_units(order: str, magic: int) -> None:
    extra = bytes(8) if magic == 0xA1B2CD34 else b""
    with rtpcodec.open_packets(io.BytesIO(pcap([FRAME] * 2, order=order, magic=magic, extra=extra))) as packets:
        found = list(packets)
    a, b = SocketAddress(A, 4000), SocketAddress(B, 5000)
    assert found == [Datagram(START_NS, a, b, b"payload", 1), Datagram(START_NS + 20_000_000, a, b, b"payload", 2)]
    assert (str(found[0].source), packets.kind, packets.link_layers) == ("192.0.2.1:4000", "pcap", ("Ethernet",))
    assert (packets.counts.packets, packets.counts.datagrams, packets.notes) == (2, 2, ())


def test_a_cut_last_record_is_a_note() -> None:
    octets = pcap([FRAME] * 3)
    for lost in range(1, 16 + len(FRAME)):
        packets = rtpcodec.open_packets(io.BytesIO(octets[:-lost]))
        assert [one.number for one in packets] == [1, 2]
        there = 16 + len(FRAME) - lost
        assert packets.counts.incomplete_octets == there
        assert packets.notes == (f"the file ends inside packet 3: {there} octets of it are there",)


def test_a_record_that_claims_too_much() -> None:
    octets = pcap([FRAME]) + bytes(8) + (262_145).to_bytes(4, "little") * 2 + bytes(300_000)
    packets = rtpcodec.open_packets(io.BytesIO(octets))
    assert next(packets).payload == b"payload"
    with pytest.raises(PacketFileError, match="the file, octet 97: the record claims a packet of more than 262144"):
        next(packets)


@pytest.mark.parametrize("octets", [b"", b"\xa1", b"RIFF" + bytes(100), bytes(100)])
def test_other_files(octets: bytes) -> None:
    with pytest.raises(PacketFileError, match="octet 0: the file is not a supported packet capture"):
        rtpcodec.open_packets(io.BytesIO(octets))
