"""Linear fades of PCM for other Cython code."""
from libc.stdint cimport uint8_t

cdef void fade_block(
    const uint8_t* pcm, uint8_t* out, Py_ssize_t n, Py_ssize_t position, Py_ssize_t length, bint rising
) noexcept nogil
