"""The memory of one call that each message meets, for other Cython code."""
from rtpcodec.stream._hearing_states cimport IncomingState
from rtpcodec.stream._machine cimport MachineRoad
from rtpcodec.stream.speaking._saying cimport Saying


cdef enum:
    MOST_LINES = 112    # of 64 octets


cdef class HotLines:
    cdef const char* _lines[MOST_LINES]
    cdef int _count
    cdef int _left              # messages until the addresses are read again
    # Ask the processor for all lines at once; they arrive while the text is scanned.
    cdef int fetch(self, MachineRoad road) except -1
    cdef int read(self, MachineRoad road) except -1
    cdef int add_received(self, IncomingState incoming) except -1
    cdef int add_sent(self, Saying saying) except -1
    cdef void add(self, object held) noexcept
