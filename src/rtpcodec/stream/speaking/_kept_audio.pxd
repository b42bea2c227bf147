"""Sent audio that is kept, for other Cython code."""
from libc.stdint cimport int64_t


cdef class Stretch:
    cdef object reply
    cdef int64_t position
    cdef int64_t content
    cdef int64_t samples
    cdef object kind            # of octets; None: it has pieces
    cdef object octets          # bytearray, or the list of pieces
    cdef int append(self, bytes octets, int law) except -1
    cdef list pieces(self, int law)

cdef class KeptAudio:
    cdef public object _max_samples
    cdef list _stretches
    cdef object _last           # what was added last, in its original form
    cdef int64_t _stretch_samples
    cdef int _law
    cdef int keep(self, int64_t position, int64_t samples, int64_t content, object reply, object audio) except -1
    cdef Stretch stretch_for(self, int64_t position, int64_t content, object reply, object kind)
