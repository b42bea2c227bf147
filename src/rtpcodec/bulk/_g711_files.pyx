"""Decodes G.711 to a file of 16-bit PCM in one object: copies the header and decodes the samples after it.

Joining the two afterwards would copy the samples once more, into memory that the system must supply first: several
times the cost of decoding.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._blocks cimport block_function, run
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets
from rtpcodec.kernels.g711 cimport pcma_decode_block, pcmu_decode_block


cdef bytes decoded_behind(bytes head, object payload, block_function decode_block):
    cdef Py_buffer view
    cdef bytes out
    cdef Py_ssize_t before = PyBytes_GET_SIZE(head)
    take_octets(payload, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, before + 2 * view.len)
        memcpy(PyBytes_AS_STRING(out), PyBytes_AS_STRING(head), before)
        run(decode_block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out) + before, view.len)
    finally:
        PyBuffer_Release(&view)
    return out


def pcmu_decode_behind(bytes head not None, payload, /):
    """Return `head`, then native int16 PCM of mu-law octets. TypeError: `payload` is not a buffer of octets."""
    return decoded_behind(head, payload, pcmu_decode_block)


def pcma_decode_behind(bytes head not None, payload, /):
    """Return `head`, then native int16 PCM of A-law octets. TypeError: `payload` is not a buffer of octets."""
    return decoded_behind(head, payload, pcma_decode_block)
