"""aiortc: the RTP packets of its WebRTC stack."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes

rtp: Any = import_module("aiortc.rtp")
NAME: Final = f"aiortc {version('aiortc')}"


def parse(datagram: bytes) -> Iterator[Contender]:
    """Parse a packet and return its payload."""
    packet_of = rtp.RtpPacket.parse

    def payload(octets: bytes) -> Any:
        return packet_of(octets).payload

    yield Contender(NAME, payload, (datagram,), codes)


def build(payload_type: int, sequence_number: int, timestamp: int, ssrc: int, payload: bytes) -> Iterator[Contender]:
    """Build a packet from its fields."""
    packet_of = rtp.RtpPacket

    def built(octets: bytes) -> Any:
        return packet_of(
            payload_type=payload_type,
            sequence_number=sequence_number,
            timestamp=timestamp,
            ssrc=ssrc,
            payload=octets,
        ).serialize()

    yield Contender(NAME, built, (payload,), codes)
