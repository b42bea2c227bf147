"""Byte order and copies of 16-bit samples."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_pcm, take_room


ctypedef void (*block_function)(const uint8_t*, uint8_t*, Py_ssize_t) noexcept nogil


cdef void swap_bytes_block(const uint8_t* samples, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Swap the two octets of n samples; in and out must not overlap."""
    cdef Py_ssize_t i
    cdef uint16_t sample
    for i in range(n):
        memcpy(&sample, samples + 2 * i, 2)
        sample = <uint16_t>((sample >> 8) | (sample << 8))
        memcpy(out + 2 * i, &sample, 2)


cdef void copy_block(const uint8_t* samples, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Copy n samples; in and out must not overlap."""
    memcpy(out, samples, 2 * n)


cdef bytes converted(object samples, block_function convert_block):
    """Apply a block function that gives one sample per sample."""
    cdef Py_buffer view
    cdef bytes out
    take_pcm(samples, &view, "samples")
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len)
        convert_block(<const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len // 2)
    finally:
        PyBuffer_Release(&view)
    return out


cdef Py_ssize_t converted_into(object samples, object out, block_function convert_block) except -1:
    """Apply a block function into the caller's buffer. Return the number of samples."""
    cdef Py_buffer view
    cdef Py_buffer room
    take_pcm(samples, &view, "samples")
    try:
        take_room(out, &room, &view, view.len, samples=True)
        convert_block(<const uint8_t*>view.buf, <uint8_t*>room.buf, view.len // 2)
        PyBuffer_Release(&room)
        return view.len // 2
    finally:
        PyBuffer_Release(&view)


def swap_bytes(samples, /):
    """Swap the two octets of 16-bit samples: between little-endian and big-endian.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets.

    >>> swap_bytes(b"\\x01\\x02\\x03\\x04").hex()
    '02010403'
    """
    return converted(samples, swap_bytes_block)


def swap_bytes_into(samples, out, /):
    """Swap octets, as `swap_bytes`, into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `swap_bytes`.
        ValueError: as for `swap_bytes`; the buffer is too small, or overlaps the samples.
    """
    return converted_into(samples, out, swap_bytes_block)


def copy_samples(samples, /):
    """Return the 16-bit samples of any buffer as bytes. Errors as for `swap_bytes`."""
    return converted(samples, copy_block)


def copy_samples_into(samples, out, /):
    """Copy samples into the start of a writable buffer. Return the number of samples."""
    return converted_into(samples, out, copy_block)
