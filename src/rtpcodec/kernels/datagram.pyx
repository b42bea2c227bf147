"""Extraction of UDP datagrams from captures: records of pcap, packet blocks of pcapng, link layers, IPv4 and IPv6.

A packet without a whole UDP datagram is counted by its kind. Checksums are not verified: in a capture on the sending
machine the network card has not written them yet.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from rtpcodec.kernels._frames cimport CUT, DATAGRAM, FINDINGS, MALFORMED, OTHER, SHORT, Finding, Found, find_datagram
from rtpcodec.kernels.rtp_header cimport load_u16, load_u32

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(PyObject* op)
    object PyType_GenericAlloc(PyTypeObject* kind, Py_ssize_t items)

cdef enum:
    CACHED_ADDRESSES = 1024         # a power of two; enough for a busy server, and bounds the memory
    KEY_OCTETS = 18                 # an IPv6 address and a port
    MAX_PACKET_OCTETS = 262_144     # the maximum of tcpdump and Wireshark
    RECORD_OCTETS = 16
    ENHANCED_OCTETS = 28            # header of an enhanced packet block
    BLOCK_OCTETS = 12               # type and length of any block, and the length again at its end

MAX_PACKET = MAX_PACKET_OCTETS
SCAN_MORE, SCAN_OTHER, SCAN_LONG, SCAN_LENGTH, SCAN_TRAILER, SCAN_INTERFACE, SCAN_CAPTURED = range(7)

cdef enum Status:
    MORE, OTHER_BLOCK, LONG, BAD_LENGTH, BAD_TRAILER, BAD_INTERFACE, BAD_CAPTURED

cdef struct Interface:
    int link_type
    uint64_t tick_ns                # 0: ticks that are not whole nanoseconds, or an offset
    uint64_t max_ticks              # beyond, nanoseconds do not fit 63 bits


cdef inline uint32_t _number(const uint8_t* octets, bint big_endian) noexcept nogil:
    if big_endian:
        return load_u32(octets)
    return octets[0] | <uint32_t>octets[1] << 8 | <uint32_t>octets[2] << 16 | <uint32_t>octets[3] << 24


cdef inline void _untrack(object value) noexcept:
    """Exclude a tuple from the cycle collector: octets, numbers and addresses cannot form a cycle."""
    PyObject_GC_UnTrack(<PyObject*>value)


cdef inline void _set(object items, Py_ssize_t i, object item) noexcept:
    Py_INCREF(item)
    PyTuple_SET_ITEM(items, i, item)


cdef class DatagramScanner:
    """Finds the datagrams of one capture, and counts its other packets. Use from one thread at a time."""

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
        """Create a scanner.

        Args:
            datagram_type: a named tuple of (time_ns, source, destination, payload, number).
            address_type: a named tuple of (host, port).
        """
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
        """Counts of all packets, datagrams, TCP, fragments, cut, malformed, other protocols, unknown link layers."""
        cdef int i
        return (self._packets, *[self._counts[i] for i in range(<int>FINDINGS)])

    def begin(self, bint big_endian):
        """Begin a file, or a section of a file: interfaces are numbered from 0 again."""
        self.big_endian = big_endian
        self._clocks.clear()

    def add_interface(self, int link_type, units, offset_ns=0):
        """Add an interface.

        Args:
            link_type: its link type.
            units: ticks of its clock per second.
            offset_ns: time of tick 0 in nanoseconds.
        """
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
        """Count a packet that is too long for a UDP datagram."""
        self._packets += 1
        self._counts[<int>OTHER] += 1

    def packet(
        self, bytes octets not None, Py_ssize_t at, Py_ssize_t captured, uint32_t original, int interface, ticks
    ):
        """Return the datagram of a packet in `octets`, or count the packet and return None.

        Args:
            octets: contains the packet.
            at: its offset.
            captured: its captured octets.
            original: its length on the wire.
            interface: number of the interface.
            ticks: its time; None: unknown.
        """
        if not (0 <= at <= len(octets) and 0 <= captured <= len(octets) - at and 0 <= interface < len(self._clocks)):
            raise ValueError("the packet lies outside of the octets, or its interface is unknown")
        cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(octets) + at
        return self._found(start, captured, original, interface, 0 if ticks is None else self._time(interface, ticks))

    def scan_records(self, bytes octets not None, Py_ssize_t at, int extra_octets, bint exchanged):
        """Read records of pcap from octet `at` on, to the last whole one.

        Args:
            octets: part of a file.
            at: offset of a record.
            extra_octets: octets after the four numbers of each record header.
            exchanged: whether the original length may precede the captured one.

        Returns:
            The datagrams, the offset of the end, and the reason: SCAN_MORE, or SCAN_LONG at a record that is too long.
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

        Returns:
            The datagrams, the offset of the end, and the reason: SCAN_MORE, SCAN_OTHER at a block of another type,
            SCAN_LONG at a packet that is too long, otherwise the rule that the block breaks.
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
        """Convert the time of any clock to nanoseconds, rounded down."""
        units, offset_ns = self._clocks[interface]
        return ticks * 1_000_000_000 // units + offset_ns

    cdef object _found(
        self, const uint8_t* octets, Py_ssize_t captured, uint32_t original, Py_ssize_t interface, object time_ns
    ):
        cdef Found found
        cdef Finding finding
        found.missing = original - captured if original > captured else 0
        finding = find_datagram(self._interfaces[interface].link_type, octets, octets + captured, &found)
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
        _untrack(one)
        return one

    cdef object _address(self, const uint8_t* host, int host_octets, const uint8_t* port):
        """Return the cached address, or create one."""
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
        _untrack(address)
        self._addresses[slot] = address
        memcpy(kept, key, sizeof(key))
        return address
