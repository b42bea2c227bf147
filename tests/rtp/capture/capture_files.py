"""Packets and capture files, written octet by octet, independent of the package."""

from __future__ import annotations

import struct
from collections.abc import Iterable

A = bytes((192, 0, 2, 1))
B = bytes((192, 0, 2, 2))
A6 = bytes.fromhex("20010db8000000000000000000000001")
B6 = bytes.fromhex("20010db8000000000000000000000002")


def udp(payload: bytes, source_port: int = 4000, destination_port: int = 5000) -> bytes:
    """Return a datagram of UDP without a checksum."""
    return struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def ipv4(body: bytes, *, protocol: int = 17, options: bytes = b"", fragment: int = 0) -> bytes:
    """Return a packet of IPv4. `fragment` is the field of flags and offset."""
    words, octets = 5 + len(options) // 4, 20 + len(options) + len(body)
    return struct.pack(">BBHHHBBH", 0x40 | words, 0, octets, 1, fragment, 64, protocol, 0) + A + B + options + body


def ipv6(body: bytes, *, header: int = 17) -> bytes:
    """Return a packet of IPv6; extension headers are part of the body."""
    return struct.pack(">IHBB", 0x60000000, len(body), header, 64) + A6 + B6 + body


def ethernet(body: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    """Return a frame of Ethernet; tags are whole, with their type."""
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
    """Return a classic capture with a packet per 20 ms; (packet, original length) is a truncated one."""
    octets = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    unit = 20_000_000 if magic == 0xA1B23C4D else 20_000
    for n, packet in enumerate(packets):
        captured, original = packet if isinstance(packet, tuple) else (packet, len(packet))
        octets += struct.pack(order + "IIII", start + n // 50, n % 50 * unit, len(captured), original)
        octets += extra + captured
    return octets


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return a block of pcapng, padded to a multiple of 4 octets."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """Return an option of a block."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", major: int = 1, options: bytes = b"") -> bytes:
    """Return a section header block, of a section of unspecified length."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1) + options, order)


def interface(link_type: int = 1, snap_octets: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    """Return an interface description block."""
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_octets) + options, order)


def enhanced(
    packet: bytes,
    ticks: int = 0,
    *,
    number: int = 0,
    original: int | None = None,
    order: str = "<",
    options: bytes = b"",
) -> bytes:
    """Return an enhanced packet block of interface `number`."""
    lengths = (len(packet), len(packet) if original is None else original)
    fixed = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    return block(6, fixed + packet + bytes(-len(packet) % 4) + options, order)
