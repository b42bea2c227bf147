"""Counts concealment on 20 ms: the first of a gap, with its search, the next, and the good frame that ends it."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.concealment cimport Concealment, concealment_fill, concealment_start, concealment_take

import numpy as np

SIGNAL = np.rint(4000 * np.sin(np.arange(1600) ** 2 / 3000)).astype(np.int16).tobytes()

cdef uint8_t PCM[3200]
cdef uint8_t ROOM[640]
cdef int i
for i in range(3200):
    PCM[i] = SIGNAL[i]


def count(int calls):
    """Count so many calls of each kind at 8 and 16 kHz."""
    cdef Concealment good, begun, state
    cdef Py_ssize_t samples
    cdef int _
    for rate_hz in (8000, 16000):
        samples = rate_hz // 50
        concealment_start(&good, rate_hz)
        concealment_take(&good, PCM, 1600)
        begun = good
        concealment_fill(&begun, ROOM, samples)
        for name, long_gap in (("first", False), ("next", True)):
            label = f"concealment_fill {rate_hz} Hz, {name} 20 ms|{calls}".encode()
            begin()
            for _ in range(calls):
                state = begun if long_gap else good
                concealment_fill(&state, ROOM, samples)
            end(label)
        label = f"concealment_take {rate_hz} Hz, after a gap|{calls}".encode()
        begin()
        for _ in range(calls):
            state = begun
            concealment_take(&state, ROOM, samples)
        end(label)
