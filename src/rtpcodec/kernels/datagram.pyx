"""Packets of captures to UDP datagrams: records of pcap, packet blocks of pcapng, link layers, IPv4 and IPv6.

Nothing is guessed: what is not a whole UDP datagram is counted by its kind. Checksums are not verified, for a capture on
the sending machine has them before the network card wrote them.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from rtpcodec.kernels.rtp_header cimport load_u16, load_u32

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(PyObject* op)
    object PyType_GenericAlloc(PyTypeObject* kind, Py_ssize_t items)

cdef enum:
    CACHED_ADDRESSES = 1024         # a power of two; the calls of a busy server, and their memory is bounded
    KEY_OCTETS = 18                 # a host of IPv6 and its port
    MAX_PACKET_OCTETS = 262_144     # the longest that tcpdump and Wireshark write
    RECORD_OCTETS = 16
    ENHANCED_OCTETS = 28            # of an enhanced packet block, before the packet
    BLOCK_OCTETS = 12               # of any block: type, length, and the length again at its end

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

MAX_PACKET = MAX_PACKET_OCTETS
SCAN_MORE, SCAN_OTHER, SCAN_LONG, SCAN_LENGTH, SCAN_TRAILER, SCAN_INTERFACE, SCAN_CAPTURED = range(7)

cdef enum Status:
    MORE, OTHER_BLOCK, LONG, BAD_LENGTH, BAD_TRAILER, BAD_INTERFACE, BAD_CAPTURED

cdef struct Found:
    const uint8_t* source           # its host
    const uint8_t* destination
    int host_octets
    const uint8_t* udp
    Py_ssize_t payload_octets
    Py_ssize_t missing              # octets behind the captured ones

cdef struct Interface:
    int link_type
    uint64_t tick_ns                # 0: ticks that are not whole nanoseconds, or an offset
    uint64_t max_ticks              # beyond, nanoseconds do not fit 63 bits


cdef Finding _udp(const uint8_t* at, const uint8_t* end, Py_ssize_t room, Found* found) noexcept nogil:
    """RFC 768. `room` is what IP says its payload has, `end` where the captured octets of it end."""
    cdef Py_ssize_t octets
    if room < 8:
        return MALFORMED
    if end - at < 8:
        return SHORT
    octets = load_u16(at + 4)
    if octets == 0:                 # RFC 2675 section 4: longer than the field, the length is that of IP
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


cdef Finding _ipv4(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
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
    if octets == 0:                 # captured before the network card has divided it
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


cdef Finding _ipv6(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
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
    if room == 0:                   # a jumbogram (RFC 2675), or captured before the network card has divided it
        room = end - at + found.missing
    if end - at > room:
        end = at + room
    while header in (0, 43, 44, 51, 60, 135, 139, 140):
        if room < 8:
            return MALFORMED
        if end - at < 8:
            return SHORT
        if header == 44:
            if load_u16(at + 2) & 0xFFF9:       # else it is whole: RFC 6946
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


cdef Finding _raw(const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """IP without a link layer; its first four bits say which."""
    if end - at < 1:
        return SHORT
    if at[0] >> 4 == 4:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if at[0] >> 4 == 6 else OTHER


cdef Finding _network(int kind, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """What an EtherType says; tags of VLANs, one in the other, first (IEEE 802.1Q and 802.1ad)."""
    while kind in (0x8100, 0x88A8, 0x9100, 0x9200):
        if end - at < 4:
            return SHORT
        kind = load_u16(at + 2)
        at += 4
    if kind == 0x0800:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if kind == 0x86DD else OTHER


cdef Finding _loopback(uint32_t family, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
    """The address family of the capturing system, in either byte order: 2 everywhere, IPv6 has several."""
    if family > 0xFFFF:
        family = family >> 24 | (family >> 8 & 0xFF00) | (family << 8 & 0xFF_0000) | family << 24
    if family == 2:
        return _ipv4(at, end, found)
    return _ipv6(at, end, found) if family in (10, 24, 28, 30) else OTHER


cdef Finding _packet(int link_type, const uint8_t* at, const uint8_t* end, Found* found) noexcept nogil:
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


cdef inline uint32_t _number(const uint8_t* octets, bint big_endian) noexcept nogil:
    if big_endian:
        return load_u32(octets)
    return octets[0] | <uint32_t>octets[1] << 8 | <uint32_t>octets[2] << 16 | <uint32_t>octets[3] << 24


cdef inline void _shared(object value) noexcept:
    """Nothing for the cycle collector: octets, numbers and addresses, none of which refers to anything."""
    PyObject_GC_UnTrack(<PyObject*>value)


cdef inline void _set(object items, Py_ssize_t i, object item) noexcept:
    Py_INCREF(item)
    PyTuple_SET_ITEM(items, i, item)


cdef class DatagramScanner:
    """Finds the datagrams of one capture, and counts what else it holds. Use from one thread at a time."""

    cdef type _datagram_type
    cdef type _address_type
    cdef list _addresses
    cdef uint8_t* _keys
    cdef uint64_t _counts[FINDINGS]
    cdef uint64_t _packets
    cdef Interface* _interfaces
    cdef Py_ssize_t _room
    cdef list _clocks
    cdef readonly bint big_endian

    def __cinit__(self, type datagram_type not None, type address_type not None):
        """Make it. Both are tuples with names: (time_ns, source, destination, payload, number), and (host, port)."""
        if not (issubclass(datagram_type, tuple) and issubclass(address_type, tuple)):
            raise TypeError("both types must be tuples")
        self._datagram_type = datagram_type
        self._address_type = address_type
        self._addresses = [None] * CACHED_ADDRESSES
        self._keys = <uint8_t*>PyMem_Malloc(CACHED_ADDRESSES * (KEY_OCTETS + 1))
        if self._keys == NULL:
            raise MemoryError
        memset(self._keys, 0, CACHED_ADDRESSES * (KEY_OCTETS + 1))
        memset(self._counts, 0, sizeof(self._counts))
        self._clocks = []

    def __dealloc__(self):
        PyMem_Free(self._keys)
        PyMem_Free(self._interfaces)

    @property
    def counts(self):
        """Packets, and of these: datagrams, TCP, fragments, cut, malformed, other protocols, unknown link layers."""
        cdef int i
        return (self._packets, *[self._counts[i] for i in range(<int>FINDINGS)])

    def begin(self, bint big_endian):
        """Begin a file, or a section of one: interfaces count from 0 again."""
        self.big_endian = big_endian
        self._clocks.clear()

    def add_interface(self, int link_type, units, offset_ns=0):
        """Add an interface whose clock has `units` per second, from `offset_ns` on."""
        cdef Py_ssize_t at = len(self._clocks)
        cdef Interface* larger
        if at >= self._room:
            larger = <Interface*>PyMem_Realloc(self._interfaces, (2 * at + 4) * sizeof(Interface))
            if larger == NULL:
                raise MemoryError
            self._interfaces = larger
            self._room = 2 * at + 4
        whole = 1_000_000_000 % units == 0 and offset_ns == 0
        tick_ns = 1_000_000_000 // units if whole else 0
        self._interfaces[at].link_type = link_type
        self._interfaces[at].tick_ns = tick_ns
        self._interfaces[at].max_ticks = 0x7FFF_FFFF_FFFF_FFFF // tick_ns if tick_ns else 0
        self._clocks.append((units, offset_ns))

    def count_other(self):
        """Count a packet that cannot be a datagram of UDP: it is too long."""
        self._packets += 1
        self._counts[<int>OTHER] += 1

    def packet(self, bytes octets not None, Py_ssize_t at, Py_ssize_t captured, uint32_t original, int interface, ticks):
        """Return the datagram of a packet that lies in `octets`, or None after counting it. ticks None: no time."""
        if not (0 <= at <= len(octets) and 0 <= captured <= len(octets) - at and 0 <= interface < len(self._clocks)):
            raise ValueError("the packet lies outside of the octets, or its interface is unknown")
        cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(octets) + at
        return self._found(start, captured, original, interface, 0 if ticks is None else self._time(interface, ticks))

    def scan_records(self, bytes octets not None, Py_ssize_t at, int extra_octets, bint exchanged):
        """Read records of pcap from octet `at` on, to the last whole one.

        extra_octets: behind the four numbers of each record.
        exchanged: whether the original length may stand before the captured one.

        Returns: the datagrams, where it ended, and why: SCAN_MORE, or SCAN_LONG at a record that is too long.
        """
        cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(octets)
        cdef const uint8_t* record
        cdef Py_ssize_t n = PyBytes_GET_SIZE(octets), header_octets = RECORD_OCTETS + extra_octets
        cdef uint32_t captured, original
        cdef Interface* interface = self._interfaces
        cdef list found = []
        if not (0 <= at <= n and self._clocks and interface.tick_ns and 0 <= extra_octets <= 64):
            raise ValueError("no such place, or an interface without whole nanoseconds")
        while n - at >= header_octets:
            record = start + at
            captured, original = _number(record + 8, self.big_endian), _number(record + 12, self.big_endian)
            if exchanged and captured > original:
                captured, original = original, captured
            if captured > MAX_PACKET_OCTETS:
                return found, at, LONG
            if captured > n - at - header_octets:
                break
            time_ns = (
                <int64_t>_number(record, self.big_endian) * 1_000_000_000
                + <int64_t>(_number(record + 4, self.big_endian) * interface.tick_ns)
            )
            one = self._found(record + header_octets, captured, original, 0, time_ns)
            if one is not None:
                found.append(one)
            at += header_octets + captured
        return found, at, MORE

    def scan_blocks(self, bytes octets not None, Py_ssize_t at):
        """Read enhanced packet blocks of pcapng from octet `at` on, to the last whole one.

        Returns: the datagrams, where it ended, and why: SCAN_MORE, SCAN_OTHER at a block of another type, SCAN_LONG at
        one whose packet is too long, else the rule that is broken there.
        """
        cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(octets)
        cdef const uint8_t* block
        cdef Py_ssize_t n = PyBytes_GET_SIZE(octets)
        cdef uint32_t length, captured, interface
        cdef uint64_t ticks
        cdef list found = []
        if not 0 <= at <= n:
            raise ValueError("no such place")
        while n - at >= BLOCK_OCTETS:
            block = start + at
            if _number(block, self.big_endian) != 6:
                return found, at, OTHER_BLOCK
            length = _number(block + 4, self.big_endian)
            if length < ENHANCED_OCTETS + 4 or length & 3:
                return found, at, BAD_LENGTH
            if length > MAX_PACKET_OCTETS:
                return found, at, LONG
            if length > n - at:
                break
            if _number(block + length - 4, self.big_endian) != length:
                return found, at, BAD_TRAILER
            interface = _number(block + 8, self.big_endian)
            if interface >= <size_t>len(self._clocks):
                return found, at, BAD_INTERFACE
            captured = _number(block + 20, self.big_endian)
            if captured > length - ENHANCED_OCTETS - 4:
                return found, at, BAD_CAPTURED
            ticks = <uint64_t>_number(block + 12, self.big_endian) << 32 | _number(block + 16, self.big_endian)
            one = self._found(
                block + ENHANCED_OCTETS,
                captured,
                _number(block + 24, self.big_endian),
                interface,
                <int64_t>(ticks * self._interfaces[interface].tick_ns)
                if self._interfaces[interface].tick_ns and ticks <= self._interfaces[interface].max_ticks
                else self._time(interface, ticks),
            )
            if one is not None:
                found.append(one)
            at += length
        return found, at, MORE

    cdef object _time(self, Py_ssize_t interface, object ticks):
        """The time of any clock, in nanoseconds, rounded down."""
        units, offset_ns = self._clocks[interface]
        return ticks * 1_000_000_000 // units + offset_ns

    cdef object _found(
        self, const uint8_t* octets, Py_ssize_t captured, uint32_t original, Py_ssize_t interface, object time_ns
    ):
        cdef Found found
        cdef Finding finding
        found.missing = original - captured if original > captured else 0
        finding = _packet(self._interfaces[interface].link_type, octets, octets + captured, &found)
        if finding == SHORT:
            finding = CUT if found.missing else MALFORMED
        self._counts[<int>finding] += 1
        self._packets += 1
        if finding != DATAGRAM:
            return None
        one = PyType_GenericAlloc(<PyTypeObject*>self._datagram_type, 5)
        _set(one, 0, time_ns)
        _set(one, 1, self._address(found.source, found.host_octets, found.udp))
        _set(one, 2, self._address(found.destination, found.host_octets, found.udp + 2))
        _set(one, 3, PyBytes_FromStringAndSize(<const char*>found.udp + 8, found.payload_octets))
        _set(one, 4, self._packets)
        _shared(one)
        return one

    cdef object _address(self, const uint8_t* host, int host_octets, const uint8_t* port):
        """The address of before, if it is among the last ones."""
        cdef uint8_t key[KEY_OCTETS + 1]
        cdef uint8_t* kept
        cdef uint32_t slot = 0x811C_9DC5
        cdef int i
        memset(key, 0, sizeof(key))
        key[0] = <uint8_t>host_octets
        memcpy(key + 1, host, host_octets)
        memcpy(key + 1 + host_octets, port, 2)
        for i in range(host_octets + 3):
            slot = (slot ^ key[i]) * 0x0100_0193        # FNV-1a
        slot = (slot ^ slot >> 16) & (CACHED_ADDRESSES - 1)
        kept = self._keys + slot * sizeof(key)
        if memcmp(kept, key, sizeof(key)) == 0:
            return self._addresses[slot]
        address = PyType_GenericAlloc(<PyTypeObject*>self._address_type, 2)
        _set(address, 0, PyBytes_FromStringAndSize(<const char*>host, host_octets))
        _set(address, 1, load_u16(port))
        _shared(address)
        self._addresses[slot] = address
        memcpy(kept, key, sizeof(key))
        return address
