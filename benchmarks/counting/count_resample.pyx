"""Counts the resampler on 20 ms chunks."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.resample cimport ResampleStream, resample_bank, resample_block, resample_start

cdef uint8_t SOURCE[1920]
cdef uint8_t ROOM[1920]
cdef int i
for i in range(1920):
    SOURCE[i] = <uint8_t>(i * 37)


def count(int calls):
    """Count so many chunks at each pair of rates that calls use."""
    cdef ResampleStream stream
    cdef Py_ssize_t samples
    cdef int _
    for from_hz, to_hz in (
        (8000, 16000), (16000, 8000), (8000, 24000), (24000, 8000), (48000, 8000), (24000, 48000), (44100, 8000),
        (8000, 44100),
    ):
        resample_start(&stream, resample_bank(from_hz, to_hz))
        samples = from_hz // 50
        label = f"resample_block {from_hz} to {to_hz} Hz|{calls}".encode()
        begin()
        for _ in range(calls):
            resample_block(&stream, SOURCE, ROOM, samples)
        end(label)
