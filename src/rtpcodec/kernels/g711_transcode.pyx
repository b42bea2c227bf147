"""PCMU to PCMA and back, through linear samples: the same result as decoding and then encoding (ITU-T G.191).

The direct conversion tables of G.711 differ in 44 and 32 codes.
"""
from libc.stdint cimport uint8_t

from rtpcodec.kernels._blocks cimport recoded, recoded_into
from rtpcodec.kernels._simd cimport avx2_chosen, avx512_chosen
from rtpcodec.kernels.g711 cimport pcma_decode_block, pcma_encode_block, pcmu_decode_block, pcmu_encode_block

cdef extern from "simd/g711_avx2.h":
    void transcode_avx2(
        const uint8_t* codes, uint8_t* out, Py_ssize_t n, const uint8_t[16]* steps, const uint8_t* corrections
    ) noexcept nogil

cdef extern from "simd/g711_avx512.h":
    void transcode_avx512(const uint8_t* codes, uint8_t* out, Py_ssize_t n, const uint8_t* table) noexcept nogil

cdef enum:
    AVX2_OCTETS = 32    # the AVX2 form works in steps of 32, the AVX-512 form accepts any length


cdef struct Transcoder:
    uint8_t table[256]
    uint8_t steps[8][16]       # simd/g711_avx2.h explains these two
    uint8_t corrections[16]


cdef Transcoder PCMU_TO_PCMA
cdef Transcoder PCMA_TO_PCMU
cdef bint USES_AVX2 = avx2_chosen()
cdef bint USES_AVX512 = avx512_chosen()


cdef void fill_vector_tables(Transcoder* transcoder) noexcept:
    """Compute the tables of the AVX2 form from the plain table."""
    cdef int code
    cdef uint8_t below
    for code in range(128):
        below = transcoder.table[0x80 | (code - 16)] if code >= 16 else 0
        transcoder.steps[code >> 4][code & 15] = (transcoder.table[0x80 | code] ^ below) & 0x7F
    for code in range(16):
        transcoder.corrections[code] = transcoder.table[0x70 | code] ^ (transcoder.table[0xF0 | code] & 0x7F)


cdef void fill_tables() noexcept:
    cdef uint8_t codes[256]
    cdef uint8_t pcm[512]
    cdef int code
    for code in range(256):
        codes[code] = code
    pcmu_decode_block(codes, pcm, 256)
    pcma_encode_block(pcm, PCMU_TO_PCMA.table, 256)
    pcma_decode_block(codes, pcm, 256)
    pcmu_encode_block(pcm, PCMA_TO_PCMU.table, 256)
    fill_vector_tables(&PCMU_TO_PCMA)
    fill_vector_tables(&PCMA_TO_PCMU)


fill_tables()


cdef void transcode(const Transcoder* transcoder, const uint8_t* codes, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if USES_AVX512:
        transcode_avx512(codes, out, n, transcoder.table)
    elif USES_AVX2 and n >= AVX2_OCTETS:
        transcode_avx2(codes, out, n, transcoder.steps, transcoder.corrections)
    else:
        for i in range(n):
            out[i] = transcoder.table[codes[i]]


cdef void pcmu_to_pcma_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Convert n mu-law codes to A-law; in and out must not overlap."""
    transcode(&PCMU_TO_PCMA, payload, out, n)


cdef void pcma_to_pcmu_block(const uint8_t* payload, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Convert n A-law codes to mu-law; in and out must not overlap."""
    transcode(&PCMA_TO_PCMU, payload, out, n)


def pcmu_to_pcma(payload, /):
    """Convert mu-law octets to A-law, with the same result as decoding and then encoding.

    TypeError: not a buffer of octets.

    >>> pcmu_to_pcma(b"\\xff\\x80").hex()
    'd5aa'
    """
    return recoded(payload, pcmu_to_pcma_block)


def pcmu_to_pcma_into(payload, out, /):
    """Convert as `pcmu_to_pcma`, into the start of a writable buffer. Return the number of octets.

    Raises:
        TypeError: not a buffer of octets.
        ValueError: the buffer is too small, or overlaps the payload.
    """
    return recoded_into(payload, out, pcmu_to_pcma_block)


def pcma_to_pcmu(payload, /):
    """Convert A-law octets to mu-law, with the same result as decoding and then encoding.

    TypeError: not a buffer of octets.

    >>> pcma_to_pcmu(b"\\xd5\\xaa").hex()
    'fe80'
    """
    return recoded(payload, pcma_to_pcmu_block)


def pcma_to_pcmu_into(payload, out, /):
    """Convert as `pcma_to_pcmu`, into the start of a writable buffer. Return the number of octets.

    Raises:
        TypeError: not a buffer of octets.
        ValueError: the buffer is too small, or overlaps the payload.
    """
    return recoded_into(payload, out, pcma_to_pcmu_block)
