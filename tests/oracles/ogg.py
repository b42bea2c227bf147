"""Ogg pages in plain Python from RFC 3533 section 6: the checksum from the polynomial, pages with any field changed."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field


def _remainder(octet: int) -> int:
    """Return the remainder of one octet followed by 32 zeros, bit by bit."""
    register = octet << 24
    for _ in range(8):
        register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
    return register


_REMAINDERS = [_remainder(octet) for octet in range(256)]


def crc(octets: bytes) -> int:
    """Return the checksum: polynomial 0x04C11DB7, highest bit first, initial value 0, nothing inverted."""
    register = 0
    for octet in octets:
        register = (register << 8 & 0xFFFFFFFF) ^ _REMAINDERS[register >> 24 ^ octet]
    return register


@dataclass
class Page:
    """A page. `octets` writes its fields unchecked, with the right checksum unless `checksum` is given."""

    flags: int
    position: int
    serial: int
    sequence: int
    segments: list[int]
    body: bytes = field(repr=False)
    version: int = 0
    checksum: int | None = None

    def octets(self) -> bytes:
        head = struct.pack("<4sBBqII", b"OggS", self.version, self.flags, self.position, self.serial, self.sequence)
        tail = bytes([len(self.segments), *self.segments]) + self.body
        found = crc(head + bytes(4) + tail) if self.checksum is None else self.checksum
        return head + struct.pack("<I", found) + tail


def page_of(
    packets: list[bytes], *, flags: int = 0, position: int = 0, serial: int = 7, sequence: int = 0, is_cut: bool = False
) -> Page:
    """Return a page of packets; is_cut: the last one, of a multiple of 255 octets, continues on the next page."""
    segments: list[int] = []
    for number, packet in enumerate(packets, 1):
        whole, rest = divmod(len(packet), 255)
        segments += [255] * whole
        if not (is_cut and number == len(packets)):
            segments.append(rest)
        else:
            assert rest == 0
    assert len(segments) <= 255
    return Page(flags, position, serial, sequence, segments, b"".join(packets))


def pages_of(octets: bytes) -> list[Page]:
    """Parse the pages of a valid file."""
    found = []
    at = 0
    while at < len(octets):
        magic, version, flags, position, serial, sequence, checksum, count = struct.unpack_from(
            "<4sBBqIIIB", octets, at
        )
        assert magic == b"OggS"
        assert version == 0
        segments = list(octets[at + 27 : at + 27 + count])
        body_at = at + 27 + count
        page = Page(flags, position, serial, sequence, segments, octets[body_at : body_at + sum(segments)])
        assert crc(octets[at : at + 22] + bytes(4) + octets[at + 26 : body_at + sum(segments)]) == checksum
        found.append(page)
        at = body_at + sum(segments)
    return found


def packets_of(pages: list[Page]) -> list[bytes]:
    """Return the packets of one logical stream."""
    found = []
    open_packet = b""
    for page in pages:
        at = 0
        for length in page.segments:
            open_packet += page.body[at : at + length]
            at += length
            if length < 255:
                found.append(open_packet)
                open_packet = b""
    assert open_packet == b""
    return found


def joined(pages: list[Page]) -> bytes:
    """Return the octets of a file."""
    return b"".join(page.octets() for page in pages)
