"""The power at single frequencies for other Cython code."""
from libc.stdint cimport int16_t, int64_t

cdef enum:
    RUN_SAMPLES = 32    # products of 16 and 12 bits that fit a sum of 32 bits
    WEIGHT = 2047       # the largest weight, in the middle of a window: 12 bits with the sign
    POWER_WEIGHT = 32767

cdef int64_t weighted_sum(const int16_t* samples, const int16_t* weights, Py_ssize_t n) noexcept nogil
cdef double window_power(
    const int16_t* samples, const int16_t* weights, int64_t total_weight, Py_ssize_t n
) noexcept nogil
