"""The event Audio for other Cython code."""
from libc.stdint cimport int64_t

cdef enum:
    NO_NUMBER = -1    # a chunk without this number


cdef class Audio:
    cdef readonly str track
    cdef readonly bytes payload
    cdef readonly bytes pcm
    cdef readonly double media_ms
    cdef readonly double duration_ms
    cdef readonly double dropped_before_ms
    cdef readonly double late_ms
    cdef int64_t chunk_number
    cdef int64_t timestamp_number
    cdef readonly int sample_rate_hz
    cdef readonly bint concealed

# A chunk as received; numbers that the message lacks are NO_NUMBER.
cdef Audio new_audio(
    str track, bytes payload, bytes pcm, int sample_rate_hz, double media_ms, double duration_ms, int64_t chunk,
    int64_t timestamp,
)
