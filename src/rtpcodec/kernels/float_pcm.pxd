"""int16 PCM to float32 and back for other Cython code."""
from libc.stdint cimport uint8_t

cdef void int16_to_float32_block(const uint8_t* pcm, uint8_t* floats, Py_ssize_t n) noexcept nogil
cdef Py_ssize_t float32_to_int16_block(const uint8_t* floats, uint8_t* pcm, Py_ssize_t n) noexcept nogil
