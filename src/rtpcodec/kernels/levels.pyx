"""Levels of int16 PCM in integers: the largest magnitude, and the sum of squares."""
from libc.stdint cimport int16_t, int32_t, uint8_t, uint64_t

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, load_i16, take_pcm


cdef int32_t peak_block(const uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Return the largest magnitude of n samples, 0 to 32768; 0 if n is 0."""
    cdef Py_ssize_t i
    cdef int16_t sample
    cdef int16_t lowest = 0
    cdef int16_t highest = 0
    for i in range(n):
        sample = load_i16(pcm, i)
        lowest = sample if sample < lowest else lowest
        highest = sample if sample > highest else highest
    return max(<int32_t>highest, -<int32_t>lowest)


cdef uint64_t energy_block(const uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Return the sum of the squares of n samples; up to 2^34 samples fit."""
    cdef Py_ssize_t i
    cdef int32_t sample
    cdef uint64_t total = 0
    for i in range(n):
        sample = load_i16(pcm, i)
        total += <uint64_t>(sample * sample)
    return total


def peak(pcm, /):
    """Return the largest magnitude of native int16 PCM, 0 to 32768; 0 if it is empty.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> from array import array
    >>> peak(array("h", [3, -32768, 7]))
    32768
    """
    cdef Py_buffer view
    cdef int32_t found
    take_pcm(pcm, &view)
    if view.len < 2 * GIL_FREE_SAMPLES:
        found = peak_block(<const uint8_t*>view.buf, view.len >> 1)
    else:
        with nogil:
            found = peak_block(<const uint8_t*>view.buf, view.len >> 1)
    PyBuffer_Release(&view)
    return found


def energy(pcm, /):
    """Return the sum of the squares of native int16 PCM, of at most 2**34 samples.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> from array import array
    >>> energy(array("h", [3, -4]))
    25
    """
    cdef Py_buffer view
    cdef uint64_t found
    take_pcm(pcm, &view)
    if view.len < 2 * GIL_FREE_SAMPLES:
        found = energy_block(<const uint8_t*>view.buf, view.len >> 1)
    else:
        with nogil:
            found = energy_block(<const uint8_t*>view.buf, view.len >> 1)
    PyBuffer_Release(&view)
    return found
