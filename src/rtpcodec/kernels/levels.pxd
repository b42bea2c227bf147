"""Levels of PCM for other Cython code."""
from libc.stdint cimport int32_t, uint8_t, uint64_t

cdef int32_t peak_block(const uint8_t* pcm, Py_ssize_t n) noexcept nogil
cdef uint64_t energy_block(const uint8_t* pcm, Py_ssize_t n) noexcept nogil
