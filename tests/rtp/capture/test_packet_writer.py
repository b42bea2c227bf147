"""Written captures are read back, with the checksums of dpkt and rtpkit."""

from __future__ import annotations

import io
import random
from pathlib import Path

import dpkt
import pytest
import rtpkit

from rtpcodec import open_packets
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.packet_writer import PacketWriter, write_packets
from tests.rtp.capture.capture_files import A6, B6, A, B
from tests.rtp.capture.compared import compare


def datagrams() -> list[Datagram]:
    chance = random.Random(5)
    found = []
    for n in range(300):
        hosts = (A, B) if n % 2 else (A6, B6)
        source, destination = (
            SocketAddress(host, chance.choice((0, 65535, chance.randrange(65536)))) for host in hosts
        )
        found.append(Datagram(n * 1_234_567_891, source, destination, chance.randbytes(n), n + 1))
    return [*found, Datagram((2**32 - 1) * 10**9, SocketAddress(A, 0), SocketAddress(B, 0), bytes(65_507), 301)]


def test_written_datagrams_are_read() -> None:
    file = io.BytesIO()
    assert write_packets(file, datagrams()) == 301
    assert compare(file.getvalue())[0] == datagrams()
    file.seek(0)
    assert open_packets(file).kind == "pcap"


def test_checksums() -> None:
    file = io.BytesIO()
    write_packets(file, datagrams())
    for (_, octets), one in zip(dpkt.pcap.Reader(io.BytesIO(file.getvalue())), datagrams(), strict=True):
        packet = dpkt.ethernet.Ethernet(octets).data
        sums = (getattr(packet, "sum", 0), packet.data.sum)
        packet.data.sum = 0
        if isinstance(packet, dpkt.ip.IP):
            packet.sum = 0
        again = type(packet)(bytes(packet))  # dpkt works the sums out where they are 0
        assert sums == (getattr(again, "sum", 0), again.data.sum)
        expected = rtpkit.encapsulate_udp(1, *named(one.source, one.destination), one.payload)
        udp_at = len(octets) - 8 - len(one.payload)
        assert octets[udp_at - 8 :] == expected[udp_at - 8 :]


def named(source: SocketAddress, destination: SocketAddress) -> tuple[str, str, int, int]:
    hosts = [str(one).rpartition(":")[0].strip("[]") for one in (source, destination)]
    return hosts[0], hosts[1], source.port, destination.port


def test_a_sum_of_zero_is_sent_as_all_ones() -> None:
    payload = (0xFFFF - sum_of(b"")).to_bytes(2, "big")
    assert sum_of(payload) == 0xFFFF
    file = io.BytesIO()
    write_packets(file, [Datagram(0, SocketAddress(A, 1), SocketAddress(B, 2), payload, 1)])
    assert file.getvalue()[-4:-2] == b"\xff\xff"


def sum_of(payload: bytes) -> int:
    """Return the sum of RFC 768, word by word."""
    total = 0
    for octets in (A, B, b"\x00\x11", b"\x00\x0a", b"\x00\x01", b"\x00\x02", b"\x00\x0a", payload):
        total += sum(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize(
    ("datagram", "rule"),
    [
        (Datagram(0, SocketAddress(A, 1), SocketAddress(B6, 2), b"", 1), "the hosts have 4 and 16 octets"),
        (Datagram(0, SocketAddress(b"", 1), SocketAddress(b"", 2), b"", 1), "the hosts have 0 and 0 octets"),
        (Datagram(0, SocketAddress(A, -1), SocketAddress(B, 65536), b"", 1), "the ports are -1 and 65536"),
        (
            Datagram(0, SocketAddress(A, 1), SocketAddress(B, 2), bytes(65_508), 1),
            "has 65508 octets, a datagram has room for 65507",
        ),
        (Datagram(0, SocketAddress(A6, 1), SocketAddress(B6, 2), bytes(65_528), 1), "a datagram has room for 65527"),
        (Datagram(-1, SocketAddress(A, 1), SocketAddress(B, 2), b"", 1), "time_ns is -1, 0 to 4294967295999999999 fit"),
        (Datagram(2**32 * 10**9, SocketAddress(A, 1), SocketAddress(B, 2), b"", 1), "time_ns is 4294967296000000000"),
    ],
)
def test_datagrams_that_do_not_fit_leave_no_file(datagram: Datagram, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "call.pcap"
    with pytest.raises(ValueError, match=rule):
        write_packets(path, [datagram])
    assert not path.exists()


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "call.pcap"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        PacketWriter(path)
    assert path.read_bytes() == b"mine"
