"""RTP packets read bit by bit from the diagrams of RFC 3550 section 5.1 and RFC 8285 section 4, slowly."""

from __future__ import annotations

from typing import NamedTuple


class Broken(Exception):
    """Octets that are not a packet."""


class Fields(NamedTuple):
    """The fields of a packet."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool
    csrcs: tuple[int, ...]
    extension: tuple[int, bytes] | None
    padding: bytes


class Bits:
    """Octets as a text of 0 and 1, read from the front."""

    def __init__(self, octets: bytes) -> None:
        self.text = "".join(f"{octet:08b}" for octet in octets)

    def take(self, bits: int) -> int:
        if len(self.text) < bits:
            raise Broken
        taken, self.text = self.text[:bits], self.text[bits:]
        return int(taken, 2) if taken else 0

    def take_octets(self, octets: int) -> bytes:
        return bytes([self.take(8) for _ in range(octets)])


def parse(datagram: bytes) -> Fields:
    """Parse a packet, or raise Broken."""
    bits = Bits(datagram)
    if bits.take(2) != 2:
        raise Broken
    padded, extended, csrcs, marker, payload_type = (bits.take(width) for width in (1, 1, 4, 1, 7))
    if marker and payload_type in (72, 73, 74, 75, 76):
        raise Broken
    sequence_number, timestamp, ssrc = (bits.take(width) for width in (16, 32, 32))
    sources = tuple([bits.take(32) for _ in range(csrcs)])
    extension = None
    if extended:
        profile, words = bits.take(16), bits.take(16)
        extension = profile, bits.take_octets(4 * words)
    rest = bits.take_octets(len(bits.text) // 8)
    padding = b""
    if padded:
        if not rest or not 1 <= rest[-1] <= len(rest):
            raise Broken
        rest, padding = rest[: -rest[-1]], rest[-rest[-1] :]
    return Fields(payload_type, sequence_number, timestamp, ssrc, rest, bool(marker), sources, extension, padding)


def elements(profile: int, data: bytes) -> list[tuple[int, bytes]]:
    """Parse the pairs of id and data in an extension of either form, or raise Broken."""
    bits = Bits(data)
    width = 4 if profile == 0xBEDE else 8
    if profile != 0xBEDE and profile >> 4 != 0x100:
        return []
    found = []
    while bits.text:
        if bits.text.startswith("00000000"):
            bits.take(8)
            continue
        number = bits.take(width)
        if width == 4 and number in (0, 15):
            break
        octets = bits.take(width) + (width == 4)
        found.append((number, bits.take_octets(octets)))
    return found
