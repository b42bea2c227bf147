"""Packets and capture files, written octet by octet: the tests' own spelling of the formats."""

from __future__ import annotations

import struct
from collections.abc import Iterable

A = bytes((192, 0, 2, 1))
B = bytes((192, 0, 2, 2))
A6 = bytes.fromhex("20010db8000000000000000000000001")
B6 = bytes.fromhex("20010db8000000000000000000000002")


def udp(payload: bytes, source_port: int = 4000, destination_port: int = 5000) -> bytes:
    """A datagram of UDP without a checksum."""
    return struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def ipv4(body: bytes, *, protocol: int = 17, options: bytes = b"", fragment: int = 0) -> bytes:
    """A packet of IPv4. `fragment` is the field of flags and offset."""
    words, octets = 5 + len(options) // 4, 20 + len(options) + len(body)
    return struct.pack(">BBHHHBBH", 0x40 | words, 0, octets, 1, fragment, 64, protocol, 0) + A + B + options + body


def ipv6(body: bytes, *, header: int = 17) -> bytes:
    """A packet of IPv6; extension headers are part of the body."""
    return struct.pack(">IHBB", 0x60000000, len(body), header, 64) + A6 + B6 + body


def ethernet(body: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    """A frame of Ethernet; tags are whole ones, with their type."""
    return bytes(range(12)) + tags + kind.to_bytes(2, "big") + body


def pcap(
    packets: Iterable[bytes | tuple[bytes, int]],
    *,
    link_type: int = 1,
    magic: int = 0xA1B2C3D4,
    order: str = "<",
    extra: bytes = b"",
    start: int = 1_700_000_000,
) -> bytes:
    """A classic capture with a packet per 20 ms; (packet, original length) is one that was cut."""
    octets = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    unit = 20_000_000 if magic == 0xA1B23C4D else 20_000
    for n, packet in enumerate(packets):
        captured, original = packet if isinstance(packet, tuple) else (packet, len(packet))
        octets += struct.pack(order + "IIII", start + n // 50, n % 50 * unit, len(captured), original)
        octets += extra + captured
    return octets
