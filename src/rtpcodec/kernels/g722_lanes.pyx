"""G.722 of many streams of equal length: up to 16 at once if the form supports it, the rest one by one."""
from libc.stdint cimport uint8_t
from libc.string cimport memset

from rtpcodec.kernels.g722 cimport (
    CHUNK_PAIRS, LANES, G722Form, G722Stream, G722Words, g722_decode_by, g722_encode_by, g722_start,
)

cdef enum:
    ENOUGH_STREAMS = 5    # sixteen lanes take as long as about four streams one by one


cdef void encode_lanes(
    const G722Form* form, G722Stream** streams, const uint8_t** pcm, uint8_t** out, int count, Py_ssize_t pairs
) noexcept nogil:
    """Encode up to 16 streams at once; idle lanes share a stream of silence."""
    cdef G722Words xl[LANES]
    cdef G722Words xh[LANES]
    cdef G722Words codes[LANES]
    cdef G722Stream idle
    cdef G722Stream* lanes[LANES]
    cdef Py_ssize_t first = 0
    cdef int lane, k, step
    g722_start(&idle)
    for lane in range(LANES):
        lanes[lane] = streams[lane] if lane < count else &idle
        if lane >= count:
            memset(xl[lane], 0, sizeof(G722Words))
            memset(xh[lane], 0, sizeof(G722Words))
    while first < pairs:
        step = <int>min(pairs - first, <Py_ssize_t>CHUNK_PAIRS)
        for lane in range(count):
            form.transmit_qmf(streams[lane].x, pcm[lane] + 4 * first, xl[lane], xh[lane], step)
        form.encode_lanes(lanes, xl, xh, codes, step)
        for lane in range(count):
            for k in range(step):
                out[lane][first + k] = <uint8_t>codes[lane][k]
        first += step


cdef void decode_lanes(
    const G722Form* form, G722Stream** streams, const uint8_t** codes, uint8_t** out, int count, Py_ssize_t pairs,
    int mode
) noexcept nogil:
    """Decode up to 16 streams at once; idle lanes share a stream."""
    cdef G722Words words[LANES]
    cdef G722Words rl[LANES]
    cdef G722Words rh[LANES]
    cdef G722Stream idle
    cdef G722Stream* lanes[LANES]
    cdef Py_ssize_t first = 0
    cdef int lane, k, step
    g722_start(&idle)
    memset(words, 0, sizeof(words))
    for lane in range(LANES):
        lanes[lane] = streams[lane] if lane < count else &idle
    while first < pairs:
        step = <int>min(pairs - first, <Py_ssize_t>CHUNK_PAIRS)
        for lane in range(count):
            for k in range(step):
                words[lane][k] = codes[lane][first + k]
        form.decode_lanes(lanes, words, rl, rh, step, mode)
        for lane in range(count):
            form.receive_qmf(streams[lane].x, rl[lane], rh[lane], out[lane] + 4 * first, step)
        first += step


cdef void g722_encode_streams(
    const G722Form* form, G722Stream** streams, const uint8_t** pcm, uint8_t** out, Py_ssize_t count, Py_ssize_t pairs
) noexcept nogil:
    cdef Py_ssize_t first = 0
    cdef int together
    while first < count:
        together = <int>min(count - first, <Py_ssize_t>LANES)
        if form.encode_lanes != NULL and together >= ENOUGH_STREAMS:
            encode_lanes(form, streams + first, pcm + first, out + first, together, pairs)
        else:
            together = 1
            g722_encode_by(form, streams[first], pcm[first], out[first], pairs)
        first += together


cdef void g722_decode_streams(
    const G722Form* form, G722Stream** streams, const uint8_t** codes, uint8_t** out, Py_ssize_t count,
    Py_ssize_t pairs, int mode
) noexcept nogil:
    cdef Py_ssize_t first = 0
    cdef int together
    while first < count:
        together = <int>min(count - first, <Py_ssize_t>LANES)
        if form.decode_lanes != NULL and together >= ENOUGH_STREAMS:
            decode_lanes(form, streams + first, codes + first, out + first, together, pairs, mode)
        else:
            together = 1
            g722_decode_by(form, streams[first], codes[first], out[first], pairs, mode)
        first += together
