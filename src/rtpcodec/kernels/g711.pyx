"""G.711 mu-law (PCMU) and A-law (PCMA), equal to the ITU-T G.191 reference for every input.

Each law is implemented once as the standard defines it, for one value. The tables are filled from these functions at
import (0.3 ms). The portable form uses the tables, the AVX2 form (simd/g711_avx2.h) computes, the AVX-512 form
(simd/g711_avx512.h) does both in registers. All give the same octets.
"""
from libc.stdint cimport int16_t, uint8_t, uint16_t

from rtpcodec.kernels._blocks cimport decoded, decoded_into, encoded, encoded_into
from rtpcodec.kernels._buffers cimport load_i16, store_i16
from rtpcodec.kernels._simd cimport avx2_chosen, avx512_chosen

cdef extern from "simd/g711_avx2.h":
    void pcmu_encode_avx2(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
    void pcmu_decode_avx2(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil
    void pcma_encode_avx2(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
    void pcma_decode_avx2(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil

cdef extern from "simd/g711_avx512.h":
    struct g711_samples:
        uint8_t low[128]
        uint8_t high[128]
    void pcmu_encode_avx512(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
    void pcma_encode_avx512(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
    void decode_avx512(const uint8_t* payload, uint8_t* out, Py_ssize_t n, const g711_samples* samples) noexcept nogil

cdef enum:
    AVX2_SAMPLES = 32    # the AVX2 form works in steps of 32, the AVX-512 form accepts any length

cdef bint USES_AVX2 = avx2_chosen()
cdef bint USES_AVX512 = avx512_chosen()
cdef uint8_t PCMU_OF[65536]    # index: the sample's bits, read as uint16
cdef uint8_t PCMA_OF[65536]
cdef int16_t PCMU_SAMPLE[256]
cdef int16_t PCMA_SAMPLE[256]
cdef g711_samples PCMU_OCTETS    # the same samples in the layout of the AVX-512 form
cdef g711_samples PCMA_OCTETS


cdef uint8_t pcmu_code(int sample) noexcept nogil:
    """Encode one sample: 14-bit magnitude, bias 33, 3 segment and 4 interval bits, all inverted (G.711 table 2)."""
    # A negative value is its one's complement, so -1 and 0 share a magnitude; other encoders differ here.
    cdef int magnitude = ((~sample if sample < 0 else sample) >> 2) + 33
    cdef int segment = 0
    if magnitude > 0x1FFF:
        magnitude = 0x1FFF
    while magnitude >> (segment + 6):
        segment += 1
    cdef int code = ((7 - segment) << 4) | (0x0F - ((magnitude >> (segment + 1)) & 0x0F))
    return <uint8_t>(code if sample < 0 else code | 0x80)


cdef int16_t pcmu_sample(int code) noexcept nogil:
    """Decode a mu-law code to a 16-bit sample: the middle of its interval."""
    cdef int inverted = ~code & 0x7F
    cdef int magnitude = (((inverted & 0x0F) * 2 + 33) << (inverted >> 4)) - 33
    return <int16_t>(4 * magnitude if code & 0x80 else -4 * magnitude)


cdef uint8_t pcma_code(int sample) noexcept nogil:
    """Encode one sample: 12-bit magnitude, 3 segment and 4 interval bits, even bits inverted (G.711 table 1)."""
    cdef int magnitude = (~sample if sample < 0 else sample) >> 4
    cdef int segment = 0
    while magnitude >> segment > 31:
        segment += 1
    # The two lowest segments have intervals of the same size, so magnitudes below 32 are their own code.
    cdef int code = magnitude if magnitude < 32 else ((segment + 1) << 4) | ((magnitude >> segment) & 0x0F)
    return <uint8_t>((code if sample < 0 else code | 0x80) ^ 0x55)


cdef int16_t pcma_sample(int code) noexcept nogil:
    """Decode an A-law code to a 16-bit sample: the middle of its interval."""
    cdef int inverted = code ^ 0x55
    cdef int segment = (inverted >> 4) & 7
    cdef int magnitude = ((inverted & 0x0F) << 4) + 8
    if segment:
        magnitude = (magnitude + 256) << (segment - 1)
    return <int16_t>(magnitude if inverted & 0x80 else -magnitude)


cdef void fill_tables() noexcept:
    cdef int i
    for i in range(65536):
        PCMU_OF[i] = pcmu_code(<int16_t>i)
        PCMA_OF[i] = pcma_code(<int16_t>i)
    for i in range(256):
        PCMU_SAMPLE[i] = pcmu_sample(i)
        PCMA_SAMPLE[i] = pcma_sample(i)
    split_samples(PCMU_SAMPLE, &PCMU_OCTETS)
    split_samples(PCMA_SAMPLE, &PCMA_OCTETS)


cdef void split_samples(const int16_t* samples, g711_samples* octets) noexcept:
    """Split the negative half of a table into octets; the positive half differs only in sign."""
    cdef int code
    for code in range(128):
        octets.low[code] = <uint8_t>(samples[code] & 0xFF)
        octets.high[code] = <uint8_t>(<uint16_t>samples[code] >> 8)


fill_tables()


cdef void pcmu_encode_portable(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = PCMU_OF[<uint16_t>load_i16(pcm, i)]


cdef void pcmu_decode_portable(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        store_i16(out, i, PCMU_SAMPLE[payload[i]])


cdef void pcma_encode_portable(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = PCMA_OF[<uint16_t>load_i16(pcm, i)]


cdef void pcma_decode_portable(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        store_i16(out, i, PCMA_SAMPLE[payload[i]])


cdef void pcmu_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Compress n samples to n octets."""
    if USES_AVX512:
        pcmu_encode_avx512(pcm, out, n)
    elif USES_AVX2 and n >= AVX2_SAMPLES:
        pcmu_encode_avx2(pcm, out, n)
    else:
        pcmu_encode_portable(pcm, out, n)


cdef void pcmu_decode_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Expand n octets to n samples."""
    if USES_AVX512:
        decode_avx512(payload, out, n, &PCMU_OCTETS)
    elif USES_AVX2 and n >= AVX2_SAMPLES:
        pcmu_decode_avx2(payload, out, n)
    else:
        pcmu_decode_portable(payload, out, n)


cdef void pcma_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Compress n samples to n octets."""
    if USES_AVX512:
        pcma_encode_avx512(pcm, out, n)
    elif USES_AVX2 and n >= AVX2_SAMPLES:
        pcma_encode_avx2(pcm, out, n)
    else:
        pcma_encode_portable(pcm, out, n)


cdef void pcma_decode_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Expand n octets to n samples."""
    if USES_AVX512:
        decode_avx512(payload, out, n, &PCMA_OCTETS)
    elif USES_AVX2 and n >= AVX2_SAMPLES:
        pcma_decode_avx2(payload, out, n)
    else:
        pcma_decode_portable(payload, out, n)


def pcmu_encode(pcm, /):
    """Encode native int16 mono PCM to mu-law, one octet per sample (ITU-T G.711 table 2, rounding of G.191).

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> pcmu_encode(b"\\x00\\x00\\xff\\x7f").hex()
    'ff80'
    """
    return encoded(pcm, pcmu_encode_block)


def pcmu_encode_into(pcm, out, /):
    """Encode PCM to mu-law, as `pcmu_encode`, into the start of a writable buffer. Return the number of octets.

    Raises:
        TypeError: as for `pcmu_encode`.
        ValueError: as for `pcmu_encode`; the buffer is too small, or overlaps the PCM.
    """
    return encoded_into(pcm, out, pcmu_encode_block)


def pcmu_decode(payload, /):
    """Decode mu-law octets to native int16 mono PCM, one sample per octet (ITU-T G.711 table 2).

    TypeError: not a buffer of octets.

    >>> pcmu_decode(b"\\xff\\x80").hex()
    '00007c7d'
    """
    return decoded(payload, pcmu_decode_block)


def pcmu_decode_into(payload, out, /):
    """Decode mu-law, as `pcmu_decode`, into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: not a buffer of octets.
        ValueError: the buffer is too small, or overlaps the payload.
    """
    return decoded_into(payload, out, pcmu_decode_block)


def pcma_encode(pcm, /):
    """Encode native int16 mono PCM to A-law, one octet per sample (ITU-T G.711 table 1, rounding of G.191).

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> pcma_encode(b"\\x00\\x00\\xff\\x7f").hex()
    'd5aa'
    """
    return encoded(pcm, pcma_encode_block)


def pcma_encode_into(pcm, out, /):
    """Encode PCM to A-law, as `pcma_encode`, into the start of a writable buffer. Return the number of octets.

    Raises:
        TypeError: as for `pcma_encode`.
        ValueError: as for `pcma_encode`; the buffer is too small, or overlaps the PCM.
    """
    return encoded_into(pcm, out, pcma_encode_block)


def pcma_decode(payload, /):
    """Decode A-law octets to native int16 mono PCM, one sample per octet (ITU-T G.711 table 1).

    TypeError: not a buffer of octets.

    >>> pcma_decode(b"\\xd5\\xaa").hex()
    '0800007e'
    """
    return decoded(payload, pcma_decode_block)


def pcma_decode_into(payload, out, /):
    """Decode A-law, as `pcma_decode`, into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: not a buffer of octets.
        ValueError: the buffer is too small, or overlaps the payload.
    """
    return decoded_into(payload, out, pcma_decode_block)
