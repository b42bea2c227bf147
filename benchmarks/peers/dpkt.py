"""dpkt: packets of many protocols, in pure Python."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes

rtp: Any = import_module("dpkt.rtp")
NAME: Final = f"dpkt {version('dpkt')}"


def parse(datagram: bytes) -> Iterator[Contender]:
    """Parse a packet and return its payload."""
    packet_of = rtp.RTP

    def payload(octets: bytes) -> Any:
        return packet_of(octets).data

    yield Contender(NAME, payload, (datagram,), codes)


def build(payload_type: int, sequence_number: int, timestamp: int, ssrc: int, payload: bytes) -> Iterator[Contender]:
    """Build a packet from its fields."""
    packet_of = rtp.RTP

    def built(octets: bytes) -> Any:
        packet = packet_of(seq=sequence_number, ts=timestamp, ssrc=ssrc, data=octets)
        packet.pt = payload_type
        return bytes(packet)

    yield Contender(NAME, built, (payload,), codes)
