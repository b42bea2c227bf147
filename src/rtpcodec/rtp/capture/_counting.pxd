"""The counts of one captured stream, for the table of streams."""
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from rtpcodec.kernels.rtp_header cimport RtpHeader

cdef enum:
    LANES = 4               # clocks that jitter and transit are measured by, until the clock is known


cdef struct Lane:
    double clock_khz
    double jitter             # in ticks
    double jitter_max
    double jitter_sum
    int64_t measured
    double floor_ns           # the least transit since the last jump, and its packet
    double least_ns           # the least transit before that jump, and the greatest of all
    double most_ns
    int64_t floor_time_ns
    uint32_t floor_timestamp
    int64_t floor_begin_ns    # the first packet since that jump
    int64_t floor_packets     # packets since that jump
    int64_t best_packets      # the longest section before that jump, and its packet of least transit
    int64_t best_time_ns
    uint32_t best_timestamp


cdef struct Numbers:
    # Extended sequence numbers are cycles + highest. Expected and bursts of before a restart are closed.
    int64_t base
    int64_t cycles
    uint32_t highest
    int64_t bad               # the number that restarts the numbering; -1: none
    int64_t unique            # packets without duplicates
    int64_t closed_expected
    int64_t closed_bursts
    int64_t left_bursts       # bursts that began at numbers that left the window
    bint left_came            # whether the last number that left the window came
    uint64_t near             # bit 0 is the highest number; 1: it came
    uint64_t far
    int64_t duplicates
    int64_t late
    int64_t strays
    int64_t restarts


cdef struct Sizes:
    int64_t octets            # of payloads
    int64_t least
    int64_t most
    uint32_t step_ticks
    int64_t step_votes


cdef struct Clock:
    bint is_timed             # whether a packet was measured since the start or the last restart
    int64_t time_ns           # of the last measured packet
    uint32_t timestamp
    int64_t origin_ns
    int64_t ticks             # timestamps without wraps, from the first


cdef class StreamCounter:
    cdef readonly int64_t packets
    cdef readonly int payload_type
    cdef public bint is_watched      # its payloads are looked at in Python
    cdef public bint is_event        # the payload type has telephone events, whose timestamps stand still
    cdef readonly int64_t first_ns, last_ns
    cdef readonly int first_sequence_number, last_sequence_number
    cdef readonly uint32_t first_timestamp, last_timestamp
    cdef int64_t _type_packets       # of the payload type since it was set
    cdef Numbers _numbers
    cdef Sizes _sizes
    cdef Clock _clock
    cdef Lane _lanes[LANES]
    # Count a packet.
    cdef void take(self, const RtpHeader* header, int64_t time_ns) noexcept
    cdef void _start(self, const RtpHeader* header, int64_t time_ns) noexcept
    cdef bint _number(self, uint32_t number) noexcept
    cdef bint _restart(self, uint32_t number) noexcept
    cdef void _fill(self, uint32_t back) noexcept
    cdef void _advance(self, uint32_t ahead) noexcept
    cdef void _measure(self, uint32_t timestamp, int64_t time_ns, bint comes_next) noexcept
    cdef void _pace(self, Lane* lane, int64_t apart_ns, int32_t ticks, uint32_t timestamp, int64_t time_ns) noexcept
    cdef void _jump(self, Lane* lane) noexcept
    cdef void _vote(self, uint32_t ticks) noexcept
    cdef int _lane_of(self, int clock_hz) noexcept
