"""pcapng: sections of blocks (draft-ietf-opsawg-pcapng section 4). Blocks of unknown types are skipped.

Each block begins and ends with its length (section 3.1):

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |                          block type                           |
    |                      block total length                       |
    |                 block body, padded to 32 bits                 |
    |                      block total length                       |

An enhanced packet block (section 4.3), which `kernels/datagram` parses, has this body:

    |                         interface ID                          |
    |                       timestamp (upper)                       |
    |                       timestamp (lower)                       |
    |                    captured packet length                     |
    |                    original packet length                     |
    |      packet data, padded to 32 bits, then options         ... |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

from rtpcodec.kernels.datagram import (
    MAX_PACKET,
    SCAN_CAPTURED,
    SCAN_INTERFACE,
    SCAN_LENGTH,
    SCAN_MORE,
    SCAN_TRAILER,
    DatagramScanner,
)
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.octet_window import OctetWindow

SECTION: Final = 0x0A0D0D0A
"""The type of a section header block, the same in both byte orders."""
INTERFACE: Final = 1
OBSOLETE_PACKET: Final = 2
SIMPLE_PACKET: Final = 3
STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6
MIN_OCTETS: Final = {
    SECTION: 28,
    INTERFACE: 20,
    OBSOLETE_PACKET: 32,
    SIMPLE_PACKET: 16,
    STATISTICS: 24,
    ENHANCED_PACKET: 32,
}
"""The least length of each block type; of any other type 12."""
ORDER_MAGIC: Final = 0x1A2B3C4D
HEAD_OCTETS: Final = 28 + MAX_PACKET
"""The octets of a block that are kept, enough for the longest packet; the rest is skipped."""
MAX_INTERFACES: Final = 65_536
"""Limit per section, to bound the memory. A real machine has a few hundred interfaces at most."""
SCAN_RULES: Final = {
    SCAN_LENGTH: (4, "the block's length is not a multiple of 4, or less than a packet block has"),
    SCAN_TRAILER: (4, "the block's length and the one at its end differ"),
    SCAN_INTERFACE: (8, "the packet's interface is not described in its section"),
    SCAN_CAPTURED: (20, "the packet is longer than its block"),
}
"""The errors that the kernel reports in an enhanced packet block: octet of the block, and rule."""


class PcapngBlocks:
    """Reads the blocks of a pcapng capture. Use from one thread at a time."""

    kind = "pcapng"

    def __init__(self, window: OctetWindow, scanner: DatagramScanner[Datagram]) -> None:
        """Begin at a section header block, which the caller has recognised by its type."""
        if not window.fill(12):
            raise window.fault("the file ends in the header of the first section, which has 28 octets")
        self._window = window
        self._scanner = scanner
        self._order = self._section_order(window.octets[window.at + 8 : window.at + 12])
        self._snap_octets: list[int] = []
        self._lost: dict[int, int] = {}
        self._lost_before = 0
        self._readers: dict[int, Callable[[bytes, int], Datagram | None]] = {
            SECTION: self._section,
            INTERFACE: self._interface,
            OBSOLETE_PACKET: self._packet,
            SIMPLE_PACKET: self._simple_packet,
            STATISTICS: self._statistics,
            ENHANCED_PACKET: self._packet,
        }
        self.link_types: list[int] = []
        self.incomplete_octets = 0
        self.untimed = 0

    @property
    def lost_by_capture(self) -> int:
        """Packets that the capturing system reports as dropped."""
        return self._lost_before + sum(self._lost.values())

    def batches(self) -> Iterator[list[Datagram]]:
        """Yield the datagrams of the file, one list per piece."""
        window, scanner = self._window, self._scanner
        while True:
            found, window.at, status = scanner.scan_blocks(window.octets, window.at)
            if found:
                yield found
            if status in SCAN_RULES:
                behind, rule = SCAN_RULES[status]
                raise window.fault(rule, behind)
            if status == SCAN_MORE:
                if not window.more():
                    break
            elif one := self._block():
                yield [one]
            elif self.incomplete_octets:
                return
        self.incomplete_octets = window.left

    def _block(self) -> Datagram | None:
        """Read a block that the kernel does not parse. At least 12 octets of it are in the window."""
        # 1. Type and length; a section header also sets the byte order.
        window = self._window
        start = window.at
        kind = self._number(window.octets, start)
        if kind == SECTION:
            self._order = self._section_order(window.octets[start + 8 : start + 12])
        length = self._number(window.octets, start + 4)
        least = MIN_OCTETS.get(kind, 12)
        if length < least or length & 3:
            raise window.fault(f"the block has {length} octets, a multiple of 4 from {least} on is needed", 4)
        # 2. The octets that are kept, then skip the rest.
        if not window.fill(min(length, HEAD_OCTETS)):
            self.incomplete_octets = window.left
            return None
        head = window.octets[window.at : window.at + min(length, HEAD_OCTETS)]
        begin = window.offset_octets
        missing = window.skip(length - 4)
        if missing or not window.fill(4):
            self.incomplete_octets = length - 4 - missing + window.left
            return None
        # 3. The length at the end must agree.
        if self._number(window.octets, window.at) != length:
            raise window.fault(f"the block at octet {begin} has {length} octets, its end says otherwise")
        # 4. Parse the block, if its type is known.
        read = self._readers.get(kind)
        found = None if read is None else read(head, length)
        window.skip(4)
        return found

    def _number(self, octets: bytes, at: int, size: int = 4) -> int:
        return int.from_bytes(octets[at : at + size], self._order)

    def _section_order(self, magic: bytes) -> Literal["big", "little"]:
        if int.from_bytes(magic, "big") == ORDER_MAGIC:
            return "big"
        if int.from_bytes(magic, "little") == ORDER_MAGIC:
            return "little"
        raise self._window.fault(f"the byte-order magic of the section is {magic.hex()}, not 1a2b3c4d", 8)

    def _fault(self, length: int, behind: int, rule: str) -> Exception:
        """Return the error at an octet of a block that was already skipped."""
        return self._window.fault(rule, behind - (length - 4))

    def _section(self, head: bytes, length: int) -> None:
        major, minor = self._number(head, 12, 2), self._number(head, 14, 2)
        if major != 1:
            raise self._fault(length, 12, f"version {major}.{minor} of pcapng is not supported, 1.0 is")
        self._scanner.begin(self._order == "big")
        self._snap_octets.clear()
        self._lost_before = self.lost_by_capture
        self._lost.clear()

    def _interface(self, head: bytes, length: int) -> None:
        if len(self._snap_octets) == MAX_INTERFACES:
            raise self._fault(length, 0, f"the section has more than {MAX_INTERFACES} interfaces")
        units, offset_s = 10**6, 0
        for code, value in self._options(head, length, 16):
            if code == 9 and value:
                units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == 14 and len(value) == 8:
                offset_s = int.from_bytes(value, self._order, signed=True)
        link_type = self._number(head, 8, 2)
        self._scanner.add_interface(link_type, units, offset_s * 10**9)
        self._snap_octets.append(self._number(head, 12))
        if link_type not in self.link_types:
            self.link_types.append(link_type)

    def _options(self, head: bytes, length: int, at: int) -> Iterator[tuple[int, bytes]]:
        """Yield code and value of the options of a block (section 3.5), as far as they are kept."""
        end = length - 4
        while end - at >= 4 and at + 4 <= len(head):
            code, octets = self._number(head, at, 2), self._number(head, at + 2, 2)
            if code == 0:
                return
            at += 4
            if octets > end - at:
                raise self._fault(length, at - 2, f"the option has {octets} octets, the block {end - at} more")
            yield code, head[at : at + octets]
            at += octets + -octets % 4

    def _packet(self, head: bytes, length: int) -> Datagram | None:
        """Read an obsolete packet block, or an enhanced one that is too long for the kernel."""
        interface = self._number(head, 8, 2 if self._number(head, 0) == OBSOLETE_PACKET else 4)
        if interface >= len(self._snap_octets):
            raise self._fault(length, *SCAN_RULES[SCAN_INTERFACE])
        captured, original = self._number(head, 20), self._number(head, 24)
        if captured > length - 32:
            raise self._fault(length, *SCAN_RULES[SCAN_CAPTURED])
        if captured > MAX_PACKET:
            self._scanner.count_other()
            return None
        ticks = self._number(head, 12) << 32 | self._number(head, 16)
        return self._scanner.packet(head, 28, captured, original, interface, ticks)

    def _simple_packet(self, head: bytes, length: int) -> Datagram | None:
        if not self._snap_octets:
            raise self._fault(length, 0, "the packet comes before the interface of its section")
        original, snap_octets = self._number(head, 8), self._snap_octets[0]
        captured = min(original, length - 16, snap_octets or original)
        self.untimed += 1
        if captured > MAX_PACKET:
            self._scanner.count_other()
            return None
        return self._scanner.packet(head, 12, captured, original, 0, None)

    def _statistics(self, head: bytes, length: int) -> None:
        """Keep the number of packets that an interface has dropped so far: isb_ifdrop and isb_osdrop."""
        lost = [self._number(value, 0, 8) for code, value in self._options(head, length, 20) if code in (5, 7)]
        interface = self._number(head, 8)
        if lost and interface < len(self._snap_octets):
            self._lost[interface] = sum(lost)
