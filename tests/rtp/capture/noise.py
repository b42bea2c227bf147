"""UDP datagrams that are not RTP, as captures contain them: seeded, with the headers of their standards."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from struct import pack

from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from tests.rtp.capture.wire import ALICE, BOB, START_NS

Flow = Iterator[bytes]


def random_octets(chance: random.Random) -> Flow:
    while True:
        yield chance.randbytes(chance.choice((0, 1, 11, 12, 20, 172, 400, 1200)))


def random_behind_a_version(chance: random.Random) -> Flow:
    """Return datagrams with the first octets of RTP, and everything else random."""
    while True:
        yield bytes((0x80, 0)) + chance.randbytes(170)


def dns(chance: random.Random) -> Flow:
    while True:
        flags = chance.choice((0x0100, 0x8180))
        yield (
            pack(">6H", chance.getrandbits(16), flags, 1, flags >> 15, 0, 0)
            + b"\x03www\x07example\x03com\0\0\x01\0\x01"
        )


def stun(chance: random.Random) -> Flow:
    while True:
        yield pack(">HHI", chance.choice((1, 0x101, 0x11)), 8, 0x2112A442) + chance.randbytes(12) + bytes(8)


def old_stun(chance: random.Random) -> Flow:
    while True:
        yield pack(">HH", 1, 0) + chance.randbytes(16)


def turn_channel(chance: random.Random) -> Flow:
    """Return RTP in a TURN channel, whose addresses are not those of the stream."""
    for number in range(1 << 30):
        yield pack(">HHBBHII", 0x4001, 172, 0x80, 0, number & 0xFFFF, 160 * number, 7) + chance.randbytes(160)


def dtls(chance: random.Random) -> Flow:
    for number in range(1 << 30):
        kind = chance.choice((20, 21, 22, 23))
        yield pack(">BHHHIH", kind, 0xFEFD, 1, 0, number, 64) + chance.randbytes(64)


def quic_long(chance: random.Random) -> Flow:
    identity = chance.randbytes(8)
    while True:
        yield bytes((0xC0 | chance.getrandbits(4),)) + b"\0\0\0\1\x08" + identity + chance.randbytes(1180)


def quic_short(chance: random.Random) -> Flow:
    """Return QUIC, also without the fixed bit (RFC 9287), so that the first octet can look like RTP's."""
    identity = chance.randbytes(8)
    while True:
        yield bytes((chance.getrandbits(8) & 0xBF,)) + identity + chance.randbytes(chance.randrange(20, 1200))


def rtcp(chance: random.Random) -> Flow:
    while True:
        yield pack(">BBHIQIII", 0x80, 200, 6, 7, chance.getrandbits(64), chance.getrandbits(32), 9, 9)


def encrypted_rtcp(chance: random.Random) -> Flow:
    while True:
        yield pack(">BBHI", 0x80, 200, 6, 7) + chance.randbytes(34)


def ntp(chance: random.Random) -> Flow:
    while True:
        yield bytes((0xA3, 2, 6, 0xEC)) + chance.randbytes(44)


def esp(chance: random.Random) -> Flow:
    for number in range(1 << 30):
        yield pack(">II", 0x80000000 | 0x123456, number) + chance.randbytes(100)


def iax(chance: random.Random) -> Flow:
    for number in range(1 << 30):
        yield (
            pack(">HHIBB", 0x8005, 0x0007, 20 * number, number & 0xFF, number & 0xFF) + b"\2\4" + chance.randbytes(160)
        )


def fixed_header(chance: random.Random) -> Flow:
    """Return a protocol whose first twelve octets are constant."""
    header = b"\x80\x60\0\1" + chance.randbytes(8)
    while True:
        yield header + chance.randbytes(100)


def counter_without_source(chance: random.Random) -> Flow:
    """Return sequence numbers and timestamps as in RTP, but random octets in place of the SSRC."""
    for number in range(1 << 30):
        yield pack(">BBHI", 0x80, 0x60, number & 0xFFFF, 160 * number) + chance.randbytes(80)


FLOWS: tuple[Callable[[random.Random], Flow], ...] = (
    random_octets,
    random_behind_a_version,
    dns,
    stun,
    old_stun,
    turn_channel,
    dtls,
    quic_long,
    quic_short,
    rtcp,
    encrypted_rtcp,
    ntp,
    esp,
    iax,
    fixed_header,
    counter_without_source,
)


def datagrams(
    flow: Flow, count: int, source: SocketAddress = ALICE, destination: SocketAddress = BOB
) -> list[Datagram]:
    """Yield datagrams of a flow, 20 ms apart."""
    return [Datagram(START_NS + 20_000_000 * n, source, destination, next(flow), n + 1) for n in range(count)]
