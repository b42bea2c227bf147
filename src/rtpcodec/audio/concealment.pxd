"""Concealment for other Cython code."""
from libc.stdint cimport uint8_t

from rtpcodec.kernels.concealment cimport Concealment

cdef class Concealer:
    cdef Concealment _state
    cdef readonly int sample_rate_hz

cdef enum:
    MAX_GAP_MS = 60_000

# Return the length of a gap in samples. ValueError: not a whole number from 0 to one minute's.
cdef int checked_gap(object samples, int sample_rate_hz) except -1
