"""Counts the PCM kernels that take more than a source and its length: frames of 20 ms at 8 and 48 kHz."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.channels cimport downmix_block, interleave_block
from rtpcodec.kernels.fading cimport fade_block
from rtpcodec.kernels.float_pcm cimport float32_to_int16_block
from rtpcodec.kernels.levels cimport energy_block, peak_block
from rtpcodec.kernels.mixing cimport gain_block, gain_of, mix_block, mix_gain
from rtpcodec.kernels.noise cimport noise_block, noise_scale, noise_stream

import numpy as np

LENGTHS = (160, 960)
SIGNAL = np.rint(9000 * np.sin(np.arange(1920) ** 2 / 3000)).astype(np.int16).tobytes()
FLOATS = (np.frombuffer(SIGNAL, np.int16) / np.float32(32768)).astype(np.float32).tobytes()

cdef uint8_t ROOM[3840]


def count(int calls):
    """Count so many calls of each kernel."""
    signal, values = SIGNAL, FLOATS
    cdef const uint8_t* pcm = signal
    cdef const uint8_t* floats = values
    cdef const uint8_t* sources[2]
    cdef mix_gain gains[2]
    cdef Py_ssize_t n
    cdef int _
    sources[0] = sources[1] = pcm
    gains[0] = gain_of(1)
    gains[1] = gain_of(0.1)
    for length in LENGTHS:
        n = length
        begin()
        for _ in range(calls):
            gain_block(pcm, ROOM, n, gains[1])
        end(f"gain_block {length}|{calls}".encode())
        begin()
        for _ in range(calls):
            mix_block(sources, gains, 2, ROOM, n)
        end(f"mix_block {length} of 2 sources|{calls}".encode())
        begin()
        for _ in range(calls):
            float32_to_int16_block(floats, ROOM, n)
        end(f"float32_to_int16_block {length}|{calls}".encode())
        begin()
        for _ in range(calls):
            fade_block(pcm, ROOM, n, 0, n, True)
        end(f"fade_block {length}|{calls}".encode())
        begin()
        for _ in range(calls):
            interleave_block(sources, 2, ROOM, n)
        end(f"interleave_block {length} of 2 channels|{calls}".encode())
        begin()
        for _ in range(calls):
            downmix_block(pcm, 2, ROOM, n)
        end(f"downmix_block {length} of 2 channels|{calls}".encode())
        begin()
        for _ in range(calls):
            peak_block(pcm, n)
        end(f"peak_block {length}|{calls}".encode())
        begin()
        for _ in range(calls):
            energy_block(pcm, n)
        end(f"energy_block {length}|{calls}".encode())
        begin()
        for _ in range(calls):
            noise_block(noise_stream(1), 0, noise_scale(12.8), ROOM, n)
        end(f"noise_block {length}|{calls}".encode())
