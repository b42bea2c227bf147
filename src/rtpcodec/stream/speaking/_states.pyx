"""The state of a stream's speaking side in C fields, with the native steps for an ordinary message.

Each class is the base of the Python class that it names. A native step equals the Python step, or declines.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.stream._audio cimport Audio

from rtpcodec.audio.file_headers import FILE_STARTS as _FILE_STARTS
from rtpcodec.stream.items import Kind

cdef extern from "Python.h":
    ctypedef struct Type "PyTypeObject":
        object (*tp_new)(Type*, object, PyObject*)
    Type* type_of "Py_TYPE"(object held)

cdef enum:
    STARTS_OCTETS = 8192        # a bit for each pair of octets
    JUDGED_OCTETS = 1024        # the octets in which PcmCheck looks for floats
    MAX_RATE_HZ = 1_000_000     # beyond all rates; the Python step raises the error

cdef object READY = Kind.READY, PCM = Kind.PCM
cdef uint8_t starts_files[STARTS_OCTETS]

for _start in _FILE_STARTS:
    if len(_start) == 2:
        starts_files[(_start[0] << 8 | _start[1]) >> 3] |= 1 << (_start[1] & 7)


cdef bint are_zero(const uint8_t* octets, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t at
    cdef uint8_t seen = 0
    for at in range(n):
        seen |= octets[at]
    return seen == 0


@cython.final
@cython.auto_pickle(False)
cdef class Rate:
    """The PCM of one source rate: its resampler, and its input so far. Chunks of one rate join without a gap."""

    def __cinit__(self, int64_t from_hz, resampler):
        self.from_hz = from_hz
        self.resampler = resampler


@cython.auto_pickle(False)
cdef class ReplyQueueState:
    """The base of ReplyQueue."""

    cdef int put(self, bytes pcm, object kind, Rate rate, int64_t samples, int64_t frame_samples) except -1:
        """Append PCM that gives this many samples at the codec's rate."""
        self._queue.append(kind, pcm, rate)
        self.waiting_samples += samples
        self._tail_samples = (self._tail_samples + samples) % frame_samples
        return 0


@cython.auto_pickle(False)
cdef class MarksState:
    """The base of UnsentMarks."""


@cython.final
@cython.auto_pickle(False)
cdef class Span:
    """Audio of one reply that was sent without a break."""

    def __cinit__(self, int64_t start, int64_t content, int64_t samples):
        self.start = start
        self.content = content
        self.samples = samples

    def heard_to(self, int64_t position):
        """Return the content position up to which it is heard when the far end is at this sent position."""
        if self.cut is not None:
            position = min(position, <int64_t>self.cut.position) if self.cut.settled else <int64_t>self.cut.position
        return self.content + min(max(0, position - self.start), self.samples)


@cython.auto_pickle(False)
cdef class SpansState:
    """The base of Spans."""

    cdef int put(self, int64_t position, int64_t content, int64_t samples) except -1:
        """Add audio that was sent."""
        cdef Span last
        if self._spans:
            last = self._spans[len(self._spans) - 1]
            if last.cut is None and last.start + last.samples == position and last.content + last.samples == content:
                last.samples += samples
                self.sent_to = max(self.sent_to, content + samples)
                return 0
        self.sent(position, content, samples)
        return 0


@cython.auto_pickle(False)
cdef class OrderState:
    """The base of ReplyOrder."""

    cdef ReplyFields only(self):
        if len(self.waiting) != 1:
            return None
        return self.implicit if self.implicit is not None else <ReplyFields>self.waiting[0]


@cython.auto_pickle(False)
cdef class AcceptorState:
    """The base of Acceptor."""

    def __cinit__(self):
        self.is_native = True

    cdef bint takes(self, bytes pcm) except -1:
        """Return whether PCM needs no closer check: it is not a file, and PcmCheck has no suspicion."""
        cdef const uint8_t* octets = <const uint8_t*>PyBytes_AS_STRING(pcm)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(pcm)
        if starts_files[(octets[0] << 8 | octets[1]) >> 3] >> (octets[1] & 7) & 1:
            return False
        if not self._looks_closer:
            return True
        # Silence does not change the state of PcmCheck.
        return not self._pcm_check.carries and are_zero(octets, min(n, <Py_ssize_t>JUDGED_OCTETS))

    cdef bint has_room(self, double more_ms) except -1:
        """Return whether this much audio certainly fits: together with all waiting audio."""
        cdef ReplyFields only = self._order.only()
        cdef int64_t samples = 0 if only is None else only.queue.waiting_samples
        if only is None:
            for one in self._order.waiting:
                samples += (<ReplyFields>one).queue.waiting_samples
        return <double>(samples * 1000) / <double>self.sample_rate_hz + more_ms <= self._max_ms


@cython.auto_pickle(False)
cdef class ReplyFields:
    """The base of Reply."""

    def play(self, pcm, pcm_hz=None, note=None):
        """Add int16 or float32 mono PCM. If it raises, nothing was added.

        Args:
            pcm: octets of int16; an array, memoryview or numpy array of int16 or float32; or an Audio, which knows its
                rate. An odd octet waits for its other half in the next call.
            pcm_hz: its rate in Hz; None: send_pcm_hz.
            note: any object, such as the words of this chunk: see `last_note_played`.

        Raises:
            ReplyInterrupted, StreamEnded, QueueFull: the reply was interrupted, the stream has ended, no space is left.
            ValueError, TypeError: it is not PCM, or the rate cannot be resampled.
        """
        if not self.take_pcm(pcm, pcm_hz, note):
            self._play(pcm, pcm_hz, note)

    @cython.nonecheck(True)
    cdef bint take_pcm(self, object pcm, object pcm_hz, object note) except -1:
        cdef AcceptorState stage = self._stage
        cdef bytes octets
        cdef int64_t from_hz, samples
        cdef Rate rate
        if self.closed or self._input is not None or note is not None:
            return False
        if not stage.running or stage.follows_queue or not stage.is_native:
            return False
        # 1. Which PCM, at which rate?
        from_hz = stage.pcm_hz
        if PyLong_CheckExact(pcm_hz):
            if not 0 < pcm_hz < MAX_RATE_HZ:
                return False
            from_hz = pcm_hz
        elif pcm_hz is not None:
            return False
        if PyBytes_CheckExact(pcm):
            octets = <bytes>pcm
        elif type(pcm) is Audio:
            octets = (<Audio>pcm).pcm
            # Without octets, the Audio was made without its constructor.
            if octets is None or (pcm_hz is not None and (<Audio>pcm).sample_rate_hz != from_hz):
                return False
            from_hz = (<Audio>pcm).sample_rate_hz
        else:
            return False
        samples = PyBytes_GET_SIZE(octets) >> 1
        if samples == 0 or PyBytes_GET_SIZE(octets) & 1 or not stage.takes(octets):
            return False
        # 2. Does it fit?
        if not stage.has_room(<double>(samples * 1000) / <double>from_hz):
            return False
        if from_hz == stage.sample_rate_hz:
            self.queue.put(octets, READY, None, samples, stage._frame_samples)
            return True
        # 3. Count samples at the codec's rate, before they are resampled.
        rate = self.queue._rates.get(from_hz)
        if rate is None or len(self.queue._rates) != 1:
            return False
        samples += rate.samples_in
        self.queue.put(
            octets, PCM, rate,
            samples * stage.sample_rate_hz // from_hz - rate.samples_in * stage.sample_rate_hz // from_hz,
            stage._frame_samples,
        )
        rate.samples_in = samples
        return True


@cython.auto_pickle(False)
cdef class RoundTripsState:
    """The base of RoundTrips."""


@cython.auto_pickle(False)
cdef class JitterState:
    """The base of Jitter."""


@cython.auto_pickle(False)
cdef class RunState:
    """The base of Run."""

    def __cinit__(self):
        self.settling = True
        self._beyond = ()
        self._beyond_ms = -INFINITY


cdef RunState run_like(RunState run):
    """Return a new run of the same Python class, without calling its constructor."""
    return <RunState>type_of(run).tp_new(type_of(run), (), NULL)


@cython.auto_pickle(False)
cdef class FarEndState:
    """The base of FarEnd."""

    def sent(self, int64_t samples, double now_ms):
        """Record that a message of audio was sent. If the far end is dry, a run begins. Returns the duration in ms."""
        return self.record(samples, now_ms)

    cdef double record(self, int64_t samples, double now_ms) except -1.0:
        cdef double duration_ms = <double>(samples * 1000) / <double>self.sample_rate_hz
        if now_ms > self.remote_end_ms or self._after_clear:
            self.begin_run(now_ms)
        self.sent_position += samples
        self.remote_end_ms += duration_ms
        return duration_ms

    @cython.nonecheck(True)
    cdef int begin_run(self, double now_ms) except -1:
        cdef double hold_ms = 0.0 if self.hold_ms is None else self.hold_ms
        cdef RunState run = run_like(self.run)
        run.start = self.sent_position
        run.first_sent_ms = now_ms
        run.hold_ms = hold_ms
        run.behind_clear = self._after_clear
        self.end_run()
        self.run.next = run
        self.run = run
        self._after_clear = False
        self.remote_end_ms = now_ms + hold_ms
        return 0

    cdef int end_run(self) except -1:
        """Move the current run to the past runs."""
        # The list is kept here, because a run refers to the next one: a reference back would be a cycle.
        cdef list past = self.past_runs
        cdef double oldest_ms = self.run.first_sent_ms - PAST
        past.append(self.run)
        while len(past) > PAST_RUNS or (len(past) > 1 and (<RunState>past[1]).first_sent_ms < oldest_ms):
            del past[0]
        return 0

    def _end_run(self):
        self.end_run()

    cdef double round_trip(self) noexcept:
        """Return the best estimate of the round trip: see FarEnd._round_trip_ms."""
        cdef RoundTripsState trips = self.jitter.round_trips
        if trips.count:
            return trips.least_ms
        return self._hold_bound_ms if self._hold_bound_ms < INFINITY else 0.0

    cdef double played_by(self, int64_t position) except? -1.0:
        """Return the echo time of a position; minus infinity: nothing is left to play."""
        cdef RunState run = self.run
        cdef double base_ms
        if run.first_sent_ms == -INFINITY or position <= run.start:
            return -INFINITY
        if run.base_ms is None:
            base_ms = run.first_sent_ms + run.held_back_ms + self.round_trip() + run.hold_ms
        else:
            base_ms = run.base_ms
        return base_ms + <double>(position - run.start) * (1000.0 / <double>self.sample_rate_hz)


@cython.auto_pickle(False)
cdef class OwnMarksState:
    """The base of OwnMarks."""

    def __cinit__(self):
        self.wanted_ms = INFINITY

    @property
    def due_ms(self):
        """When a last mark that waits for the rate limit may be sent: call `wanted` then. None: no mark waits."""
        return None if self.wanted_ms == INFINITY else self.wanted_ms

    @due_ms.setter
    def due_ms(self, due_ms):
        self.wanted_ms = INFINITY if due_ms is None else due_ms


@cython.final
@cython.auto_pickle(False)
cdef class LastPing:
    """The last ping behind audio."""


@cython.auto_pickle(False)
cdef class SendGateState:
    """The base of SendGate."""

    def __cinit__(self):
        self._pinged = LastPing()

    def ping_due(self, int64_t position):
        """Return whether enough audio was sent since the last ping for another one behind this position."""
        return self.is_ping_due(position)

    cdef bint is_ping_due(self, int64_t position) noexcept:
        cdef LastPing last = self._pinged
        return not last.number or (position - last.position) * 1000 >= PING * self._rate_hz

    cdef bint is_open(self, int64_t position, RoundTripsState trips) except -1:
        """Return whether the gate is certainly open, without reading the system's buffers: see SendGate.open."""
        cdef double limit_ms
        if self.backlog is None and not self.pongs:
            return True
        if self.was_closed or self.look_ms != -INFINITY or self.actions is not None:
            return False
        if self._limit_ms is None:
            return True
        limit_ms = self._limit_ms
        if trips.count and trips.least_ms > UNACKNOWLEDGED:
            limit_ms += trips.least_ms - UNACKNOWLEDGED
        if self.backlog is not None and self._unread_octets * self._ms_per_octet > limit_ms:
            return False
        return not self.pongs or <double>((position - self._acknowledged) * 1000) <= limit_ms * <double>self._rate_hz


@cython.auto_pickle(False)
cdef class ReleaserState:
    """The base of Releaser."""


@cython.auto_pickle(False)
cdef class PartsState:
    """The base of Parts."""

    def __cinit__(self):
        self.reports = []
        self.sent_sinks = ()


@cython.auto_pickle(False)
cdef class EchoesState:
    """The base of Echoes."""

    def __cinit__(self):
        self.deadline_ms = INFINITY

    @property
    def next_deadline_ms(self):
        """When `expired` has something to do; None: not before a call changes it. May be early, never late."""
        return None if self.deadline_ms == INFINITY else self.deadline_ms

    @next_deadline_ms.setter
    def next_deadline_ms(self, deadline_ms):
        self.deadline_ms = INFINITY if deadline_ms is None else deadline_ms


@cython.auto_pickle(False)
cdef class ResolverState:
    """The base of Resolver."""


@cython.auto_pickle(False)
cdef class StopperState:
    """The base of Stopper."""


@cython.auto_pickle(False)
cdef class IdleState:
    """The base of IdleSound."""
