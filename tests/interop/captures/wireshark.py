"""Wireshark's tshark reads our captures, and we read packets as it does; `make interop` runs these tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rtpcodec import open_packets
from rtpcodec.codecs import codec
from rtpcodec.stream.plan import StreamPlan
from tests.rtp.capture.capture_files import enhanced, interface, ipv6, pcap, section, udp
from tests.rtp.capture.test_frames import OTHER, WHOLE
from tests.stream import carrier
from tests.stream.test_pcap_export import Export, speech

UDP = udp(b"payload")
NOT_OF_TSHARK = {
    "the tag 0x9200 of a VLAN": b"\x92\x00",
    "IPv6 of Linux behind BSD loopback": b"\x0a\x00\x00\x00\x60",
    "a jumbogram of UDP": udp(b"payload")[:4] + bytes(4),
    "IPv6 without a length": ipv6(UDP)[:4] + bytes(2),
    "octets behind UDP, shown as payload": UDP + b"behind",
}
"""Packets that tshark shows differently, by some of their octets."""


def tshark(path: Path, *arguments: str) -> list[str]:
    """Return the lines of tshark's output."""
    command = ["tshark", "-r", str(path), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return [line for line in done.stdout.splitlines() if line.strip()]


def test_a_call_has_two_streams_and_no_fault(tmp_path: Path) -> None:
    export = Export(tmp_path, StreamPlan(send_codec="G722"), lead_ms=None)
    export.receive(carrier.start("OPUS", 16000), 0.0)
    encoder = codec("OPUS").encoder(16000)
    for n in range(100):
        if n != 40:
            export.receive(carrier.media(encoder.encode(bytes(640)), n + 1, timestamp=20 * n), 20.0 * n + 20)
    for n in range(60):
        export.session.play_payload(speech(n))
    export.send(2100.0)
    export.datagrams()
    streams = [line.split() for line in tshark(export.pcap, "-q", "-z", "rtp,streams")[2:-1]]
    assert [(one[2], one[3], one[7], one[8], one[9]) for one in streams] == [
        ("192.0.2.2", "5000", "g722", "60", "0"),
        ("192.0.2.1", "4000", "opus", "99", "1"),
    ]
    checked = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    bad = "ip.checksum.status == 0 or udp.checksum.status == 0 or _ws.malformed"
    assert tshark(export.pcap, *checked, "-Y", bad) == []
    assert len(tshark(export.pcap, "-Y", "sip")) == 4


def not_odd(packet: bytes) -> bool:
    return not any(octets in packet for octets in NOT_OF_TSHARK.values())


@pytest.mark.parametrize("link_type", sorted({link for link, _ in WHOLE}))
@pytest.mark.parametrize("blocks", [False, True], ids=["pcap", "pcapng"])
def test_datagrams_are_those_of_tshark(link_type: int, blocks: bool, tmp_path: Path) -> None:
    packets = [packet for link, packet in WHOLE if link == link_type and not_odd(packet)]
    packets += [packet for kind, link, packet in OTHER if link == link_type and kind in ("tcp", "other")]
    path = tmp_path / "call.pcap"
    if blocks:
        body = b"".join(enhanced(packet, 20_000 * n) for n, packet in enumerate(packets))
        path.write_bytes(section() + interface(link_type) + body)
    else:
        path.write_bytes(pcap(packets, link_type=link_type, start=0))
    names = ("frame.number", "frame.time_epoch", "udp.srcport", "udp.dstport", "udp.payload")
    fields = [part for name in names for part in ("-e", name)]
    lines = tshark(path, "-Y", "udp and not icmp and not icmpv6", "-T", "fields", *fields)
    with open_packets(path) as reader:
        found = [
            f"{one.number}\t{one.time_ns / 1e9:.9f}\t{one.source.port}\t{one.destination.port}\t{one.payload.hex()}"
            for one in reader
        ]
    assert found == lines
