"""Channels of interleaved PCM for other Cython code."""
from libc.stdint cimport uint8_t

cdef void interleave_block(const uint8_t* const* sources, int channels, uint8_t* out, Py_ssize_t frames) noexcept nogil
cdef void channel_block(
    const uint8_t* pcm, int channels, int channel, uint8_t* out, Py_ssize_t frames
) noexcept nogil
cdef void downmix_block(const uint8_t* pcm, int channels, uint8_t* out, Py_ssize_t frames) noexcept nogil
