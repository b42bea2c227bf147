"""Gain and mixing of int16 PCM in integers.

A factor is stored as mantissa / 2^shift with 15 significant bits, an error below 0.0003 dB. A sample times a factor is
rounded half to even. A mix is the sum of its scaled sources, and only the final sum saturates: loud sources that cancel
each other are not distorted.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport frexp, rint
from libc.stdint cimport int16_t, int32_t, uint8_t

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport (
    Py_buffer, PyBuffer_Release, load_i16, odd_pcm, store_i16, take_pcm, take_room,
)
from rtpcodec.kernels._simd cimport avx2_chosen
from rtpcodec.kernels._sources cimport (
    MAX_SOURCES, Sources, release_sources, take_room_beside, take_sources,
)

cdef extern from "rtpcodec/kernels/simd/mixing_avx2.h":
    void gain_avx2(const uint8_t* pcm, uint8_t* out, Py_ssize_t n, mix_gain gain) noexcept nogil
    void mix_avx2(
        const uint8_t* const* sources, const mix_gain* gains, int count, uint8_t* out, Py_ssize_t n
    ) noexcept nogil

cdef enum:
    AVX2_SAMPLES = 16     # a step of the AVX2 form
    SUM_SAMPLES = 256     # the portable form adds this many samples at a time, in 1 kB

cdef bint USES_AVX2 = avx2_chosen()


cdef mix_gain gain_of(double factor) noexcept nogil:
    """Return the mantissa / 2^shift nearest to a factor of 0 to MAX_GAIN."""
    cdef int exponent
    cdef mix_gain gain
    # 1. factor = fraction * 2^exponent with a fraction of 0.5 to below 1, which gives 15 significant bits.
    cdef double fraction = frexp(factor, &exponent)
    gain.mantissa = <int32_t>rint(fraction * 32768)
    gain.shift = 15 - exponent
    # 2. The rounding may have reached the next power of two.
    if gain.mantissa == 32768:
        gain.mantissa = 16384
        gain.shift -= 1
    # 3. No sample times 2^-16 or less reaches one half: silence.
    if gain.shift > 30 or gain.mantissa == 0:
        gain.mantissa = 0
        gain.shift = 14
    return gain


cdef int checked_gain(object factor, mix_gain* gain) except -1:
    """Convert a caller's factor. ValueError: not 0 to MAX_GAIN. TypeError: not a number."""
    cdef double value = factor
    if not 0 <= value <= MAX_GAIN:
        raise ValueError(f"gain is {factor!r}, a factor of 0 to {MAX_GAIN} is needed")
    gain[0] = gain_of(value)
    return 0


cdef inline int32_t scaled(int16_t sample, mix_gain gain) noexcept nogil:
    """Return a sample times a gain, rounded half to even."""
    # 16 by 16 bits, which every vector unit has.
    cdef int32_t product = <int32_t>sample * <int16_t>gain.mantissa
    cdef int32_t odd = (product >> gain.shift) & 1
    return (product + (1 << (gain.shift - 1)) - 1 + odd) >> gain.shift


cdef inline int16_t saturated(int32_t total) noexcept nogil:
    """Return the nearest int16."""
    return <int16_t>(32767 if total > 32767 else -32768 if total < -32768 else total)


cdef void gain_portable(const uint8_t* pcm, uint8_t* out, Py_ssize_t n, mix_gain gain) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        store_i16(out, i, saturated(scaled(load_i16(pcm, i), gain)))


cdef void mix_portable(
    const uint8_t* const* sources, const mix_gain* gains, int count, uint8_t* out, Py_ssize_t n
) noexcept nogil:
    cdef int32_t sums[SUM_SAMPLES]
    cdef Py_ssize_t i, size
    cdef Py_ssize_t start = 0
    cdef const uint8_t* source
    cdef mix_gain gain
    cdef int k
    while start < n:
        size = min(n - start, <Py_ssize_t>SUM_SAMPLES)
        for i in range(size):
            sums[i] = 0
        for k in range(count):
            source = sources[k] + 2 * start
            gain = gains[k]
            for i in range(size):
                sums[i] += scaled(load_i16(source, i), gain)
        for i in range(size):
            store_i16(out + 2 * start, i, saturated(sums[i]))
        start += size


cdef void gain_block(const uint8_t* pcm, uint8_t* out, Py_ssize_t n, mix_gain gain) noexcept nogil:
    """Scale n samples; in and out must not overlap."""
    if USES_AVX2 and n >= AVX2_SAMPLES:
        gain_avx2(pcm, out, n, gain)
    else:
        gain_portable(pcm, out, n, gain)


cdef void mix_block(
    const uint8_t* const* sources, const mix_gain* gains, int count, uint8_t* out, Py_ssize_t n
) noexcept nogil:
    """Mix 1 to MAX_SOURCES sources of n samples; out must not overlap one of them."""
    if USES_AVX2 and n >= AVX2_SAMPLES:
        mix_avx2(sources, gains, count, out, n)
    else:
        mix_portable(sources, gains, count, out, n)


cdef inline void run_gain(const void* pcm, void* out, Py_ssize_t n, mix_gain gain) noexcept:
    """Scale n samples, a long piece without the GIL."""
    if n < GIL_FREE_SAMPLES:
        gain_block(<const uint8_t*>pcm, <uint8_t*>out, n, gain)
    else:
        with nogil:
            gain_block(<const uint8_t*>pcm, <uint8_t*>out, n, gain)


cdef struct Mixing:
    Sources sources
    mix_gain gains[MAX_SOURCES]


cdef inline void run_mix(const Mixing* mixing, void* out) noexcept:
    """Mix, a long piece without the GIL."""
    cdef Py_ssize_t n = mixing.sources.octets >> 1
    if n < GIL_FREE_SAMPLES:
        mix_block(mixing.sources.samples, mixing.gains, mixing.sources.count, <uint8_t*>out, n)
    else:
        with nogil:
            mix_block(mixing.sources.samples, mixing.gains, mixing.sources.count, <uint8_t*>out, n)


cdef int take_gains(mix_gain* taken, object gains, int count) except -1:
    """Convert the gains of all sources; None: 1 for each."""
    cdef int k
    cdef mix_gain unity = gain_of(1)
    cdef tuple factors
    if gains is None:
        for k in range(count):
            taken[k] = unity
        return 0
    factors = tuple(gains)
    if len(factors) != count:
        raise ValueError(f"gains has {len(factors)} factors, {count} sources need one each")
    for k in range(count):
        checked_gain(factors[k], &taken[k])
    return 0


def gain(pcm, factor, /):
    """Scale native int16 PCM by a factor.

    Args:
        pcm: samples of any buffer.
        factor: 0 to 64; 1 changes nothing.

    Returns:
        Each sample times the factor, rounded half to even, and saturated.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets, not a number.
        ValueError: an odd number of octets, or a factor out of range.

    >>> from array import array
    >>> array("h", gain(array("h", [1000, 3, -20000]), 2.5)).tolist()
    [2500, 8, -32768]
    """
    cdef Py_buffer view
    cdef mix_gain wanted
    cdef Py_ssize_t octets
    cdef bytes out
    checked_gain(factor, &wanted)
    if PyBytes_CheckExact(pcm):
        octets = PyBytes_GET_SIZE(pcm)
        if octets & 1:
            raise odd_pcm(octets)
        out = PyBytes_FromStringAndSize(NULL, octets)
        run_gain(PyBytes_AS_STRING(pcm), PyBytes_AS_STRING(out), octets >> 1, wanted)
        return out
    take_pcm(pcm, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len)
        run_gain(view.buf, PyBytes_AS_STRING(out), view.len >> 1, wanted)
    finally:
        PyBuffer_Release(&view)
    return out


def gain_into(pcm, factor, out, /):
    """Scale PCM into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `gain`.
        ValueError: as for `gain`; the buffer is too small, or overlaps the PCM.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    cdef mix_gain wanted
    checked_gain(factor, &wanted)
    take_pcm(pcm, &view)
    try:
        take_room(out, &room, &view, view.len, samples=True)
        run_gain(view.buf, room.buf, view.len >> 1, wanted)
        PyBuffer_Release(&room)
        return view.len >> 1
    finally:
        PyBuffer_Release(&view)


def mix(sources, gains=None, /):
    """Mix native int16 PCM of equal length.

    Args:
        sources: 1 to 64 buffers of samples.
        gains: a factor of 0 to 64 for each source; None: 1 for all.

    Returns:
        The sum of the scaled sources, each rounded as by `gain`; the sum is saturated once.

    Raises:
        TypeError: a source is not a buffer of 16-bit samples or octets.
        ValueError: the number of sources or gains is wrong, the lengths differ, or a factor is out of range.

    >>> from array import array
    >>> speech, music = array("h", [30000, -100, 7]), array("h", [8000, 400, -7])
    >>> array("h", mix((speech, music))).tolist()
    [32767, 300, 0]
    >>> array("h", mix((speech, music), (1, 0.25))).tolist()
    [32000, 0, 5]
    """
    cdef Mixing mixing
    cdef bytes out
    cdef tuple pcms = tuple(sources)
    take_sources(&mixing.sources, pcms)
    try:
        take_gains(mixing.gains, gains, mixing.sources.count)
        out = PyBytes_FromStringAndSize(NULL, mixing.sources.octets)
        run_mix(&mixing, PyBytes_AS_STRING(out))
    finally:
        release_sources(&mixing.sources)
    return out


def mix_into(sources, out, gains=None, /):
    """Mix into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `mix`.
        ValueError: as for `mix`; the buffer is too small, or overlaps a source.
    """
    cdef Mixing mixing
    cdef Py_buffer room
    cdef tuple pcms = tuple(sources)
    take_sources(&mixing.sources, pcms)
    try:
        take_gains(mixing.gains, gains, mixing.sources.count)
        take_room_beside(out, &room, &mixing.sources, mixing.sources.octets)
        run_mix(&mixing, room.buf)
        PyBuffer_Release(&room)
    finally:
        release_sources(&mixing.sources)
    return mixing.sources.octets >> 1
