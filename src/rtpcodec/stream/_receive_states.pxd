"""The fields that a received message uses, for other Cython code: see the classes that inherit from them."""
from libc.stdint cimport int64_t

from rtpcodec.rtp._window cimport WindowState

cdef enum:
    RECENT_LEVELS = 15    # measured chunks of the recent level: 3 s of audio


# The number of a message that gives the order.
cdef enum Counter:
    NO_COUNTER
    BY_CHUNK
    BY_SEQUENCE


cdef class StallState:
    cdef public double _stall_ms
    cdef public double _limit_ms
    cdef public double _last_chunk_ms
    cdef public double last_received_ms
    cdef public double longest_ms
    cdef public Py_ssize_t count
    cdef void take_length(self, double chunk_ms) noexcept


cdef class ConnectionState:
    cdef public object state
    cdef public object connected_ms
    cdef public object lost_ms
    cdef public Py_ssize_t malformed
    cdef public Py_ssize_t _malformed_in_a_row
    cdef public double _last_good_ms
    cdef int64_t next_sequence    # NO_SEQUENCE: none is expected; IS_WIDE: it does not fit
    cdef void take_sequence(self, int64_t sequence) noexcept


cdef class CountState:
    cdef public int64_t messages_received
    cdef public int64_t media_received
    cdef public int64_t octets_received
    cdef public int64_t messages_sent


cdef class LevelState:
    cdef public double due
    cdef public double _total
    cdef public double _highest
    cdef public Py_ssize_t _count
    cdef double _last[RECENT_LEVELS]
    cdef int measure(self, bytes pcm, double due) except -1


cdef class TrackPredictorState:
    cdef public object _previous
    cdef public dict _next_track
    cdef public dict last_number
    cdef int take_next(self, str track, object number) except -1


cdef class FactsState:
    cdef public int64_t received


cdef class OrderState:
    cdef public FactsState facts
    cdef public TrackPredictorState _track_predictor
    cdef public WindowState _shared
    cdef public dict tracks
    cdef public frozenset _ignored
    cdef Counter counter
    cdef public bint per_track
    cdef public double deadline_ms


cdef class TimelineState:
    cdef public double least_ms
    cdef public double received_ms
    cdef public double _before_ms
    cdef public int _left
    cdef int take_chunk(self, double end_ms, double received_ms) except -1


cdef class ClockState:
    cdef public TimelineState _timeline
    cdef public object change
    cdef public object _last_timestamp
    cdef public double _last_timestamp_at_ms
    cdef public double _last_received_ms
    cdef public double _transit_ms
    cdef public double _units_per_ms
    cdef public double jitter_ms
    cdef public double media_ms
    cdef public double next_timestamp
    cdef public bint is_ignored
    cdef int take_chunk(self, int64_t timestamp, double received_ms, double duration_ms) except -1


cdef class Ticks:
    # Durations of payloads. unit_octets 0: they are not samples, so their length does not give the duration.
    cdef readonly int clock_hz
    cdef int unit_octets
    cdef int unit_samples
    cdef int ticks_hz
    cdef int samples_hz
    # Of the last payload: nearly all payloads of a stream have equal length, and divisions are slow.
    cdef Py_ssize_t _octets
    cdef double _length_ms
    # Duration of a payload of whole samples: see SampleFormat.ticks. 0: not whole samples, or empty.
    cdef double length_ms(self, Py_ssize_t octets) noexcept


cdef class TrackState:
    cdef public str name
    cdef public ClockState clock
    cdef public object payloads
    cdef public object resampler
    cdef public object _made
    cdef public int64_t doubtful_chunks
    cdef public int64_t lost_chunks
    cdef public double last_ms
    cdef public int rate_hz
    cdef public bint watched
    cdef public bint decodes
    cdef public bint adapts
    cdef public Ticks _ticks


cdef class FilesState:
    cdef public bint alert


cdef class KeysState:
    cdef public double deadline_ms


cdef class ChainState:
    cdef public OrderState _order
    cdef public TimelineState _timeline
    cdef public TrackState _default
    cdef public LevelState _level
    cdef public FilesState files
    cdef public dict _tracks
    cdef public str _default_track
    # The last two tracks that were looked up. Once made, a track of a name stays.
    cdef TrackState _last
    cdef TrackState _before
    cdef TrackState track_of(self, str name)


cdef class IncomingState:
    cdef public ChainState chain
    cdef public ConnectionState _connection
    cdef public CountState _counts
    cdef public StallState stalling
    cdef public KeysState _keys
    cdef public bint changed
    cdef double due_ms(self) noexcept
