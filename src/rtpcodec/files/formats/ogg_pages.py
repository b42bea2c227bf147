"""Finds, checks and writes Ogg pages (RFC 3533 section 6).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | capture pattern "OggS"                                        |
    | version 0     | header type   | granule position, 64 bits ... |
    |  ...                          | serial number ...             |
    |  ...                          | sequence number ...           |
    |  ...                          | checksum ...                  |
    |  ...          | segments      | one octet per segment ...     |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

Integers are little-endian. A packet is the segments up to the first one of fewer than 255 octets.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from rtpcodec.files.formats.file_notes import FileNotes

CAPTURE_PATTERN: Final = b"OggS"
MAX_PAGE_OCTETS: Final = 27 + 255 + 255 * 255
NO_POSITION: Final = -1
"""The granule position of a page without the end of a packet."""
CONTINUED: Final = 1
BEGINS: Final = 2
ENDS: Final = 4
READ_OCTETS: Final = 64 * 1024
"""Octets per read, about one page of the greatest size."""
MAX_SEGMENTS: Final = 255

_TOO_FEW: Final = 0
_BROKEN: Final = -1
_MAX_CLOSE_BROKEN: Final = 256
"""After so many broken pages in a row, only pages at least _FAR_OCTETS apart are checked: each may claim 65,025 octets,
whose checksum takes time, and begin 5 octets after the last one."""
_FAR_OCTETS: Final = 16 * 1024
_HEADER: Final = struct.Struct("<4sBBqIIIB")
_CHECKSUM_AT: Final = 22
_MIRRORED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


class Readable(Protocol):
    """The method that a file must have."""

    def read(self, octets: int, /) -> bytes:
        """Return at most so many of the next octets; b"" at the end."""


@dataclass(frozen=True, slots=True)
class OggPage:
    """One page with a correct checksum."""

    offset_octets: int
    """The offset of the page in the file."""
    flags: int
    position: int
    """The granule position of the last packet that ends here, for Opus in samples at 48 kHz."""
    serial: int
    sequence: int
    segments: bytes
    """The lengths of its segments."""
    body: bytes

    def parts(self) -> tuple[list[bytes], bool]:
        """Return the page's packets, of which the first may lack its begin, and whether the last one ends here."""
        found = []
        at = begin = 0
        for length in self.segments:
            at += length
            if length < 255:
                found.append(self.body[begin:at])
                begin = at
        is_whole = not self.segments or self.segments[-1] < 255
        if not is_whole:
            found.append(self.body[begin:])
        return found, is_whole


def checksum(page: bytes) -> int:
    """Return the CRC of a page whose checksum field is 0: polynomial 0x04C11DB7, highest bit first, initial value 0.

    zlib has the same polynomial with the lowest bit first, so octets and result are mirrored.
    """
    found = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4, "big").translate(_MIRRORED), "little")


def read_pages(file: Readable, notes: FileNotes) -> Iterator[OggPage]:
    """Yield the pages of a file, which need not be seekable, to its end. OSError.

    Octets that are not part of a whole page with a correct checksum are skipped and added to `notes`. Memory is about
    two pages.
    """
    buffer = bytearray()
    place = 0  # of the buffer's first octet in the file
    skipped = False
    broken = 0
    while True:
        page, used = _page_at(buffer, place)
        if page is not None:
            skipped, broken = False, 0
            yield page
        elif used == _TOO_FEW:
            more = file.read(READ_OCTETS)
            if more:
                buffer += more
                continue
            # A page that claims more octets than the file has may contain a whole page.
            used = _next_pattern(buffer, 1)
            if used >= len(buffer):
                if buffer and not skipped:
                    notes.add("the file ends inside a page", place)
                return
        elif used == _BROKEN:
            broken += 1
            used = _next_pattern(buffer, 1 if broken < _MAX_CLOSE_BROKEN else min(_FAR_OCTETS, len(buffer)))
        if page is None and not skipped:
            notes.add("octets that are not a page, or a page with a wrong checksum", place)
            skipped = True
        del buffer[:used]
        place += used


def _page_at(buffer: bytearray, place: int) -> tuple[OggPage | None, int]:
    """Return the page at the buffer's beginning and its length; or None and the octets before the next page.

    None and _TOO_FEW: more octets are needed. None and _BROKEN: a page that breaks a rule begins here.
    """
    # 1. The capture pattern and the fixed header.
    begin = _next_pattern(buffer, 0)
    if begin or len(buffer) < _HEADER.size:
        return None, begin or _TOO_FEW
    _, version, flags, position, serial, sequence, crc, segments = _HEADER.unpack_from(buffer)
    body = _HEADER.size + segments
    if version:
        return None, _BROKEN
    if len(buffer) < body:
        return None, _TOO_FEW
    # 2. The lengths of the segments, and the body.
    lengths = bytes(buffer[_HEADER.size : body])
    end = body + sum(lengths)
    if len(buffer) < end:
        return None, _TOO_FEW
    # 3. The checksum, computed with a field of 0.
    octets = bytes(buffer[:end])
    if checksum(octets[:_CHECKSUM_AT] + bytes(4) + octets[_CHECKSUM_AT + 4 :]) != crc:
        return None, _BROKEN
    return OggPage(place, flags, position, serial, sequence, lengths, octets[body:]), end


def _next_pattern(buffer: bytearray, start: int) -> int:
    """Return where the next capture pattern begins, also an incomplete one; otherwise the buffer's length."""
    found = buffer.find(CAPTURE_PATTERN, start)
    if found >= 0:
        return found
    for cut in range(max(start, len(buffer) - 3), len(buffer)):
        if CAPTURE_PATTERN.startswith(buffer[cut:]):
            return cut
    return len(buffer)


class PageWriter:
    """Writes one logical stream, page by page, in order. Use from one thread at a time."""

    __slots__ = ("_file", "_packets", "_position", "_segments", "_sequence", "_serial")

    def __init__(self, file: BinaryIO, serial: int) -> None:
        self._file = file
        self._serial = serial
        self._sequence = 0
        self._packets: list[bytes] = []
        self._segments = 0
        self._position = 0

    @property
    def packets(self) -> int:
        """The number of packets on the page that is not written yet."""
        return len(self._packets)

    def add(self, packet: bytes, position: int) -> None:
        """Add a packet to the page; if it does not fit, write the page first. OSError.

        Args:
            packet: packet of less than MAX_SEGMENTS times 255 octets.
            position: granule position of its end.
        """
        segments = len(packet) // 255 + 1
        if self._segments + segments > MAX_SEGMENTS:
            self.flush()
        self._packets.append(packet)
        self._segments += segments
        self._position = position

    def flush(self, *, ends: bool = False, position: int | None = None) -> None:
        """Write the page. OSError.

        Args:
            ends: whether it is the last page of the stream.
            position: granule position of the page; None: that of its last packet.
        """
        flags = (0 if self._sequence else BEGINS) | (ENDS if ends else 0)
        page = page_octets(
            self._packets,
            flags=flags,
            position=self._position if position is None else position,
            serial=self._serial,
            sequence=self._sequence & 0xFFFFFFFF,
        )
        self._file.write(page)
        self._sequence += 1
        self._packets = []
        self._segments = 0


def page_octets(packets: Sequence[bytes], *, flags: int, position: int, serial: int, sequence: int) -> bytes:
    """Return a page of whole packets, with at most MAX_SEGMENTS segments in total."""
    segments = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    header = _HEADER.pack(CAPTURE_PATTERN, 0, flags, position, serial, sequence, 0, len(segments))
    page = header + segments + b"".join(packets)
    return page[:_CHECKSUM_AT] + checksum(page).to_bytes(4, "little") + page[_CHECKSUM_AT + 4 :]
