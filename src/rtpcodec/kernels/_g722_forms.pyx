"""For tests and the fuzzer only: every form of the G.722 kernel in one process, its stages, and its state as octets."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm
from rtpcodec.kernels.g722 cimport (
    CHUNK_PAIRS, PADDED_PAIRS, G722Form, G722Stream, g722_decode_by, g722_encode_by, g722_form, g722_start,
)


def forms():
    """The names of the forms that this processor runs, the definition first."""
    names = []
    while g722_form(len(names)) != NULL:
        names.append(g722_form(len(names)).name.decode())
    return tuple(names)


cdef const G722Form* form_named(str name) except NULL:
    return g722_form(forms().index(name))


cdef int load(G722Stream* stream, bytes state) except -1:
    if len(state) != sizeof(G722Stream):
        raise ValueError(f"state has {len(state)} octets, {sizeof(G722Stream)} are needed")
    memcpy(stream, PyBytes_AS_STRING(state), sizeof(G722Stream))
    return 0


cdef bytes stored(const G722Stream* stream):
    return PyBytes_FromStringAndSize(<const char*>stream, sizeof(G722Stream))


def start():
    """The state of a new stream."""
    cdef G722Stream stream
    g722_start(&stream)
    return stored(&stream)


def encode(str form, bytes state, pcm, /):
    """The octets of an even number of samples, and the state afterwards."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef Py_buffer view
    load(&stream, state)
    take_pcm(pcm, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len // 4)
        g722_encode_by(chosen, &stream, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len // 4)
    finally:
        PyBuffer_Release(&view)
    return out, stored(&stream)


def decode(str form, bytes state, payload, int mode, /):
    """The samples of octets, and the state afterwards."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef Py_buffer view
    load(&stream, state)
    take_octets(payload, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, 4 * view.len)
        g722_decode_by(chosen, &stream, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len, mode)
    finally:
        PyBuffer_Release(&view)
    return out, stored(&stream)


def encode_bands(str form, bytes state, low, high, /):
    """The octets of both sub-band signals as PCM, without the QMF, and the state afterwards."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef int16_t xl[PADDED_PAIRS]
    cdef int16_t xh[PADDED_PAIRS]
    cdef uint8_t codes[CHUNK_PAIRS]
    cdef bytes low_octets = bytes(low)
    cdef bytes high_octets = bytes(high)
    cdef int pairs = len(low_octets) // 2
    cdef int first, step
    load(&stream, state)
    out = bytearray()
    for first in range(0, pairs, CHUNK_PAIRS):
        step = min(CHUNK_PAIRS, pairs - first)
        memcpy(xl, PyBytes_AS_STRING(low_octets) + 2 * first, 2 * step)
        memcpy(xh, PyBytes_AS_STRING(high_octets) + 2 * first, 2 * step)
        chosen.encode_bands(&stream, xl, xh, codes, step)
        out += codes[:step]
    return bytes(out), stored(&stream)


def decode_bands(str form, bytes state, payload, int mode, /):
    """Both sub-band signals of octets as PCM, without the QMF, and the state afterwards."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef int16_t rl[PADDED_PAIRS]
    cdef int16_t rh[PADDED_PAIRS]
    cdef bytes codes = bytes(payload)
    cdef int pairs = len(codes)
    cdef int first, step
    load(&stream, state)
    low = bytearray()
    high = bytearray()
    for first in range(0, pairs, CHUNK_PAIRS):
        step = min(CHUNK_PAIRS, pairs - first)
        chosen.decode_bands(&stream, <const uint8_t*>PyBytes_AS_STRING(codes) + first, rl, rh, step, mode)
        low += (<char*>rl)[:2 * step]
        high += (<char*>rh)[:2 * step]
    return bytes(low), bytes(high), stored(&stream)
