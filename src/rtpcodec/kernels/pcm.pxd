"""PCM block functions for other Cython code."""
from libc.stdint cimport uint8_t

cdef void swap_bytes_block(const uint8_t* samples, uint8_t* out, Py_ssize_t n) noexcept nogil
cdef void copy_block(const uint8_t* samples, uint8_t* out, Py_ssize_t n) noexcept nogil
