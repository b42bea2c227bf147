"""Parser for the UDP datagram in a captured packet: link layers, IPv4, IPv6, UDP; classes of packets without one."""
from libc.stdint cimport uint8_t, uint32_t

from rtpcodec.kernels.rtp_header cimport load_u16, load_u32

cdef enum Finding:
    DATAGRAM, TCP, FRAGMENT, CUT, MALFORMED, OTHER, UNKNOWN_LINK, FINDINGS
    SHORT                           # the packet ends inside a header: CUT or MALFORMED

cdef enum LinkType:
    NULL_LINK = 0
    ETHERNET = 1
    RAW_BSD = 12
    RAW_OPENBSD = 14
    RAW = 101
    LOOP = 108
    SLL = 113
    IPV4 = 228
    IPV6 = 229
    SLL2 = 276

cdef struct Found:
    const uint8_t* source           # address of the sender
    const uint8_t* destination
    int host_octets
    const uint8_t* udp
    Py_ssize_t payload_octets
    Py_ssize_t missing              # octets that were not captured

cdef inline Finding _udp(const uint8_t* at, const uint8_t* end, Py_ssize_t room, Found* found) noexcept nogil:
    """Parse a UDP header (RFC 768). `room` is the payload length of IP, `end` the end of its captured octets."""
    cdef Py_ssize_t octets
    if room < 8:
        return MALFORMED
    if end - at < 8:
        return SHORT
    octets = load_u16(at + 4)
    if octets == 0 and found.host_octets == 16:         # RFC 2675 section 4: the length is that of IP
        octets = room
    if octets < 8 or octets > room:
        return MALFORMED
    if octets > end - at:
        return SHORT
    found.udp = at
    found.payload_octets = octets - 8
    return DATAGRAM


cdef inline Finding _transport(
    int protocol, const uint8_t* at, const uint8_t* end, Py_ssize_t room, Found* found
) noexcept nogil:
    if protocol == 17:
        return _udp(at, end, room, found)
    return TCP if protocol == 6 else OTHER


cdef inline Finding _ipv4(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """RFC 791 section 3.1.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |Version|  IHL  |Type of Service|          Total Length         |
    |         Identification        |Flags|      Fragment Offset    |
    |  Time to Live |    Protocol   |         Header Checksum       |
    |                       Source Address                          |
    |                    Destination Address                        |
    |                    Options                    |    Padding    |
    """
    cdef Py_ssize_t header_octets, octets
    if end - at < 20:
        return SHORT
    header_octets = (at[0] & 0x0F) * 4
    octets = load_u16(at + 2)
    if octets == 0:                 # captured before segmentation by the network card
        octets = end - at + found.missing
    if at[0] >> 4 != 4 or header_octets < 20 or octets < header_octets:
        return MALFORMED
    if load_u16(at + 6) & 0x3FFF:
        return FRAGMENT
    if end - at < header_octets:
        return SHORT
    if end - at > octets:           # the padding of Ethernet
        end = at + octets
    found.source = at + 12
    found.destination = at + 16
    found.host_octets = 4
    return _transport(at[9], at + header_octets, end, octets - header_octets, found)


cdef inline Finding _ipv6(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """RFC 8200 sections 3 and 4.

    |Version| Traffic Class |           Flow Label                  |
    |         Payload Length        |  Next Header  |   Hop Limit   |
    |                  Source Address, 16 octets                    |
    |                Destination Address, 16 octets                 |
    """
    cdef Py_ssize_t room, octets
    cdef int header
    if end - at < 40:
        return SHORT
    if at[0] >> 4 != 6:
        return MALFORMED
    room = load_u16(at + 4)
    header = at[6]
    found.source = at + 8
    found.destination = at + 24
    found.host_octets = 16
    at += 40
    if room == 0:                   # a jumbogram (RFC 2675 section 3), or captured before segmentation
        room = end - at + found.missing
    if end - at > room:
        end = at + room
    while header in (0, 43, 44, 51, 60, 135, 139, 140):
        if room < 8:
            return MALFORMED
        if end - at < 8:
            return SHORT
        if header == 44:
            if load_u16(at + 2) & 0xFFF9:       # otherwise an atomic fragment (RFC 6946 section 2)
                return FRAGMENT
            octets = 8
        elif header == 51:
            octets = (at[1] + 2) * 4            # RFC 4302 section 2.2
        else:
            octets = (at[1] + 1) * 8
        header = at[0]
        if octets > room:
            return MALFORMED
        if octets > end - at:
            return SHORT
        at += octets
        room -= octets
    return _transport(header, at, end, room, found)


cdef inline Finding _raw(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """Parse IP without a link layer; the first four bits are the version."""
    if end - at < 1:
        return SHORT
    if at[0] >> 4 == 4:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if at[0] >> 4 == 6 else OTHER


cdef inline Finding _network(int kind, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """Parse the protocol of an EtherType, after nested VLAN tags (IEEE 802.1Q and 802.1ad)."""
    while kind in (0x8100, 0x88A8, 0x9100, 0x9200):
        if end - at < 4:
            return SHORT
        kind = load_u16(at + 2)
        at += 4
    if kind == 0x0800:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if kind == 0x86DD else OTHER


cdef inline Finding _loopback(uint32_t family, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """Parse by the address family of the capturing system, in either byte order: IPv4 is 2, IPv6 has several values."""
    if family > 0xFFFF:
        family = family >> 24 | (family >> 8 & 0xFF00) | (family << 8 & 0xFF_0000) | family << 24
    if family == 2:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if family in (10, 24, 28, 30) else OTHER


cdef inline Finding find_datagram(int link_type, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """Find the UDP datagram of a packet."""
    cdef Py_ssize_t octets = end - at
    if link_type == ETHERNET:
        return SHORT if octets < 14 else _network(load_u16(at + 12), at + 14, end, found)
    if link_type in (RAW, RAW_BSD, RAW_OPENBSD):
        return _raw(at, end, found)
    if link_type == IPV4:
        return _ipv4(at, end, found)
    if link_type == IPV6:
        return _ipv6(at, end, found)
    if link_type == SLL:
        return SHORT if octets < 16 else _network(load_u16(at + 14), at + 16, end, found)
    if link_type == SLL2:
        return SHORT if octets < 20 else _network(load_u16(at), at + 20, end, found)
    if link_type in (NULL_LINK, LOOP):
        return SHORT if octets < 4 else _loopback(load_u32(at), at + 4, end, found)
    return UNKNOWN_LINK
