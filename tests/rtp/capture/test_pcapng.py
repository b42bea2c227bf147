"""pcapng: sections, interfaces, clocks, blocks of every type, broken ones."""

from __future__ import annotations

import io
import struct

import pytest

import rtpcodec
from rtpcodec.errors import PacketFileError
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.reading import PacketReader
from tests.rtp.capture.capture_files import block, enhanced, ethernet, interface, ipv4, option, section, udp

IP = ipv4(udp(b"payload"))
FRAME = ethernet(IP)
START = section() + interface()


def read(octets: bytes) -> tuple[list[Datagram], PacketReader]:
    packets = rtpcodec.open_packets(io.BytesIO(octets))
    return list(packets), packets


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(order: str) -> None:
    octets = section(order) + interface(order=order) + enhanced(FRAME, 0x1_0000_0005, order=order)
    (found,), packets = read(octets)
    assert (found.time_ns, str(found.destination), found.payload) == (
        0x1_0000_0005 * 1000,
        "192.0.2.2:5000",
        b"payload",
    )
    assert (packets.kind, packets.link_layers, packets.notes) == ("pcapng", ("Ethernet",), ())


@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        (0, 5, 5 * 10**9),
        (3, 5, 5 * 10**6),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (9, 2**64 - 1, 2**64 - 1),
        (6, 2**64 - 1, (2**64 - 1) * 1000),
        (7, 15, 1500),
        (12, 1999, 1),
        (127, 2**64 - 1, 0),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 10, 1, 976_562),
        (0x80 | 64, 2**63, 500_000_000),
    ],
)
def test_clocks(resolution: int, ticks: int, time_ns: int) -> None:
    clock = option(9, bytes([resolution])) + option(0, b"")
    (found,), _ = read(section() + interface(options=clock) + enhanced(FRAME, ticks))
    assert found.time_ns == time_ns


def test_a_clock_with_an_offset() -> None:
    clock = option(2, b"eth0") + option(9, b"\x09") + option(14, struct.pack("<q", -3600))
    (found,), _ = read(section() + interface(options=clock) + enhanced(FRAME, 3_601_000_000_007))
    assert found.time_ns == 1_000_000_007


def test_interfaces_and_sections() -> None:
    octets = section() + interface(1) + interface(101, options=option(9, b"\x09"))
    octets += enhanced(FRAME, 7) + enhanced(IP, 7, number=1)
    octets += section(">") + interface(228, order=">") + enhanced(IP, 8, order=">")
    found, packets = read(octets)
    assert [(one.number, one.time_ns) for one in found] == [(1, 7000), (2, 7), (3, 8000)]
    assert packets.link_layers == ("Ethernet", "raw IP", "raw IPv4")


def test_every_packet_block_and_unknown_ones() -> None:
    octets = section(options=option(4, b"dumpcap")) + block(0x0A, b"secrets of TLS") + interface(snap_octets=1000)
    octets += block(2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 9, len(FRAME), len(FRAME)) + FRAME)
    octets += block(3, struct.pack("<I", len(FRAME)) + FRAME)
    octets += block(0x80000BAD, bytes(1_000_001)) + enhanced(FRAME, 11, options=option(1, b"a comment"))
    found, packets = read(octets)
    assert [(one.number, one.time_ns, one.payload) for one in found] == [
        (1, 9000, b"payload"),
        (2, 0, b"payload"),
        (3, 11_000, b"payload"),
    ]
    assert packets.counts.untimed == 1


def test_simple_packets_are_cut_by_the_interface() -> None:
    octets = section() + interface(snap_octets=len(FRAME) - 1) + block(3, struct.pack("<I", len(FRAME)) + FRAME[:-1])
    found, packets = read(octets)
    assert (found, packets.counts.cut) == ([], 1)


def test_packets_that_the_capture_lost() -> None:
    lost = [block(5, struct.pack("<III", 0, 0, 0) + option(5, struct.pack("<Q", n))) for n in (3, 5)]
    _, packets = read(START + lost[0] + lost[1] + START + lost[0])
    assert packets.counts.lost_by_capture == 8


def test_long_blocks() -> None:
    comment = option(1, b"x" * 65_000)
    octets = START + enhanced(FRAME, 1, options=comment * 5) + enhanced(bytes(262_145)) + enhanced(FRAME, 2)
    found, packets = read(octets)
    assert [one.time_ns for one in found] == [1000, 2000]
    assert packets.counts.other == 1


def test_a_cut_last_block_is_a_note() -> None:
    octets = START + enhanced(FRAME)
    last = enhanced(FRAME)
    for there in range(1, len(last)):
        found, packets = read(octets + last[:there])
        assert len(found) == 1
        assert packets.notes == (f"the file ends inside packet 2: {there} octets of it are there",)
    long = block(77, bytes(1_000_000))
    _, packets = read(octets + long[:700_000])
    assert packets.counts.incomplete_octets == 700_000


FIXED = struct.pack("<IIIII", 0, 0, 0, len(FRAME), len(FRAME))


@pytest.mark.parametrize(
    ("octets", "offset", "rule"),
    [
        (START + struct.pack("<III", 6, 35, 0), 52, "the block's length is not a multiple of 4"),
        (START + struct.pack("<III", 9, 8, 0), 52, "the block has 8 octets, a multiple of 4 from 12 on is needed"),
        (START + enhanced(FRAME)[:-4] + bytes(4), 52, "the block's length and the one at its end differ"),
        (START + block(9, b"")[:-4] + bytes(4), 56, "the block at octet 48 has 12 octets, its end says otherwise"),
        (START + enhanced(FRAME, number=1), 56, "the packet's interface is not described in its section"),
        (START + block(6, FIXED + FRAME[:-4]), 68, "the packet is longer than its block"),
        (section() + block(3, bytes(4)), 28, "the packet comes before the interface of its section"),
        (section(major=2), 12, "version 2.0 of pcapng is not supported, 1.0 is"),
        (
            section() + interface(options=struct.pack("<HH", 2, 9) + bytes(4)),
            46,
            "the option has 9 octets, the block 4",
        ),
        (START + bytes.fromhex("0a0d0d0a 1c000000 11223344"), 56, "the byte-order magic of the section is 11223344"),
    ],
)
def test_broken_blocks(octets: bytes, offset: int, rule: str) -> None:
    with pytest.raises(PacketFileError) as caught:
        read(octets)
    assert (caught.value.offset_octets, caught.value.rule[: len(rule)]) == (offset, rule)


def test_interfaces_are_bounded() -> None:
    with pytest.raises(PacketFileError, match="more than 65536 interfaces"):
        read(section() + interface() * 65_537)


def test_a_first_section_that_is_none() -> None:
    with pytest.raises(PacketFileError, match="octet 8: the byte-order magic"):
        rtpcodec.open_packets(io.BytesIO(bytes.fromhex("0a0d0d0a 1c000000 11223344")))
    with pytest.raises(PacketFileError, match="octet 0: the file ends in the header"):
        rtpcodec.open_packets(io.BytesIO(section()[:11]))
