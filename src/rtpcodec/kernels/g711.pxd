"""G.711 block functions for other Cython code. PCM is native int16 at any address; in and out must not overlap."""
from libc.stdint cimport uint8_t

cdef void pcmu_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
cdef void pcmu_decode_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil
cdef void pcma_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
cdef void pcma_decode_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil
