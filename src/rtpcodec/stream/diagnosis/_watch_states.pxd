"""The fast path of the search for faults for other Cython code."""
from libc.stdint cimport int64_t

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream.diagnosis._readings cimport Readings


cdef class ArrivalState:
    cdef public bint has_begun
    cdef public double _begin_ms
    cdef public double _audio_ms
    cdef public double _until_ms
    cdef public double _maximum_ms
    cdef public double _dated_ms          # time by timestamps,
    cdef public double _dated_audio_ms    # and the audio of the same chunks
    cdef public int64_t _timestamp        # -1: none
    cdef double take_chunk(self, double duration_ms, double now_ms, int64_t timestamp) except? -1.0


cdef class VerdictsState:
    cdef public Readings _readings
    cdef public ArrivalState _arrival     # None: not of samples
    cdef public object _adaptive          # None: G.722 is not tried
    cdef public bint _reported
    cdef public bint _accepts_any
    cdef public bint _is_samples
    cdef public bint _reads_declared
    cdef public int _segments
    cdef public int _sound
    cdef bint is_ordinary(self, bytes payload) noexcept
    cdef object take_ordinary(self, Audio audio, double now_ms)


cdef class WatchState:
    cdef public dict _tracks
    cdef public dict _bands
    cdef public object _pending           # a diagnosis that waits; None: none
    cdef public frozenset _planned_tracks
    cdef public double _limit_ms
    cdef public double _sound_ms
    cdef public double _whole_ms
    cdef public bint _is_file
    cdef public bint over
    cdef object look(self, Audio audio, double now_ms)    # `take` of a chunk; None: nothing to report


cdef class SinkList:
    cdef public tuple _sinks
    cdef WatchState only_watch(self)      # None: there are other sinks
