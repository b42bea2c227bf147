"""The G.711 functions of Python's removed `audioop` module, for samples of width 2: same names, results and errors.

    from rtpcodec.compat import audioop

Its mu-law encoder rounds negative samples differently from the ITU-T reference: it differs from `rtpcodec.pcmu_encode`
for 508 of 65,536 inputs. Its decoders and its A-law encoder equal the reference.
"""
from cpython.buffer cimport PyBUF_SIMPLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from libc.limits cimport INT_MAX, INT_MIN
from libc.stdint cimport int16_t, uint8_t, uint16_t

from operator import index

from rtpcodec.kernels._blocks cimport block_function, run
from rtpcodec.kernels._buffers cimport load_i16
from rtpcodec.kernels._simd cimport avx2_chosen, avx512_chosen
from rtpcodec.kernels.g711 cimport pcma_decode_block, pcma_encode_block, pcmu_decode_block

cdef extern from "../kernels/simd/g711_avx2.h":
    void audioop_ulaw_encode_avx2(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil

cdef extern from "../kernels/simd/g711_avx512.h":
    void audioop_ulaw_encode_avx512(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil

cdef enum:
    AVX2_SAMPLES = 32    # the AVX2 form works in steps of 32, the AVX-512 form accepts any length

cdef bint USES_AVX2 = avx2_chosen()
cdef bint USES_AVX512 = avx512_chosen()
cdef uint8_t ULAW_OF[65536]


class error(Exception):
    """A wrong width or an incomplete sample, as in the removed module."""

    __module__ = "rtpcodec.compat.audioop"


cdef uint8_t ulaw_code(int sample) noexcept nogil:
    """Encode one sample: first 14 bits by an arithmetic shift, then the magnitude; so -1 becomes 1 and not 0."""
    cdef int shifted = sample >> 2
    cdef int magnitude = (-shifted if shifted < 0 else shifted) + 33
    cdef int segment = 0
    if magnitude > 0x1FFF:
        magnitude = 0x1FFF
    while magnitude >> (segment + 6):
        segment += 1
    cdef int code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)
    return <uint8_t>(code ^ (0x7F if sample < 0 else 0xFF))


cdef void fill_table() noexcept:
    cdef int i
    for i in range(65536):
        ULAW_OF[i] = ulaw_code(<int16_t>i)


fill_table()


cdef void ulaw_encode_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Compress n samples to n octets."""
    cdef Py_ssize_t i
    if USES_AVX512:
        audioop_ulaw_encode_avx512(pcm, out, n)
    elif USES_AVX2 and n >= AVX2_SAMPLES:
        audioop_ulaw_encode_avx2(pcm, out, n)
    else:
        for i in range(n):
            out[i] = ULAW_OF[<uint16_t>load_i16(pcm, i)]


cdef int require_width(object width) except -1:
    """Check the width, with the errors of the removed module."""
    wanted = index(width)
    if not INT_MIN <= wanted <= INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    if wanted not in (1, 2, 3, 4):
        raise error("Size should be 1, 2, 3 or 4")
    if wanted != 2:
        raise error(f"width {wanted} is not supported here, only 2; the package audioop-lts has the others")
    return 0


cdef inline bytes coded(
    const uint8_t* octets, Py_ssize_t n, object width, block_function block, Py_ssize_t in_octets, Py_ssize_t out_octets
):
    """Apply a block function to n octets, which the caller keeps alive."""
    cdef bytes out
    if not (PyLong_CheckExact(width) and width == 2):
        require_width(width)
    if n % in_octets:
        raise error("not a whole number of frames")
    out = PyBytes_FromStringAndSize(NULL, n // in_octets * out_octets)
    run(block, octets, <uint8_t*>PyBytes_AS_STRING(out), n // in_octets)
    return out


cdef inline bytes converted(
    object fragment, object width, block_function block, Py_ssize_t in_octets, Py_ssize_t out_octets
):
    cdef Py_buffer view
    if PyBytes_CheckExact(fragment):
        return coded(
            <const uint8_t*>PyBytes_AS_STRING(fragment), PyBytes_GET_SIZE(fragment), width, block, in_octets, out_octets
        )
    PyObject_GetBuffer(fragment, &view, PyBUF_SIMPLE)
    try:
        return coded(<const uint8_t*>view.buf, view.len, width, block, in_octets, out_octets)
    finally:
        PyBuffer_Release(&view)


def ulaw2lin(fragment, width, /):
    """Decode mu-law octets to native int16 samples.

    Raises:
        error: a width other than 2.
        TypeError: not a buffer, or a width that is not an integer.

    >>> ulaw2lin(b"\\xff\\x80", 2).hex()
    '00007c7d'
    """
    return converted(fragment, width, pcmu_decode_block, 1, 2)


def lin2ulaw(fragment, width, /):
    """Encode native int16 samples to mu-law octets, with the rounding of the removed module.

    Raises:
        error: a width other than 2, or an odd number of octets.
        TypeError: not a buffer, or a width that is not an integer.

    >>> lin2ulaw(b"\\x00\\x00\\xff\\xff", 2).hex()
    'ff7e'
    """
    return converted(fragment, width, ulaw_encode_block, 2, 1)


def alaw2lin(fragment, width, /):
    """Decode A-law octets to native int16 samples. Errors as for `ulaw2lin`."""
    return converted(fragment, width, pcma_decode_block, 1, 2)


def lin2alaw(fragment, width, /):
    """Encode native int16 samples to A-law octets. Errors as for `lin2ulaw`."""
    return converted(fragment, width, pcma_encode_block, 2, 1)
