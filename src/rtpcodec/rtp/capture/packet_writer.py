"""Writes datagrams to a packet capture for Wireshark: classic pcap with nanoseconds, Ethernet, IPv4 or IPv6, UDP."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.frames import ETHERNET
from rtpcodec.rtp.capture.pcap import NANOSECONDS

__all__ = ["PacketWriter", "write_packets"]

SNAP_OCTETS: Final = 262_144
MAX_IPV4_OCTETS: Final = 65_535 - 20 - 8
MAX_IPV6_OCTETS: Final = 65_535 - 8
"""The longest payload: the lengths in the headers have 16 bits."""
UDP_PROTOCOL: Final = 17
HOPS: Final = 64
_MACS: Final = bytes.fromhex("020000000002 020000000001")
"""Locally administered addresses (IEEE 802), which no device has."""
_FILE_HEADER: Final = struct.pack("<IHHiIII", NANOSECONDS, 2, 4, 0, 0, SNAP_OCTETS, ETHERNET)


class PacketWriter(Live):
    """Writes datagrams as Ethernet packets with correct checksums; context manager. Use from one thread at a time."""

    __slots__ = ("_file", "_owned", "_path", "datagrams")

    def __init__(self, target: str | PathLike[str] | BinaryIO) -> None:
        """Begin a capture.

        Args:
            target: path, which must not exist, or a binary file, which stays open.

        Raises:
            FileExistsError: the path exists.
            OSError: the file cannot be written.
        """
        self._path = Path(target) if isinstance(target, str | PathLike) else None
        self._file: BinaryIO
        if isinstance(target, str | PathLike):
            self._file = Path(target).open("xb")  # noqa: SIM115 -- this class is the context
        else:
            self._file = target
        self.datagrams = 0
        """The number of datagrams written so far."""
        self._file.write(_FILE_HEADER)

    def write(self, time_ns: int, source: SocketAddress, destination: SocketAddress, payload: bytes) -> None:
        """Write one datagram.

        Args:
            time_ns: time of capture in nanoseconds since 1970 UTC.
            source: address of the sender.
            destination: address of the receiver, of the same family.
            payload: octets of the datagram, without headers.

        Raises:
            ValueError: an address, the time or the payload does not fit its field.
            OSError: the file cannot be written.
        """
        frame = _frame(source, destination, payload)
        seconds, nanoseconds = divmod(time_ns, 10**9)
        if not 0 <= seconds < 2**32:
            raise ValueError(f"time_ns is {time_ns}, 0 to {2**32 * 10**9 - 1} fit a capture")
        self._file.write(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
        self.datagrams += 1

    def close(self) -> None:
        """Complete the file, and close it unless it was passed in open. OSError."""
        if self._path is None:
            self._file.flush()
        else:
            self._file.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; after an exception, remove it."""
        try:
            self.close()
        finally:
            if kind is not None and self._path is not None:
                self._path.unlink(missing_ok=True)


def write_packets(target: str | PathLike[str] | BinaryIO, datagrams: Iterable[Datagram]) -> int:
    """Write a packet capture.

    Args:
        target: path, which must not exist, or a binary file, which stays open.
        datagrams: datagrams in the order of the file; their `number` is ignored.

    Returns:
        How many datagrams were written.

    Raises:
        ValueError: an address, a time or a payload does not fit its field. No file remains.
        FileExistsError: the path exists.
        OSError: the file cannot be written. No file remains.
    """
    with PacketWriter(target) as writer:
        for time_ns, source, destination, payload, _ in datagrams:
            writer.write(time_ns, source, destination, payload)
        return writer.datagrams


def _frame(source: SocketAddress, destination: SocketAddress, payload: bytes) -> bytes:
    hosts = source.host + destination.host
    lengths = (len(source.host), len(destination.host))
    if lengths not in ((4, 4), (16, 16)):
        raise ValueError(f"the hosts have {lengths[0]} and {lengths[1]} octets, both must have 4 or both 16")
    if not (0 <= source.port < 65536 and 0 <= destination.port < 65536):
        raise ValueError(f"the ports are {source.port} and {destination.port}, 0 to 65535 are needed")
    most = MAX_IPV4_OCTETS if len(hosts) == 8 else MAX_IPV6_OCTETS
    if len(payload) > most:
        raise ValueError(f"the payload has {len(payload)} octets, a datagram has room for {most}")
    octets = 8 + len(payload)
    ports = struct.pack(">HHH", source.port, destination.port, octets)
    pseudo_header = hosts + struct.pack(">II", octets, UDP_PROTOCOL)  # RFC 8200 section 8.1; the same sum in IPv4
    datagram = ports + struct.pack(">H", _checksum(pseudo_header + ports + payload) or 0xFFFF) + payload
    if len(hosts) == 8:
        header = struct.pack(">BBHHHBB", 0x45, 0, 20 + octets, 0, 0x4000, HOPS, UDP_PROTOCOL)
        return _MACS + b"\x08\x00" + header + struct.pack(">H", _checksum(header + hosts)) + hosts + datagram
    return _MACS + b"\x86\xdd" + struct.pack(">IHBB", 0x60000000, octets, UDP_PROTOCOL, HOPS) + hosts + datagram


def _checksum(octets: bytes) -> int:
    """Return the complement of the ones' complement sum of 16-bit words (RFC 1071), none of them all zero."""
    number = int.from_bytes(octets, "big") << (len(octets) % 2 * 8)
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)
