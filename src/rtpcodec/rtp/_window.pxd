"""The state of a reorder window that every item changes, for other Cython code."""
from libc.stdint cimport int64_t, uint64_t

cdef enum:
    # Numbers whose content is remembered. A prime, because counters that step by 2, 160 or 320 must not share a place.
    REMEMBERED_CONTENTS = 127

ctypedef struct Remembered:
    int64_t number        # NOTHING: the place is free
    int64_t timestamp     # -1: none
    uint64_t digest       # of the payload, below the index of the track

cdef uint64_t digest_of(const unsigned char* octets, Py_ssize_t n) noexcept nogil


cdef class Contents:
    cdef Remembered* _places    # NULL: nothing was remembered
    cdef list _tracks        # their names, by index
    cdef int keep(self, int64_t number, str track, int64_t timestamp, uint64_t found) except -1
    cdef int _index(self, str track) except -1


cdef class WindowState:
    cdef int64_t next_number         # BEYOND: 2^63, which comes behind the largest number of a wire
    cdef public object first         # the first number; None: none was expected yet
    cdef public dict _held
    cdef public object _stray
    cdef public list _refused
    cdef public Contents _contents
    # Whether a number is the next one, and nothing waits.
    cdef bint is_next(self, int64_t number) noexcept
    # Take the item of the next number.
    cdef int take_next(self, str track, int64_t timestamp, uint64_t found) except -1
