"""Wrappers that run block functions on Python objects: a buffer in, bytes or the caller's buffer out.

They are inline, so that each kernel's copy calls its block function directly.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, odd_pcm, take_octets, take_pcm, take_room

ctypedef void (*block_function)(const uint8_t*, uint8_t*, Py_ssize_t) noexcept nogil

cdef enum:
    # Releasing and reacquiring the GIL takes 30 to 60 ns without contention: as much as a whole call on a frame, but 2
    # to 6 % of a call on this many samples (0.6 to 3.7 us). Measured by benchmarks/gil_threshold.py.
    GIL_FREE_SAMPLES = 16384


cdef inline void run(block_function block, const uint8_t* source, uint8_t* out, Py_ssize_t n) noexcept:
    """Run a block function on n samples, without the GIL from GIL_FREE_SAMPLES on."""
    if n < GIL_FREE_SAMPLES:
        block(source, out, n)
    else:
        with nogil:
            block(source, out, n)


cdef inline bytes encoded(object pcm, block_function encode_block):
    """Apply a block function that gives one octet per sample of PCM."""
    cdef Py_buffer view
    cdef Py_ssize_t octets
    cdef bytes out
    if PyBytes_CheckExact(pcm):
        octets = PyBytes_GET_SIZE(pcm)
        if octets & 1:
            raise odd_pcm(octets)
        out = PyBytes_FromStringAndSize(NULL, octets >> 1)
        run(encode_block, <const uint8_t*>PyBytes_AS_STRING(pcm), <uint8_t*>PyBytes_AS_STRING(out), octets >> 1)
        return out
    take_pcm(pcm, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len >> 1)
        run(encode_block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len >> 1)
    finally:
        PyBuffer_Release(&view)
    return out


cdef inline Py_ssize_t encoded_into(object pcm, object out, block_function encode_block) except -1:
    """As encoded, into the caller's buffer. Return the number of octets."""
    cdef Py_buffer view
    cdef Py_buffer room
    take_pcm(pcm, &view)
    try:
        take_room(out, &room, &view, view.len >> 1, samples=False)
        run(encode_block, <const uint8_t*>view.buf, <uint8_t*>room.buf, view.len >> 1)
        PyBuffer_Release(&room)
        return view.len >> 1
    finally:
        PyBuffer_Release(&view)


cdef inline bytes decoded(object payload, block_function decode_block):
    """Apply a block function that gives one sample per octet of a payload."""
    cdef Py_buffer view
    cdef bytes out
    if PyBytes_CheckExact(payload):
        out = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(payload) * 2)
        run(
            decode_block, <const uint8_t*>PyBytes_AS_STRING(payload), <uint8_t*>PyBytes_AS_STRING(out),
            PyBytes_GET_SIZE(payload),
        )
        return out
    take_octets(payload, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len * 2)
        run(decode_block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len)
    finally:
        PyBuffer_Release(&view)
    return out


cdef inline Py_ssize_t decoded_into(object payload, object out, block_function decode_block) except -1:
    """As decoded, into the caller's buffer. Return the number of samples."""
    cdef Py_buffer view
    cdef Py_buffer room
    take_octets(payload, &view)
    try:
        take_room(out, &room, &view, view.len * 2, samples=True)
        run(decode_block, <const uint8_t*>view.buf, <uint8_t*>room.buf, view.len)
        PyBuffer_Release(&room)
        return view.len
    finally:
        PyBuffer_Release(&view)


cdef inline bytes recoded(object payload, block_function recode_block):
    """Apply a block function that gives one octet per octet."""
    cdef Py_buffer view
    cdef bytes out
    take_octets(payload, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len)
        run(recode_block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len)
    finally:
        PyBuffer_Release(&view)
    return out


cdef inline Py_ssize_t recoded_into(object payload, object out, block_function recode_block) except -1:
    """As recoded, into the caller's buffer. Return the number of octets."""
    cdef Py_buffer view
    cdef Py_buffer room
    take_octets(payload, &view)
    try:
        take_room(out, &room, &view, view.len, samples=False)
        run(recode_block, <const uint8_t*>view.buf, <uint8_t*>room.buf, view.len)
        PyBuffer_Release(&room)
        return view.len
    finally:
        PyBuffer_Release(&view)
