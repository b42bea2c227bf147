"""The receive direction of a session for other Cython code."""
from libc.stdint cimport uint8_t

from rtpcodec.kernels.media_scan cimport MediaFields, MediaScanner, MediaShape
from rtpcodec.stream._event_queue cimport EventQueue
from rtpcodec.stream._receive_states cimport ChainState, IncomingState, TrackState


cdef class ReceivePath:
    cdef IncomingState _incoming
    cdef EventQueue _events
    cdef MediaScanner _scanner
    cdef MediaShape _shape
    # Returns whether the message was handled; otherwise the scanner does not read it, and nothing has changed.
    cdef bint take(self, object text, double now_ms) except -1
    cdef bytes _read(self, object text, MediaFields* fields)
    cdef bytes _payload(self, const uint8_t* text, Py_ssize_t n, MediaFields* fields)
    cdef str _track_name(self, const MediaFields* fields)
    cdef bint _take_next(self, str name, bytes payload, const MediaFields* fields, double now_ms) except -1
    cdef void _count(self, const MediaFields* fields, Py_ssize_t octets, double now_ms) noexcept
    cdef int _deliver(
        self, ChainState chain, TrackState track, bytes payload, double duration_ms, const MediaFields* fields,
        double now_ms,
    ) except -1
