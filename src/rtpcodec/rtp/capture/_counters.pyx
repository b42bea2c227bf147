"""The counters of all known streams: ordinary packets are counted without Python code."""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.kernels.rtp_header cimport HEADER_GOOD, RtpHeader, read_header
from rtpcodec.rtp.capture._counting cimport StreamCounter

StreamKey = tuple


@cython.final
cdef class StreamCounters:
    """The counters of all known streams, by addresses and SSRC. Use from one thread at a time."""

    cdef dict _counters
    cdef readonly int64_t counted        # packets that `count` took

    def __cinit__(self):
        self._counters = {}

    def __len__(self):
        return len(self._counters)

    def add(self, key, StreamCounter counter not None, /):
        """Start counting a stream's packets."""
        self._counters[key] = counter

    def get(self, key, /):
        """Return the counter of a stream, or None."""
        return self._counters.get(key)

    def remove(self, key, /):
        """Stop counting a stream's packets."""
        self._counters.pop(key, None)

    def count(self, datagrams, /):
        """Count packets of known streams from an iterator of Datagram, up to a datagram that needs Python code.

        Return that datagram, or None at the end of the iterator.
        """
        cdef RtpHeader header
        cdef StreamCounter counter
        cdef const uint8_t* octets
        cdef object payload, found
        for datagram in datagrams:
            payload = datagram[3]
            if not PyBytes_CheckExact(payload) or PyBytes_GET_SIZE(payload) < 12:
                return datagram
            octets = <const uint8_t*>PyBytes_AS_STRING(payload)
            if octets[0] >> 6 != 2 or 192 <= octets[1] <= 223:
                return datagram
            if read_header(octets, PyBytes_GET_SIZE(payload), &header) != HEADER_GOOD:
                return datagram
            found = self._counters.get((datagram[1], datagram[2], header.ssrc))
            if found is None:
                return datagram
            counter = <StreamCounter>found
            if counter.payload_type != header.payload_type or counter.is_watched:
                return datagram
            counter.take(&header, datagram[0])
            self.counted += 1
        return None
