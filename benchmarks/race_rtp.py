"""RTP packets of 20 ms: parsed including the payload, and built from their fields. Every contender is one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import octets
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes
from rtpcodec import RtpPacket

PEERS: Final = ("aiortc", "dpkt")
BAR: Final = Bar(8.0)
PAYLOAD_TYPE, SEQUENCE_NUMBER, TIMESTAMP, SSRC = 0, 1000, 160_000, 0x12345678


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of both directions, and of parsing a header with all parts."""
    yield "rtp parse", parse
    yield "rtp parse, CSRC, extension, padding", parse_full
    yield "rtp build", build


def parse() -> Race:
    """Race parsing a plain packet to its payload as bytes."""
    return _parse(_built(octets(160)))


def parse_full() -> Race:
    """Race the same with a CSRC, a header extension and padding. dpkt leaves padding in the payload."""
    front = bytes.fromhex("b180ffffffffff60deadbeef11111111bede0002109e320102030000")
    return _parse(front + octets(160) + b"\0\2", ("aiortc",), bar=None)


def build() -> Race:
    """Race building a packet from its fields, as bytes."""
    payload = octets(160)
    mine = Contender("rtpcodec", _built, (payload,), codes)
    rivals = contenders(PEERS, "build", PAYLOAD_TYPE, SEQUENCE_NUMBER, TIMESTAMP, SSRC, payload)
    floor = Contender("fresh object", floors.fresh_same, (bytes(172),))
    return Race("frame", 1, mine, rivals, floor, BAR)


def _parse(datagram: bytes, peers: tuple[str, ...] = PEERS, bar: Bar | None = BAR) -> Race:
    mine = Contender("rtpcodec", _payload, (datagram,), codes)
    floor = Contender("fresh object", floors.fresh_same, (bytes(160),))
    return Race("frame", 1, mine, contenders(peers, "parse", datagram), floor, bar)


def _payload(datagram: bytes) -> bytes:
    return RtpPacket.parse(datagram).payload


def _built(payload: bytes) -> bytes:
    return RtpPacket(
        payload_type=PAYLOAD_TYPE, sequence_number=SEQUENCE_NUMBER, timestamp=TIMESTAMP, ssrc=SSRC, payload=payload
    ).build()
