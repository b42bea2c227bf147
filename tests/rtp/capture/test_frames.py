"""Link layers, IPv4, IPv6 and UDP: each packet as the oracle reads it, and with the written expectation."""

from __future__ import annotations

import random
import struct

import pytest

from rtpcodec.rtp.capture.frames import LINK_TYPES
from tests.rtp.capture.capture_files import A6, B6, A, B, enhanced, ethernet, interface, ipv4, ipv6, pcap, section, udp
from tests.rtp.capture.compared import compare

UDP = udp(b"payload")
IP, IP6 = ipv4(UDP), ipv6(UDP)
VLAN = bytes.fromhex("8100 0064")
QINQ = bytes.fromhex("88a8 0064 8100 00c8")
SLL = bytes.fromhex("0000 0001 0006 020000000001 0000")
SLL2 = bytes.fromhex("0000 00000002 0001 00 06 020000000001 0000")

WHOLE = [
    (1, ethernet(IP)),
    (1, ethernet(IP + bytes(18))),
    (1, ethernet(IP6, 0x86DD)),
    (1, ethernet(IP, tags=VLAN)),
    (1, ethernet(IP6, 0x86DD, tags=QINQ)),
    (1, ethernet(IP, tags=bytes.fromhex("9100 0001 9200 0002"))),
    (113, SLL + b"\x08\x00" + IP),
    (113, SLL + VLAN + b"\x86\xdd" + IP6),
    (276, b"\x08\x00" + SLL2 + IP),
    (276, b"\x86\xdd" + SLL2 + IP6),
    (276, b"\x81\x00" + SLL2 + b"\x00\x64\x08\x00" + IP),
    (101, IP),
    (101, IP6),
    (12, IP),
    (14, IP6),
    (228, IP),
    (229, IP6),
    (0, bytes((2, 0, 0, 0)) + IP),
    (0, bytes((0, 0, 0, 2)) + IP),
    *((0, family.to_bytes(4, "little") + IP6) for family in (10, 24, 28, 30)),
    (0, (30).to_bytes(4, "big") + IP6),
    (108, bytes((0, 0, 0, 2)) + IP),
    (101, ipv4(UDP, options=b"\x94\x04\x00\x00")),
    (101, ipv4(UDP, options=bytes(40))),
    (101, ipv4(UDP, fragment=0x4000)),
    (101, ipv4(UDP + b"behind")),
    (101, ipv6(struct.pack(">HHHH", 4000, 5000, 0, 0) + b"payload")),
    (101, ipv4(UDP)[:2] + bytes(2) + ipv4(UDP)[4:]),
    (101, ipv6(UDP)[:4] + bytes(2) + ipv6(UDP)[6:]),
    (101, ipv6(b"\x3c\x00" + bytes(6) + b"\x2b\x01" + bytes(14) + b"\x11\x00" + bytes(6) + UDP, header=0)),
    (101, ipv6(b"\x11\x04" + bytes(22) + UDP, header=51)),
    (101, ipv6(b"\x11\x00" + bytes(6) + UDP, header=44)),
]


@pytest.mark.parametrize(("link_type", "packet"), WHOLE)
def test_a_whole_datagram(link_type: int, packet: bytes) -> None:
    (found,), counts, _ = compare(pcap([packet], link_type=link_type))
    hosts = (A, B) if len(found.source.host) == 4 else (A6, B6)
    assert (found.source, found.destination, found.payload) == ((hosts[0], 4000), (hosts[1], 5000), b"payload")
    assert counts["datagrams"] == 1


OTHER = [
    ("tcp", 101, ipv4(bytes(20), protocol=6)),
    ("tcp", 101, ipv6(bytes(20), header=6)),
    ("fragments", 101, ipv4(UDP, fragment=0x2000)),
    ("fragments", 101, ipv4(UDP, fragment=1)),
    ("fragments", 101, ipv6(b"\x11\x00\x00\x01" + bytes(4) + UDP, header=44)),
    ("fragments", 101, ipv6(b"\x11\x00\x00\x08" + bytes(4) + UDP, header=44)),
    ("other", 101, ipv4(UDP, protocol=1)),
    ("other", 101, ipv6(UDP, header=58)),
    ("other", 101, b"\x50" + bytes(60)),
    ("other", 1, ethernet(bytes(28), 0x0806)),
    ("other", 0, bytes(4) + IP),
    ("unknown_link", 105, IP),
    ("malformed", 101, ipv4(udp(b"payload")[:4] + b"\x00\x07" + UDP[6:])),
    ("malformed", 101, ipv4(udp(b"payload")[:4] + b"\x00\x10" + UDP[6:])),
    ("malformed", 101, ipv4(UDP[:7])),
    ("malformed", 101, ipv4(struct.pack(">HHHH", 4000, 5000, 0, 0) + b"payload")),
    ("malformed", 101, b"\x44" + IP[1:]),
    ("malformed", 228, IP6),
    ("malformed", 229, IP + bytes(20)),
    ("malformed", 101, ipv6(b"\x11\x09" + bytes(6) + UDP, header=0)),
    ("malformed", 101, ipv6(b"\x11\x00\x00", header=44)),
    ("malformed", 101, IP[:-1]),
    ("malformed", 101, b""),
]


@pytest.mark.parametrize(("kind", "link_type", "packet"), OTHER)
def test_anything_else_is_counted_by_its_kind(kind: str, link_type: int, packet: bytes) -> None:
    found, counts, _ = compare(pcap([packet], link_type=link_type))
    assert (found, counts) == ([], {"packets": 1, kind: 1})


@pytest.mark.parametrize(("link_type", "packet"), WHOLE)
def test_packets_that_were_captured_in_part(link_type: int, packet: bytes) -> None:
    cuts = [(packet[:length], len(packet)) for length in range(len(packet))]
    found, counts, _ = compare(pcap(cuts, link_type=link_type))
    assert counts["cut"] + len(found) == len(packet)
    assert {one.payload for one in found} <= {b"payload"}, "padding alone is missing"


@pytest.mark.parametrize("link_type", sorted(LINK_TYPES))
def test_any_octets_as_the_oracle_reads_them(link_type: int) -> None:
    chance = random.Random(link_type)
    packets = []
    for _ in range(200):
        packet = bytearray(chance.choice([packet for link, packet in WHOLE if link == link_type]))
        for _ in range(chance.randrange(4)):
            packet[chance.randrange(len(packet))] = chance.choice(
                (0, 1, 6, 17, 44, 51, 60, 0x20, 0x45, 0x60, 0x81, 255)
            )
        if chance.random() < 0.2:
            del packet[chance.randrange(len(packet)) :]
        packets.append((bytes(packet), len(packet) + chance.randrange(2)))
    compare(pcap(packets, link_type=link_type), trickle=True)
    blocks = [enhanced(packet, original=original) for packet, original in packets]
    compare(section() + interface(link_type) + b"".join(blocks), trickle=True)
