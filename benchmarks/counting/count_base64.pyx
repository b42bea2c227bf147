"""Counts base64 of a frame, of one with a tail of two octets, and of many steps, both ways."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.base64 cimport base64_decode_block, base64_encode_block

LENGTHS = (160, 161, 1600)    # in octets

cdef uint8_t OCTETS[1600]
cdef uint8_t TEXT[2136]


def count(int calls):
    """Count this many calls of each direction."""
    cdef Py_ssize_t n, characters
    cdef int _
    for n in range(1600):
        OCTETS[n] = <uint8_t>(n * 7 & 0xFF)
    for length in LENGTHS:
        n = length
        begin()
        for _ in range(calls):
            base64_encode_block(OCTETS, TEXT, n)
        end(f"base64_encode_block {length}|{calls}".encode())
        characters = base64_encode_block(OCTETS, TEXT, n)
        begin()
        for _ in range(calls):
            base64_decode_block(TEXT, OCTETS, characters)
        end(f"base64_decode_block {length}|{calls}".encode())
