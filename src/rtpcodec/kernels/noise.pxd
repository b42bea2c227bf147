"""White noise for other Cython code."""
from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef uint64_t noise_stream(uint64_t seed) noexcept nogil
cdef int64_t noise_scale(double rms) noexcept nogil
cdef void noise_block(
    uint64_t stream, uint64_t position, int64_t scale, uint8_t* out, Py_ssize_t n
) noexcept nogil
