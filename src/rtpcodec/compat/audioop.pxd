"""The mu-law encoder of audioop as a block function. PCM is native int16 at any address."""
from libc.stdint cimport uint8_t

cdef void ulaw_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
