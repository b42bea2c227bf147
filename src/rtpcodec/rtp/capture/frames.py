"""Link layers of captures by their number, and the counts of packets by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.pickling import Value

ETHERNET: Final = 1
LINK_TYPES: Final = {
    0: "BSD loopback",
    ETHERNET: "Ethernet",
    12: "raw IP",
    14: "raw IP",
    101: "raw IP",
    108: "OpenBSD loopback",
    113: "Linux cooked v1",
    228: "raw IPv4",
    229: "raw IPv6",
    276: "Linux cooked v2",
}
"""The supported link layers, by their number in captures (LINKTYPE_ of tcpdump.org)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureCounts(Value):
    """Numbers of packets of a capture by kind. `packets` is the sum of the kinds."""

    packets: int = 0
    datagrams: int = 0
    """Whole UDP datagrams, which the reader yields."""
    tcp: int = 0
    fragments: int = 0
    """Fragments of IP; they are not joined."""
    cut: int = 0
    """Packets captured in part: a header or an octet of UDP is missing."""
    malformed: int = 0
    """Packets that contradict themselves, such as a length beyond their end."""
    other: int = 0
    """Other protocols, such as ARP and ICMP."""
    unknown_link: int = 0
    """Packets of an unsupported link layer."""
    untimed: int = 0
    """Packets without a time in the capture; they are counted by their kind as well."""
    lost_by_capture: int = 0
    """Packets that the capturing system reports as dropped, in pcapng; `packets` does not include them."""
    incomplete_octets: int = 0
    """The octets of an incomplete last packet."""
