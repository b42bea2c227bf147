"""For tests and the fuzzer only: every form of the G.722 kernel in one process, its stages, and its state as octets.

The form "lanes" runs a stream in one lane of sixteen, between copies of itself.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm
from rtpcodec.kernels.g722 cimport (
    CHUNK_PAIRS, LANES, G722Form, G722Stream, G722Words, g722_decode_by, g722_encode_by, g722_form,
    g722_start,
)
from rtpcodec.kernels.g722_lanes cimport g722_decode_streams, g722_encode_streams

cdef enum:
    LANE = 5    # the lane whose result is returned


def forms():
    """Return the names of the forms that this processor runs, the definition first."""
    names = ["portable"]
    if g722_form(1) != NULL:
        names += ["avx2", "lanes"]
    return tuple(names)


cdef const G722Form* form_named(str name) except NULL:
    if name not in forms():
        raise ValueError(f"form is {name!r}, allowed are {', '.join(forms())}")
    return g722_form(0 if name == "portable" else 1)


cdef int load(G722Stream* stream, bytes state) except -1:
    if len(state) != sizeof(G722Stream):
        raise ValueError(f"state has {len(state)} octets, {sizeof(G722Stream)} are needed")
    memcpy(stream, PyBytes_AS_STRING(state), sizeof(G722Stream))
    return 0


cdef int check_mode(int mode) except -1:
    if mode not in (1, 2, 3):
        raise ValueError(f"mode is {mode}, allowed are 1, 2 and 3")
    return 0


cdef bytes stored(const G722Stream* stream):
    return PyBytes_FromStringAndSize(<const char*>stream, sizeof(G722Stream))


def start():
    """Return the state of a new stream."""
    cdef G722Stream stream
    g722_start(&stream)
    return stored(&stream)


cdef class _Lanes:
    """Sixteen copies of a stream, with their inputs and outputs."""
    cdef G722Stream streams[LANES]
    cdef G722Stream* chosen[LANES]
    cdef const uint8_t* sources[LANES]
    cdef uint8_t* targets[LANES]
    cdef list results

    def __cinit__(self, bytes state, size_t source, Py_ssize_t octets):
        cdef int lane
        self.results = [bytearray(octets) for _ in range(LANES)]
        for lane in range(LANES):
            load(&self.streams[lane], state)
            self.chosen[lane] = &self.streams[lane]
            self.sources[lane] = <const uint8_t*>source
            self.targets[lane] = <uint8_t*><char*>self.results[lane]

    cdef tuple result(self):
        return bytes(self.results[LANE]), stored(&self.streams[LANE])


def encode(str form, bytes state, pcm, /):
    """Encode an even number of samples; return the octets and the new state."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef _Lanes lanes
    cdef Py_buffer view
    load(&stream, state)
    take_pcm(pcm, &view)
    try:
        if form == "lanes":
            lanes = _Lanes(state, <size_t>view.buf, view.len // 4)
            g722_encode_streams(chosen, lanes.chosen, lanes.sources, lanes.targets, LANES, view.len // 4)
            return lanes.result()
        out = PyBytes_FromStringAndSize(NULL, view.len // 4)
        g722_encode_by(chosen, &stream, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len // 4)
    finally:
        PyBuffer_Release(&view)
    return out, stored(&stream)


def decode(str form, bytes state, payload, int mode, /):
    """Decode octets; return the samples and the new state."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Stream stream
    cdef _Lanes lanes
    cdef Py_buffer view
    check_mode(mode)
    load(&stream, state)
    take_octets(payload, &view)
    try:
        if form == "lanes":
            lanes = _Lanes(state, <size_t>view.buf, 4 * view.len)
            g722_decode_streams(chosen, lanes.chosen, lanes.sources, lanes.targets, LANES, view.len, mode)
            return lanes.result()
        out = PyBytes_FromStringAndSize(NULL, 4 * view.len)
        g722_decode_by(chosen, &stream, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), view.len, mode)
    finally:
        PyBuffer_Release(&view)
    return out, stored(&stream)


cdef bytes encode_chunk(str form, G722Stream* stream, bytes low, bytes high, int pairs):
    """Encode at most CHUNK_PAIRS pairs of sub-band samples."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Words xl[LANES]
    cdef G722Words xh[LANES]
    cdef G722Words words[LANES]
    cdef uint8_t codes[CHUNK_PAIRS]
    cdef _Lanes lanes = _Lanes(stored(stream), 0, 0)
    cdef int lane, k
    for lane in range(LANES):
        memcpy(xl[lane], PyBytes_AS_STRING(low), 2 * pairs)
        memcpy(xh[lane], PyBytes_AS_STRING(high), 2 * pairs)
    if form != "lanes":
        chosen.encode_bands(stream, xl[0], xh[0], codes, pairs)
        return bytes(codes[:pairs])
    chosen.encode_lanes(lanes.chosen, xl, xh, words, pairs)
    stream[0] = lanes.streams[LANE]
    return bytes([words[LANE][k] for k in range(pairs)])


cdef tuple decode_chunk(str form, G722Stream* stream, bytes codes, int mode):
    """Decode at most CHUNK_PAIRS octets to both sub-band signals."""
    cdef const G722Form* chosen = form_named(form)
    cdef G722Words words[LANES]
    cdef G722Words rl[LANES]
    cdef G722Words rh[LANES]
    cdef _Lanes lanes = _Lanes(stored(stream), 0, 0)
    cdef int pairs = len(codes)
    cdef int lane, k
    cdef int given = LANE if form == "lanes" else 0
    if form != "lanes":
        chosen.decode_bands(stream, <const uint8_t*>PyBytes_AS_STRING(codes), rl[0], rh[0], pairs, mode)
    else:
        for lane in range(LANES):
            for k in range(pairs):
                words[lane][k] = <uint8_t>codes[k]
        chosen.decode_lanes(lanes.chosen, words, rl, rh, pairs, mode)
        stream[0] = lanes.streams[LANE]
    return (<char*>rl[given])[:2 * pairs], (<char*>rh[given])[:2 * pairs]


def encode_bands(str form, bytes state, bytes low, bytes high, /):
    """Encode both sub-band signals, given as PCM, without the QMF; return the octets and the new state."""
    cdef G722Stream stream
    if len(low) != len(high) or len(low) & 1:
        raise ValueError(f"low has {len(low)} octets and high {len(high)}, the same even number is needed")
    load(&stream, state)
    out = []
    for first in range(0, len(low), 2 * CHUNK_PAIRS):
        low_part = low[first:first + 2 * CHUNK_PAIRS]
        high_part = high[first:first + 2 * CHUNK_PAIRS]
        out.append(encode_chunk(form, &stream, low_part, high_part, len(low_part) // 2))
    return b"".join(out), stored(&stream)


def decode_bands(str form, bytes state, bytes payload, int mode, /):
    """Decode octets without the QMF; return both sub-band signals as PCM, and the new state."""
    cdef G722Stream stream
    check_mode(mode)
    load(&stream, state)
    low = []
    high = []
    for first in range(0, len(payload), CHUNK_PAIRS):
        rl, rh = decode_chunk(form, &stream, payload[first:first + CHUNK_PAIRS], mode)
        low.append(rl)
        high.append(rh)
    return b"".join(low), b"".join(high), stored(&stream)
