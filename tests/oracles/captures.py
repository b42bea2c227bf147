"""Packet captures, parsed whole and slowly from the diagrams of the standards, to check the kernel.

pcap and pcapng by the drafts of the opsawg working group, link layers by tcpdump.org's list, IPv4 by RFC 791, IPv6 by
RFC 8200, UDP by RFC 768. `packets_of` gives time and octets of each packet, `look` what one is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple


class Broken(Exception):
    """Octets that break a rule of the file format."""


class Cut(Exception):
    """The file ends inside of a packet or block."""


class Packet(NamedTuple):
    link_type: int
    time_ns: int
    octets: bytes
    original: int


class Udp(NamedTuple):
    source: tuple[bytes, int]
    destination: tuple[bytes, int]
    payload: bytes


def packets_of(octets: bytes) -> Iterator[Packet]:
    """Return every packet of a file. Raises Broken or Cut if it does not end at a packet's end."""
    if octets[:4] != b"\n\r\r\n":
        yield from records_of(octets)
    elif len(octets) < 12:
        raise Broken
    else:
        yield from blocks_of(octets)


def records_of(octets: bytes) -> Iterator[Packet]:
    for order in "<>":
        magic = struct.unpack_from(order + "I", octets)[0] if len(octets) >= 4 else 0
        if magic in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34):
            break
    else:
        raise Broken
    if len(octets) < 24:
        raise Broken
    major, minor, _, _, _, link = struct.unpack_from(order + "HHiIII", octets, 4)
    if major != 2:
        raise Broken
    rest = octets[24:]
    extra = 8 if magic == 0xA1B2CD34 else 0
    while rest:
        if len(rest) < 16 + extra:
            raise Cut
        seconds, fraction, captured, original = struct.unpack_from(order + "IIII", rest)
        if minor < 4 and captured > original:
            captured, original = original, captured
        if captured > 262_144:
            raise Broken
        rest = rest[16 + extra :]
        if len(rest) < captured:
            raise Cut
        time_ns = seconds * 10**9 + fraction * (1 if magic == 0xA1B23C4D else 1000)
        yield Packet(link & 0xFFFF, time_ns, rest[:captured], original)
        rest = rest[captured:]


def options_of(octets: bytes, order: str) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(octets) >= 4:
        code, length = struct.unpack_from(order + "HH", octets)
        if code == 0:
            break
        if len(octets) < 4 + length:
            raise Broken
        found[code] = octets[4 : 4 + length]
        octets = octets[4 + (length + 3) // 4 * 4 :]
    return found


def order_of(magic: bytes) -> str:
    if magic not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
        raise Broken
    return ">" if magic[0] == 0x1A else "<"


def blocks_of(octets: bytes) -> Iterator[Packet]:
    order, interfaces = "<", list[tuple[int, int, Fraction, int]]()
    while octets:
        need(octets, 12)
        if octets[:4] == b"\n\r\r\n":
            order = order_of(octets[8:12])
        kind, length = struct.unpack_from(order + "II", octets)
        least = {0x0A0D0D0A: 28, 1: 20, 2: 32, 3: 16, 5: 24, 6: 32}.get(kind, 12)
        if length % 4 or length < least:
            raise Broken
        need(octets, length)
        if octets[length - 4 : length] != octets[4:8]:
            raise Broken
        body, octets = octets[8 : length - 4], octets[length:]
        if kind == 0x0A0D0D0A:
            if struct.unpack_from(order + "H", body, 4) != (1,):
                raise Broken
            interfaces = []
        elif kind == 1:
            interfaces.append(interface_of(body, order))
        elif kind == 5:
            options_of(body[12:], order)
        elif kind in (2, 3, 6):
            yield packet_of(kind, body, order, interfaces)


def interface_of(body: bytes, order: str) -> tuple[int, int, Fraction, int]:
    link, _, snap = struct.unpack_from(order + "HHI", body)
    options = options_of(body[8:], order)
    resolution = (options.get(9) or b"\x06")[0]
    tick = Fraction(1, 2 ** (resolution & 127) if resolution > 127 else 10**resolution)
    offset = options.get(14, b"")
    return link, snap, tick, struct.unpack(order + "q", offset)[0] if len(offset) == 8 else 0


def packet_of(kind: int, body: bytes, order: str, interfaces: list[tuple[int, int, Fraction, int]]) -> Packet:
    if kind == 3:
        if not interfaces:
            raise Broken
        (original,) = struct.unpack_from(order + "I", body)
        link, snap, _, _ = interfaces[0]
        return Packet(link, 0, body[4:][: min(original, snap or original)], original)
    number, high, low, captured, original = struct.unpack_from(order + "IIIII", body)
    if kind == 2:
        (number,) = struct.unpack_from(order + "H", body)
    if number >= len(interfaces) or captured > len(body) - 20:
        raise Broken
    link, _, tick, offset_s = interfaces[number]
    time_ns = int((high << 32 | low) * tick * 10**9 // 1) + offset_s * 10**9
    return Packet(link, time_ns, body[20 : 20 + captured], original)


def look(packet: Packet) -> Udp | str:
    """Return a packet's datagram, otherwise the kind by which it is counted."""
    if len(packet.octets) > 262_144:
        return "other"
    try:
        return link_layer(packet.link_type, packet.octets, max(0, packet.original - len(packet.octets)))
    except Cut:
        return "cut" if len(packet.octets) < packet.original else "malformed"
    except Broken:
        return "malformed"


def need(octets: bytes, length: int) -> None:
    if len(octets) < length:
        raise Cut


def link_layer(link: int, octets: bytes, missing: int) -> Udp | str:
    header = {0: 4, 1: 14, 12: 1, 14: 1, 101: 1, 108: 4, 113: 16, 228: 0, 229: 0, 276: 20}.get(link)
    if header is None:
        return "unknown_link"
    need(octets, header)
    if link in (228, 229):
        return (ipv4 if link == 228 else ipv6)(octets, missing)
    if link in (12, 14, 101):
        return {4: ipv4, 6: ipv6}.get(octets[0] >> 4, other)(octets, missing)
    body = octets[header:]
    if link in (0, 108):
        family = min(int.from_bytes(octets[:4], "big"), int.from_bytes(octets[:4], "little"))
        return {2: ipv4, 10: ipv6, 24: ipv6, 28: ipv6, 30: ipv6}.get(family, other)(body, missing)
    at = {1: 12, 113: 14, 276: 0}[link]
    kind = octets[at : at + 2]
    while kind in (b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00"):
        need(body, 4)
        kind, body = body[2:4], body[4:]
    return {b"\x08\x00": ipv4, b"\x86\xdd": ipv6}.get(kind, other)(body, missing)


def other(_: bytes, _missing: int) -> str:
    return "other"


def ipv4(octets: bytes, missing: int) -> Udp | str:
    need(octets, 20)
    total = int.from_bytes(octets[2:4], "big") or len(octets) + missing
    header = octets[0] % 16 * 4
    if octets[0] >> 4 != 4 or header < 20 or total < header:
        raise Broken
    flags_and_offset = int.from_bytes(octets[6:8], "big")
    if flags_and_offset & 0x2000 or flags_and_offset & 0x1FFF:
        return "fragments"
    need(octets, header)
    return transport(octets[9], octets[header:total], total - header, octets[12:16], octets[16:20])


def ipv6(octets: bytes, missing: int) -> Udp | str:
    need(octets, 40)
    if octets[0] >> 4 != 6:
        raise Broken
    length, kind = int.from_bytes(octets[4:6], "big"), octets[6]
    source, destination, rest = octets[8:24], octets[24:40], octets[40:]
    length = length or len(rest) + missing
    rest = rest[:length]
    while kind in (0, 43, 44, 51, 60, 135, 139, 140):
        if length < 8:
            raise Broken
        need(rest, 8)
        if kind == 44 and (rest[2:4] > b"\x00\x07" or rest[3] & 1):
            return "fragments"
        size = 8 if kind == 44 else (rest[1] + 2) * 4 if kind == 51 else (rest[1] + 1) * 8
        if size > length:
            raise Broken
        need(rest, size)
        kind, rest, length = rest[0], rest[size:], length - size
    return transport(kind, rest, length, source, destination)


def transport(protocol: int, octets: bytes, length: int, source: bytes, destination: bytes) -> Udp | str:
    if protocol != 17:
        return "tcp" if protocol == 6 else "other"
    if length < 8:
        raise Broken
    need(octets, 8)
    source_port, destination_port, size, _ = struct.unpack_from(">HHHH", octets)
    if len(source) == 16:
        size = size or length
    if not 8 <= size <= length:
        raise Broken
    need(octets, size)
    return Udp((source, source_port), (destination, destination_port), octets[8:size])
