"""Conversion between int16 PCM and float32. Full scale is 32768, so every int16 has an exact float32.

To float32, a sample is divided by 32768, which gives -1 to below 1. To int16, a value is multiplied by 32768, rounded
half to even, and clipped to -32768 to 32767; infinities are clipped, and a NaN is refused.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport rintf
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES, run
from rtpcodec.kernels._buffers cimport (
    Py_buffer, PyBuffer_Release, load_i16, odd_pcm, store_i16, take_float32, take_float32_room, take_pcm, take_room,
)
from rtpcodec.kernels._simd cimport avx2_chosen

cdef extern from "rtpcodec/kernels/simd/float_pcm_avx2.h":
    void int16_to_float32_avx2(const uint8_t* pcm, uint8_t* floats, Py_ssize_t n) noexcept nogil
    bint float32_to_int16_avx2(const uint8_t* floats, uint8_t* pcm, Py_ssize_t n) noexcept nogil

cdef enum:
    AVX2_SAMPLES = 16     # a step of the AVX2 form

cdef bint USES_AVX2 = avx2_chosen()


cdef inline float load_float(const uint8_t* floats, Py_ssize_t i) noexcept nogil:
    """Read value i at any address."""
    cdef float value
    memcpy(&value, floats + 4 * i, 4)
    return value


cdef inline int16_t sample_of(float value) noexcept nogil:
    """Convert a value that is not NaN. The product with a power of two is exact, or infinite beyond float32."""
    cdef float scaled = value * <float>32768
    if scaled >= <float>32767:
        return 32767
    if scaled <= <float>-32768:
        return -32768
    return <int16_t>rintf(scaled)


cdef Py_ssize_t first_nan(const uint8_t* floats, Py_ssize_t n) noexcept nogil:
    """Return the index of the first NaN, -1 if there is none."""
    cdef Py_ssize_t i
    cdef float value
    for i in range(n):
        value = load_float(floats, i)
        if value != value:
            return i
    return -1


cdef void int16_to_float32_portable(const uint8_t* pcm, uint8_t* floats, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef float value
    for i in range(n):
        value = <float>load_i16(pcm, i) / <float>32768
        memcpy(floats + 4 * i, &value, 4)


cdef bint float32_to_int16_portable(const uint8_t* floats, uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Convert up to the first NaN. Return True if there is one."""
    cdef Py_ssize_t i
    cdef float value
    for i in range(n):
        value = load_float(floats, i)
        if value != value:
            return True
        store_i16(pcm, i, sample_of(value))
    return False


cdef void int16_to_float32_block(const uint8_t* pcm, uint8_t* floats, Py_ssize_t n) noexcept nogil:
    """Convert n samples; in and out must not overlap."""
    if USES_AVX2 and n >= AVX2_SAMPLES:
        int16_to_float32_avx2(pcm, floats, n)
    else:
        int16_to_float32_portable(pcm, floats, n)


cdef Py_ssize_t float32_to_int16_block(const uint8_t* floats, uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Convert n values; in and out must not overlap. Return -1, or the index of a NaN; then pcm is undefined."""
    cdef bint has_nan
    if USES_AVX2 and n >= AVX2_SAMPLES:
        has_nan = float32_to_int16_avx2(floats, pcm, n)
    else:
        has_nan = float32_to_int16_portable(floats, pcm, n)
    return first_nan(floats, n) if has_nan else -1


cdef inline int run_to_int16(const void* floats, void* pcm, Py_ssize_t n) except -1:
    """Convert n values, a long piece without the GIL. ValueError: a NaN."""
    cdef Py_ssize_t nan
    if n < GIL_FREE_SAMPLES:
        nan = float32_to_int16_block(<const uint8_t*>floats, <uint8_t*>pcm, n)
    else:
        with nogil:
            nan = float32_to_int16_block(<const uint8_t*>floats, <uint8_t*>pcm, n)
    if nan >= 0:
        raise ValueError(f"sample {nan} is NaN, a number is needed")
    return 0


def int16_to_float32(pcm, /):
    """Convert native int16 PCM to native float32: each sample divided by 32768, exactly.

    Returns:
        The octets of the float32 values, four per sample.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> from array import array
    >>> array("f", int16_to_float32(array("h", [-32768, 0, 16384]))).tolist()
    [-1.0, 0.0, 0.5]
    """
    cdef Py_buffer view
    cdef Py_ssize_t octets
    cdef bytes out
    if PyBytes_CheckExact(pcm):
        octets = PyBytes_GET_SIZE(pcm)
        if octets & 1:
            raise odd_pcm(octets)
        out = PyBytes_FromStringAndSize(NULL, 2 * octets)
        run(
            int16_to_float32_block, <const uint8_t*>PyBytes_AS_STRING(pcm), <uint8_t*>PyBytes_AS_STRING(out),
            octets >> 1,
        )
        return out
    take_pcm(pcm, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, 2 * view.len)
        run(int16_to_float32_block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len >> 1)
    finally:
        PyBuffer_Release(&view)
    return out


def int16_to_float32_into(pcm, out, /):
    """Convert int16 PCM into the start of a writable buffer of float32 or octets. Return the number of samples.

    Raises:
        TypeError: as for `int16_to_float32`.
        ValueError: as for `int16_to_float32`; the buffer is too small, or overlaps the PCM.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    take_pcm(pcm, &view)
    try:
        take_float32_room(out, &room, &view, 2 * view.len)
        run(int16_to_float32_block, <const uint8_t*>view.buf, <uint8_t*>room.buf, view.len >> 1)
        PyBuffer_Release(&room)
        return view.len >> 1
    finally:
        PyBuffer_Release(&view)


def float32_to_int16(samples, /):
    """Convert native float32 samples to native int16 PCM.

    Args:
        samples: a buffer of float32 ('f') or of their octets; 1.0 is full scale.

    Returns:
        Each value times 32768, rounded half to even, and clipped to -32768 to 32767.

    Raises:
        TypeError: not a buffer of float32 or octets.
        ValueError: the octets are not a multiple of 4, or a value is NaN.

    >>> from array import array
    >>> array("h", float32_to_int16(array("f", [-1.5, 0.25, 1.0]))).tolist()
    [-32768, 8192, 32767]
    """
    cdef Py_buffer view
    cdef bytes out
    take_float32(samples, &view, "samples")
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len >> 1)
        run_to_int16(view.buf, PyBytes_AS_STRING(out), view.len >> 2)
    finally:
        PyBuffer_Release(&view)
    return out


def float32_to_int16_into(samples, out, /):
    """Convert float32 samples into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `float32_to_int16`.
        ValueError: as for `float32_to_int16`; the buffer is too small, or overlaps the source. After a NaN, out has a
            part of the result.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    take_float32(samples, &view, "samples")
    try:
        take_room(out, &room, &view, view.len >> 1, samples=True)
        try:
            run_to_int16(view.buf, room.buf, view.len >> 2)
        finally:
            PyBuffer_Release(&room)
        return view.len >> 2
    finally:
        PyBuffer_Release(&view)
