"""G.711 block functions from law to law for other Cython code; in and out must not overlap."""
from libc.stdint cimport uint8_t

cdef void pcmu_to_pcma_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil
cdef void pcma_to_pcmu_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil
