"""Captures of any source: paths, pipes, gzip; memory; other programs' reading of the same files."""

from __future__ import annotations

import gc
import gzip
import io
import os
import socket
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import dpkt
import pytest
import rtpkit

import rtpcodec
from rtpcodec.errors import PacketFileError
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from tests.rtp.capture.capture_files import A, B, block, enhanced, ethernet, interface, ipv4, ipv6, pcap, section, udp
from tests.rtp.capture.compared import SlowPipe
from tests.traced_memory import traced

FRAME = ethernet(ipv4(udp(b"payload")))
MIXED = [
    ethernet((ipv4 if n % 3 else ipv6)(udp(bytes([n]) * n, 4000 + n)), 0x0800 if n % 3 else 0x86DD) for n in range(100)
] + [ethernet(ipv4(bytes(20), protocol=6)), ethernet(bytes(46), 0x0806)]
CLASSIC = pcap(MIXED)
BLOCKS = section() + interface() + b"".join(enhanced(packet, n * 20_000) for n, packet in enumerate(MIXED))


def read(octets: bytes) -> list[Datagram]:
    return list(rtpcodec.open_packets(io.BytesIO(octets)))


@pytest.mark.parametrize("octets", [CLASSIC, BLOCKS])
def test_dpkt_reads_the_same(octets: bytes) -> None:
    expected = []
    for time_s, packet in dpkt.pcap.UniversalReader(io.BytesIO(octets)):
        transport = getattr(dpkt.ethernet.Ethernet(packet).data, "data", None)
        if isinstance(transport, dpkt.udp.UDP):
            expected.append((round(time_s * 1e6) * 1000, transport.sport, transport.dport, bytes(transport.data)))
    found = [(one.time_ns, one.source.port, one.destination.port, one.payload) for one in read(octets)]
    assert (found, len(found)) == (expected, 100)


@pytest.mark.parametrize("octets", [CLASSIC, BLOCKS])
def test_rtpkit_reads_the_same(octets: bytes) -> None:
    expected = []
    for packet in rtpkit.read_capture(octets):
        datagram = rtpkit.decapsulate_udp(packet.link_type, packet.data)
        if datagram is not None:
            source = SocketAddress(socket_host(datagram.src_ip), datagram.src_port)
            destination = SocketAddress(socket_host(datagram.dst_ip), datagram.dst_port)
            expected.append((source, destination, bytes(datagram.payload)))
    assert [(one.source, one.destination, one.payload) for one in read(octets)] == expected


def socket_host(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


@pytest.mark.parametrize("octets", [CLASSIC, BLOCKS])
def test_a_path_gzip_and_a_pipe_give_the_same(octets: bytes, tmp_path: Path) -> None:
    expected = read(octets)
    for name, content in (("call.pcap", octets), ("call.pcap.gz", gzip.compress(octets))):
        path = tmp_path / name
        path.write_bytes(content)
        for source in (path, str(path)):
            with rtpcodec.open_packets(source) as packets:
                assert (list(packets), packets.name) == (expected, name)
        with path.open("rb") as file:
            assert list(rtpcodec.open_packets(file)) == expected
            assert not file.closed
        assert list(rtpcodec.open_packets(SlowPipe(content))) == expected
    inside, outside = os.pipe()
    os.write(outside, octets)
    os.close(outside)
    with open(inside, "rb") as pipe:  # noqa: PTH123 -- a descriptor
        assert list(rtpcodec.open_packets(pipe)) == expected


def test_packets_of_a_pipe_come_before_its_end() -> None:
    inside, outside = os.pipe()
    with open(inside, "rb") as pipe, open(outside, "wb", buffering=0) as source:  # noqa: PTH123 -- descriptors
        source.write(pcap([FRAME]))
        packets = rtpcodec.open_packets(pipe)
        assert next(packets).number == 1
        source.write(pcap([FRAME])[24:])
        assert next(packets).number == 2


def test_gzip_that_ends_early_or_is_damaged() -> None:
    packed = gzip.compress(CLASSIC)
    packets = rtpcodec.open_packets(io.BytesIO(packed[: len(packed) // 2]))
    assert 0 < len(list(packets)) < 100
    assert packets.notes[-1] == "the compressed data are truncated"
    damaged = packed[:-8] + bytes(8)
    with pytest.raises(PacketFileError, match="the gzip data are not valid: CRC check failed"):
        read(damaged)
    with pytest.raises(PacketFileError, match="octet 0: the gzip data are not valid"):
        read(b"\x1f\x8b" + bytes(20))


def test_a_file_that_would_block() -> None:
    inside, outside = os.pipe()
    os.set_blocking(inside, False)
    with open(inside, "rb", buffering=0) as pipe, open(outside, "wb"), pytest.raises(BlockingIOError):  # noqa: PTH123
        rtpcodec.open_packets(pipe)


def test_addresses_are_shared_and_outlive_the_reader() -> None:
    found = read(pcap([FRAME] * 3))
    assert found[0].source is found[2].source
    hosts = [ethernet(ipv4(udp(b"", 1 + n))) for n in range(5000)]
    ports = [one.source.port for one in read(pcap(hosts * 2))]
    assert ports == [*range(1, 5001)] * 2
    assert {type(one.source) for one in found} == {SocketAddress}
    assert found[0] == Datagram(found[0].time_ns, SocketAddress(A, 4000), SocketAddress(B, 5000), b"payload", 1)


class Endless(io.RawIOBase):
    """A file that never ends before `octets` were read."""

    def __init__(self, start: bytes, again: bytes, octets: int) -> None:
        self.rest, self.again, self.left = start, again * (1 + 65_536 // len(again)), octets

    def read(self, size: int = -1, /) -> bytes:
        if not self.rest and self.left > 0:
            self.rest, self.left = self.again, self.left - len(self.again)
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece


def zipped(octets: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(pcap([]))]
    pieces += [packer.compress(bytes(2**20)) for _ in range(octets >> 20)]
    return b"".join(pieces) + packer.flush()


RECORD = pcap([FRAME])[24:]
BLOCK = enhanced(FRAME)
CLAIMS = struct.pack("<II", 0x0BAD, 0xFFFFFFFC)


@pytest.mark.parametrize(
    ("start", "again", "octets"),
    [
        (pcap([]), RECORD, 4_000_000),
        (section() + interface(), BLOCK, 4_000_000),
        (section() + CLAIMS, bytes(65_536), 20_000_000),
        (
            section() + interface() + struct.pack("<II", 6, 0x0FFFFFFC) + struct.pack("<6I", *[0] * 6),
            bytes(65_536),
            20_000_000,
        ),
        (section() + interface() + struct.pack("<II", 1, 0x0FFFFFFC) + bytes(8), bytes(65_536), 20_000_000),
        (section() + interface(), block(5, bytes(12)), 200_000),
        (zipped(20_000_000), b"\x00", 0),
    ],
    ids=["pcap", "pcapng", "unknown block", "packet block", "interface block", "statistics", "gzip"],
)
def test_memory_does_not_grow_with_the_file(start: bytes, again: bytes, octets: int) -> None:
    with traced():
        for _ in rtpcodec.open_packets(Endless(start, again, octets)):  # type: ignore[arg-type]
            pass
        assert tracemalloc.get_traced_memory()[1] < 3_500_000


def test_nothing_is_left_of_what_was_read() -> None:
    octets = section() + interface() + b"".join(enhanced(packet) for packet in MIXED * 3) + BLOCK[:-4] + bytes(4)

    def run() -> None:
        with pytest.raises(PacketFileError):
            read(octets)

    run()
    gc.collect()
    types = [sys.getrefcount(kind) for kind in (Datagram, SocketAddress)]
    with traced():
        for _ in range(3):
            run()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            run()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    assert [sys.getrefcount(kind) for kind in (Datagram, SocketAddress)] == types


def test_reading_needs_nothing_that_is_slow_to_load() -> None:
    command = "import sys, rtpcodec; rtpcodec.open_packets; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True)
    assert not {"numpy", "msgspec", "asyncio"} & set(done.stdout.split())
