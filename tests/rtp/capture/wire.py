"""Datagrams of test captures: RTP streams and RTCP, with their times of arrival."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from rtpcodec import RtpPacket
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress

START_NS = 1_700_000_000_000_000_000
ALICE = SocketAddress(bytes((192, 0, 2, 1)), 4000)
BOB = SocketAddress(bytes((198, 51, 100, 2)), 5002)


def stream(
    count: int,
    source: SocketAddress = ALICE,
    destination: SocketAddress = BOB,
    *,
    ssrc: int = 0x1234,
    payload_type: int = 0,
    step_ticks: int = 160,
    packet_ms: float = 20,
    sequence_number: int = 65_500,
    timestamp: int = 0xFFFF_F000,
    start_ms: float = 0,
    jitter_ms: float = 0,
    payload_of: Callable[[int], bytes] = lambda _number: bytes(160),
    seed: int = 1,
) -> list[Datagram]:
    """Return packets of one stream, with seeded jitter, in the order of arrival."""
    chance = random.Random(seed)
    datagrams = []
    for number in range(count):
        packet = RtpPacket(
            payload_type=payload_type,
            sequence_number=(sequence_number + number) & 0xFFFF,
            timestamp=(timestamp + number * step_ticks) & 0xFFFF_FFFF,
            ssrc=ssrc,
            payload=payload_of(number),
        )
        at_ms = start_ms + number * packet_ms + chance.random() * jitter_ms
        datagrams.append(Datagram(START_NS + round(at_ms * 1e6), source, destination, packet.build(), 0))
    return in_order(datagrams)


def in_order(*captures: Iterable[Datagram]) -> list[Datagram]:
    """Return datagrams of several captures by time, numbered."""
    datagrams = sorted((one for capture in captures for one in capture), key=lambda one: one.time_ns)
    return [one._replace(number=number) for number, one in enumerate(datagrams, start=1)]
