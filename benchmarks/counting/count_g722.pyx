"""Counts G.722 on a frame of 160 pairs, of one stream and of 16 together."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.g722 cimport (
    LANES, G722Stream, g722_chosen_form, g722_decode_block, g722_encode_block, g722_start,
)
from rtpcodec.kernels.g722_lanes cimport g722_decode_streams, g722_encode_streams

import numpy as np

cdef enum:
    PAIRS = 160

SIGNAL = np.rint(4000 * np.sin(np.arange(2 * PAIRS) ** 2 / 200)).astype(np.int16).tobytes()

cdef uint8_t PCM[4 * PAIRS]
cdef uint8_t CODES[PAIRS]
cdef uint8_t ROOM[LANES][4 * PAIRS]
cdef G722Stream STREAMS[LANES]
cdef G722Stream* CHOSEN[LANES]
cdef const uint8_t* SOURCES[LANES]
cdef uint8_t* TARGETS[LANES]
cdef int i
for i in range(4 * PAIRS):
    PCM[i] = SIGNAL[i]
g722_start(&STREAMS[0])
g722_encode_block(&STREAMS[0], PCM, CODES, PAIRS)


cdef void start(const uint8_t* source) noexcept:
    """Sixteen new streams that read the same."""
    cdef int lane
    for lane in range(LANES):
        g722_start(&STREAMS[lane])
        CHOSEN[lane] = &STREAMS[lane]
        SOURCES[lane] = source
        TARGETS[lane] = ROOM[lane]


def count(int calls):
    """Count so many frames of a stream and of 16, both ways."""
    cdef int _
    start(PCM)
    begin()
    for _ in range(calls):
        g722_encode_block(&STREAMS[0], PCM, ROOM[0], PAIRS)
    end(f"g722_encode_block 160|{calls}".encode())
    begin()
    for _ in range(calls):
        g722_encode_streams(g722_chosen_form(), CHOSEN, SOURCES, TARGETS, LANES, PAIRS)
    end(f"g722_encode_streams 160 by 16 streams|{calls}".encode())
    start(CODES)
    begin()
    for _ in range(calls):
        g722_decode_block(&STREAMS[0], CODES, ROOM[0], PAIRS, 1)
    end(f"g722_decode_block 160|{calls}".encode())
    begin()
    for _ in range(calls):
        g722_decode_streams(g722_chosen_form(), CHOSEN, SOURCES, TARGETS, LANES, PAIRS, 1)
    end(f"g722_decode_streams 160 by 16 streams|{calls}".encode())
