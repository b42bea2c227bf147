"""The UDP datagrams of a packet capture, with their addresses and times."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple


class SocketAddress(NamedTuple):
    """An address of IPv4 or IPv6 with a UDP port."""

    host: bytes
    """In network byte order: 4 octets of IPv4, or 16 of IPv6."""
    port: int

    def __str__(self) -> str:
        """Return `192.0.2.1:4000` or `[2001:db8::1]:4000`."""
        host = str(ip_address(self.host))
        return f"{host}:{self.port}" if len(self.host) == 4 else f"[{host}]:{self.port}"


class Datagram(NamedTuple):
    """One UDP datagram of a capture. Equal addresses are mostly the same object."""

    time_ns: int
    """Time of capture in nanoseconds since 1970 UTC; 0 if the capture does not have it."""
    source: SocketAddress
    destination: SocketAddress
    payload: bytes
    """All octets after the UDP header; a datagram captured in part is only counted."""
    number: int
    """The number of its packet in the capture, from 1, as in Wireshark."""
