"""The streams of a capture: whatever its datagrams hold, the report is consistent and nothing is raised.

Layout of an input: datagrams, each behind its length in two octets and an octet for its addresses and time. Each is
read as RTCP as well, where only PacketError is documented.
"""

from collections.abc import Iterator

from rtpcodec.errors import PacketError
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.discovery import StreamFinder
from rtpcodec.rtp.capture.report import CapturedStream
from rtpcodec.rtp.rtcp import parse_rtcp

ENDS = tuple(SocketAddress(bytes((192, 0, 2, host)), port) for host in (1, 2) for port in (4000, 4002))
HEAD_OCTETS = 3


def datagrams(data: bytes) -> Iterator[Datagram]:
    """Cut an input into datagrams."""
    at = number = time_ns = 0
    while len(data) - at > HEAD_OCTETS:
        octets, choice = int.from_bytes(data[at : at + 2], "big"), data[at + 2]
        payload = data[at + HEAD_OCTETS : at + HEAD_OCTETS + octets]
        at += HEAD_OCTETS + len(payload)
        number += 1
        time_ns += (choice >> 4) * 5_000_000
        yield Datagram(time_ns, ENDS[choice & 3], ENDS[choice >> 2 & 3], payload, number)


def run(data: bytes) -> int:
    """Find the streams of an input, and read its datagrams as RTCP."""
    finder = StreamFinder()
    all_datagrams = list(datagrams(data))
    finder.receive(all_datagrams)
    report = finder.report()
    assert report.counts.datagrams == len(all_datagrams)
    assert sum(stream.packets for stream in report.streams) == report.counts.rtp
    in_calls = [id(stream) for call in report.calls for stream in call.streams]
    assert sorted(in_calls) == sorted(map(id, report.streams))
    for stream in report.streams:
        _check(stream)
    for one in all_datagrams:
        try:
            assert parse_rtcp(one.payload)
        except PacketError:
            continue
    return 1 + len(all_datagrams)


def _check(stream: CapturedStream) -> None:
    assert stream.packets == sum(stream.payload_type_packets.values())
    assert stream.payload_type_packets.keys() == stream.codecs.keys()
    assert 0 <= stream.lost <= stream.expected
    assert stream.loss_bursts <= stream.lost
    assert (stream.loss_bursts == 0) == (stream.lost == 0)
    assert stream.duplicates + stream.late < stream.packets
    assert stream.min_payload_octets <= stream.max_payload_octets
    assert stream.mos is None or 1 <= stream.mos <= 4.5
