"""Gain and mixing of PCM for other Cython code."""
from libc.stdint cimport int32_t, uint8_t

cdef extern from "rtpcodec/kernels/simd/mixing_avx2.h":
    # A factor of mantissa / 2^shift: mantissa 0 to 32767, shift 1 to 30.
    ctypedef struct mix_gain:
        int32_t mantissa
        int32_t shift

cdef enum:
    MAX_GAIN = 64    # 36 dB; 64 full-scale sources at this gain sum up to 2^27, far within 32 bits

cdef mix_gain gain_of(double factor) noexcept nogil
cdef int checked_gain(object factor, mix_gain* gain) except -1
cdef void gain_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n, mix_gain gain) noexcept nogil
cdef void mix_block(
    const uint8_t* const* sources, const mix_gain* gains, int count, uint8_t* out, Py_ssize_t n
) noexcept nogil
