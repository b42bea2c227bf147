"""Counts the scan of a message of 20 ms of PCMU: of the learned shape, and walked through in another order."""
from libc.stdint cimport uint8_t
from libc.string cimport memset

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.kernels.media_scan cimport MediaFields, MediaScanner, MediaShape

from benchmarks.counting.message_texts import DOCUMENTED, REORDERED
from rtpcodec.stream.wire import TELNYX


def count(int calls):
    """Count this many scans of each kind."""
    cdef MediaScanner scanner = TELNYX.media_scanner
    cdef MediaFields fields
    cdef MediaShape shape
    cdef const uint8_t* text
    cdef Py_ssize_t n
    cdef int _
    learned = DOCUMENTED.encode()
    for name, message in (("known shape", learned), ("any order", REORDERED.encode())):
        memset(&shape, 0, sizeof(shape))
        text, n = learned, len(learned)
        scanner.scan(text, n, &shape, &fields)
        text, n = message, len(message)
        begin()
        for _ in range(calls):
            shape.misses = 3    # the scan learns nothing
            scanner.scan(text, n, &shape, &fields)
        end(f"media_scan {name}|{calls}".encode())
