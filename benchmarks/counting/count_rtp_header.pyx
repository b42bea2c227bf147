"""Counts the header of a packet of 20 ms, plain and with all that a header can have."""
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.rtp_header cimport RtpHeader, read_header, write_header

PLAIN = bytes.fromhex("808003e80002710012345678") + bytes(160)
FULL = bytes.fromhex("b160ffffffffff60deadbeef11111111bede0002109e320102030000") + bytes(160) + b"\0\2"

cdef uint8_t ROOM[12]


def count(int calls):
    """Count so many headers read and written."""
    cdef RtpHeader header
    cdef const uint8_t* octets
    cdef int _
    for name, datagram in (("plain", PLAIN), ("full", FULL)):
        octets = datagram
        n = <Py_ssize_t>len(datagram)
        begin()
        for _ in range(calls):
            read_header(octets, n, &header)
        end(f"read_header {name}|{calls}".encode())
        begin()
        for _ in range(calls):
            write_header(ROOM, &header)
        end(f"write_header {name}|{calls}".encode())
