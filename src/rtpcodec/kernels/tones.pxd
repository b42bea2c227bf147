"""Sums of sines for other Cython code."""
from libc.stdint cimport uint8_t

cdef enum:
    MAX_TONES = 8    # a signal of the telephone network has at most four

cdef struct Tone:
    int frequency_hz
    int place            # phase of the next sample, in ticks of 1 / rate_hz of a turn
    double amplitude

cdef void tones_block(Tone* tones, int count, int rate_hz, uint8_t* out, Py_ssize_t n) noexcept nogil
