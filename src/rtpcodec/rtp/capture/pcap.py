"""Classic pcap: one header, then records (draft-ietf-opsawg-pcap sections 4 and 5).

Each record has a header of 16 octets, which `kernels/datagram` parses, then the captured octets:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |                      timestamp (seconds)                      |
    |            timestamp (microseconds or nanoseconds)            |
    |                    captured packet length                     |
    |                    original packet length                     |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from rtpcodec.kernels.datagram import MAX_PACKET, SCAN_LONG, DatagramScanner
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.octet_window import OctetWindow

FILE_HEADER_OCTETS: Final = 24
MICROSECONDS: Final = 0xA1B2C3D4
NANOSECONDS: Final = 0xA1B23C4D
MODIFIED: Final = 0xA1B2CD34
"""Alexey Kuznetzov's form, on old Linux systems: records have eight more octets."""
UNITS_PER_S: Final = {MICROSECONDS: 10**6, NANOSECONDS: 10**9, MODIFIED: 10**6}


def byte_order(magic: bytes) -> Literal["big", "little"] | None:
    """Return the byte order of a classic capture by its first four octets, or None if it is not one."""
    if int.from_bytes(magic, "big") in UNITS_PER_S:
        return "big"
    return "little" if int.from_bytes(magic, "little") in UNITS_PER_S else None


class PcapRecords:
    """Reads the records of a classic capture. Use from one thread at a time."""

    kind = "pcap"

    def __init__(self, window: OctetWindow, scanner: DatagramScanner[Datagram]) -> None:
        """Read the file's header, here in big-endian order.

         0                   1                   2                   3
         0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
        |                          magic number                         |
        |         major version         |         minor version         |
        |                           reserved1                           |
        |                           reserved2                           |
        |                            snap length                        |
        | FCS |f|         reserved      |           link type           |
        """
        if not window.fill(FILE_HEADER_OCTETS):
            raise window.fault(f"the file ends in the header of a pcap capture, which has {FILE_HEADER_OCTETS} octets")
        header = window.octets[window.at : window.at + FILE_HEADER_OCTETS]
        order = byte_order(header[:4]) or "little"
        number = [int.from_bytes(header[at : at + 4], order) for at in range(0, FILE_HEADER_OCTETS, 4)]
        major, minor = (int.from_bytes(header[at : at + 2], order) for at in (4, 6))
        if major != 2:
            raise window.fault(f"version {major}.{minor} of pcap is not supported, 2.0 to 2.4 are", 4)
        magic, link_type = number[0], number[5] & 0xFFFF
        scanner.begin(order == "big")
        scanner.add_interface(link_type, UNITS_PER_S[magic])
        window.skip(FILE_HEADER_OCTETS)
        self.link_types = [link_type]
        self._window = window
        self._scanner = scanner
        self._extra_octets = 8 if magic == MODIFIED else 0
        self._exchanged = minor < 4
        self.incomplete_octets = 0
        self.untimed = self.lost_by_capture = 0

    def batches(self) -> Iterator[list[Datagram]]:
        """Yield the datagrams of the file, one list per piece."""
        window, scan = self._window, self._scanner.scan_records
        while True:
            found, window.at, status = scan(window.octets, window.at, self._extra_octets, self._exchanged)
            if found:
                yield found
            if status == SCAN_LONG:
                raise window.fault(f"the record claims a packet of more than {MAX_PACKET} octets", 8)
            if not window.more():
                break
        self.incomplete_octets = window.left
