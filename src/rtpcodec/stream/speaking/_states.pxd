"""The state of a stream's speaking side that native code reads. The Python classes inherit it."""
from libc.stdint cimport int64_t

from rtpcodec.stream._receive_states cimport LevelState
from rtpcodec.stream.speaking._queues cimport SendQueue


cdef enum:
    PAST_RUNS = 64          # MAX_PAST_RUNS of `runs`
    PAST = 15000            # MAX_PAST_MS of `runs`
    UNACKNOWLEDGED = 250    # UNACKNOWLEDGED_MS of `send_gate`: its limit includes this much of the round trip
    PING = 250              # PING_MS of `send_gate`


cdef class Rate:
    cdef readonly int64_t from_hz
    cdef readonly object resampler
    cdef public int64_t samples_in      # waiting ones included

cdef class ReplyQueueState:
    cdef public object packing
    cdef public SendQueue _queue
    cdef public object _front           # deque of pieces at the codec's rate, before the queue
    cdef public dict _rates             # Rate by source rate
    cdef public int64_t _tail_samples   # of the last frame, if it is not complete
    cdef public int64_t waiting_samples
    cdef public int64_t taken_samples
    cdef public int64_t kept_samples
    cdef int put(self, bytes pcm, object kind, Rate rate, int64_t samples, int64_t frame_samples) except -1

cdef class MarksState:
    cdef public int64_t first_position

cdef class Span:
    cdef public int64_t start           # sent position
    cdef public int64_t content         # content position
    cdef public int64_t samples
    cdef public object cut              # CutPoint; None: no clear limits it

cdef class SpansState:
    cdef public int64_t first_content
    cdef public int64_t sent_to
    cdef public object _spans           # deque of Span
    cdef int put(self, int64_t position, int64_t content, int64_t samples) except -1

cdef class OrderState:
    cdef public object waiting          # deque of replies
    cdef public list unheard
    cdef public bint moved
    cdef public ReplyFields implicit    # one of `waiting`
    cdef ReplyFields only(self)         # the single waiting reply; None: no reply or several wait

cdef class AcceptorState:
    cdef public OrderState _order
    cdef public object _pcm_check       # PcmCheck
    cdef public bint _looks_closer      # its `alert` after each check
    cdef public double _max_ms
    cdef public int64_t _frame_samples
    cdef public int64_t sample_rate_hz
    cdef public int64_t pcm_hz
    cdef public bint drops_oldest
    cdef public bint follows_queue
    cdef public bint running
    cdef public bint is_native          # False: `play` always uses the Python step
    cdef bint takes(self, bytes pcm) except -1
    cdef bint has_room(self, double more_ms) except -1

cdef class ReplyFields:
    cdef public AcceptorState _stage
    cdef public object _input           # PcmInput, after the first PCM that is not int16 in bytes
    cdef public object on_end
    cdef public ReplyQueueState queue
    cdef public MarksState marks
    cdef public SpansState spans
    cdef public str state
    cdef public bint closed
    cdef public bint more_follows
    cdef public bint ran_empty
    # Returns whether PCM was queued; otherwise nothing has changed.
    cdef bint take_pcm(self, object pcm, object pcm_hz, object note) except -1

cdef class RoundTripsState:
    cdef public int64_t count
    cdef public double least_ms

cdef class JitterState:
    cdef public RoundTripsState round_trips

cdef class RunState:
    cdef public int64_t start
    cdef public double first_sent_ms
    cdef public double hold_ms
    cdef public double held_back_ms
    cdef public double settled_ms
    cdef public double _beyond_ms
    cdef public object base_ms          # float or None
    cdef public object next             # Run or None
    cdef public object _offsets_ms      # tuple or None
    cdef public tuple _beyond
    cdef public bint behind_clear
    cdef public bint settling

cdef class FarEndState:
    cdef public int64_t sample_rate_hz
    cdef public int64_t sent_position
    cdef public int64_t proven_position
    cdef public double remote_end_ms
    cdef public double _hold_bound_ms
    cdef public object hold_ms          # float or None
    cdef public JitterState jitter
    cdef public RunState run
    cdef public list past_runs
    cdef public bint _after_clear
    cdef double record(self, int64_t samples, double now_ms) except -1.0
    cdef int begin_run(self, double now_ms) except -1
    cdef int end_run(self) except -1
    cdef double round_trip(self) noexcept
    cdef double played_by(self, int64_t position) except? -1.0

cdef class OwnMarksState:
    cdef public bint enabled
    cdef public bint _begins
    cdef public int64_t next_position
    cdef public int64_t _last_position
    cdef public int64_t _reply_position
    cdef public int64_t _complaints
    cdef public double _ms_per_sample
    cdef public object _sent_ms         # deque
    cdef double wanted_ms               # due_ms; infinite: None

cdef class LastPing:
    cdef public int64_t number          # 0: there was none
    cdef public int64_t position

cdef class SendGateState:
    cdef public object backlog
    cdef public object actions
    cdef public object _limit_ms        # float or None
    cdef public int64_t pongs
    cdef public int64_t _acknowledged
    cdef public int64_t _rate_hz
    cdef public double look_ms
    cdef public double _message_ms
    cdef public double _ms_per_octet
    cdef public double _unread_octets   # upper bound of the unacknowledged octets
    cdef public bint was_closed
    cdef public LastPing _pinged
    cdef bint is_ping_due(self, int64_t position) noexcept
    cdef bint is_open(self, int64_t position, RoundTripsState trips) except -1

cdef class ReleaserState:
    cdef public list clear
    cdef public LevelState level
    cdef public object stream_id        # str or None
    cdef public double expected_ms
    cdef public double last_sent_ms
    cdef public int64_t media_sent
    cdef public int64_t octets_sent

cdef class PartsState:
    cdef public list reports
    cdef public tuple sent_sinks
    cdef public object actions
    cdef public bint paused

cdef class EchoesState:
    cdef double deadline_ms             # next_deadline_ms; infinite: None

cdef class ResolverState:
    cdef public double _next_ms

cdef class StopperState:
    cdef public double next_ms

cdef class IdleState:
    cdef public bint silent
