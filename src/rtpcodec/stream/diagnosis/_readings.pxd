"""The statistics of a track's payloads for other Cython code."""
from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t

cdef enum:
    TALLIES = 5    # four readings, and two channels

cdef struct Tally:
    double score
    double gain_db      # sums over the segments since the score was zero
    double than_db
    double level_db
    double level_squared
    int segments


cdef class Readings:
    cdef Tally _tallies[TALLIES]
    cdef int _declared
    cdef int _noise
    cdef bint _is_skipped
    cdef int _text
    cdef int _rtp
    cdef uint16_t _sequence
    cdef uint32_t _ssrc
    cdef readonly int segments       # segments of the declared reading that are not quiet
    cdef double _gain_db             # sum of their gains
    cdef readonly int equal_pairs    # segments in which each sample is doubled
    cdef int take_payload(self, bytes payload) noexcept    # take
    cdef int _all_segments(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil
    cdef int _header(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil
    cdef int _segment(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil
    cdef int _compare(self, const double* gains_db, const double* levels_db) noexcept nogil
    cdef bint _has_scores(self) noexcept nogil
    cdef void _measure(
        self, const uint8_t* octets, Py_ssize_t n, int reading, double* lags, double* gain_db, double* level_db
    ) noexcept nogil
    cdef int _channels(self, const double* lags, double gain_db, double level_db) noexcept nogil
    cdef void _pairs(self, const int16_t* samples, Py_ssize_t n) noexcept nogil
