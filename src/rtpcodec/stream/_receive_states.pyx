"""The fields that a received message uses, as C types, with the steps of every chunk.

Each Python class of the receive direction inherits from one of these classes. So the native path and the methods of the
Python classes share fields, and each step of an ordinary chunk is written once.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport INFINITY
from libc.stdint cimport INT64_MAX, int64_t, uint8_t

from rtpcodec.kernels.levels cimport energy_block

cdef enum:
    BUCKET_CHUNKS = 250    # the least delay is taken over two buckets, so that it follows slow clocks

cdef double JITTER_GAIN = 1.0 / 16    # RFC 3550 section 6.4.1
cdef int64_t NO_SEQUENCE = -1
cdef int64_t IS_WIDE = -2

cdef tuple COUNTERS = (None, "chunk", "sequence")    # by Counter

RECENT = RECENT_LEVELS
BUCKET = BUCKET_CHUNKS


@cython.auto_pickle(False)
cdef class StallState:
    """The base of StallWatch."""

    def silence_ms(self, double now_ms):
        """Record a message; return the silence before it if it is long enough for a stall, otherwise 0."""
        cdef double silence_ms = now_ms - self.last_received_ms
        self.last_received_ms = now_ms
        return silence_ms if silence_ms >= self._limit_ms else 0.0

    def take_chunk(self, double chunk_ms):
        """Record the duration of the audio that was delivered last."""
        self.take_length(chunk_ms)

    cdef void take_length(self, double chunk_ms) noexcept:
        if chunk_ms != self._last_chunk_ms:
            # Chunks may last up to 30 s; then a silence of one chunk's duration between two chunks is normal.
            self._last_chunk_ms = chunk_ms
            self._limit_ms = max(self._stall_ms, 2 * chunk_ms)


@cython.auto_pickle(False)
cdef class ConnectionState:
    """The base of Connection."""

    def __cinit__(self):
        self.next_sequence = NO_SEQUENCE

    @property
    def _next_sequence(self):
        """The highest sequence number plus 1; None: there was none."""
        if self.next_sequence == NO_SEQUENCE:
            return None
        return 1 + <object>INT64_MAX if self.next_sequence == IS_WIDE else self.next_sequence

    @_next_sequence.setter
    def _next_sequence(self, number):
        # Numbers fit 63 bits (MAX_COUNTER), but the largest one plus 1 does not.
        if number is None:
            self.next_sequence = NO_SEQUENCE
        else:
            self.next_sequence = IS_WIDE if number > INT64_MAX else number

    cdef void take_sequence(self, int64_t sequence) noexcept:
        if sequence >= 0 and self.next_sequence != IS_WIDE and sequence >= self.next_sequence:
            self.next_sequence = IS_WIDE if sequence == INT64_MAX else sequence + 1


@cython.auto_pickle(False)
cdef class CountState:
    """The base of Counts."""


@cython.auto_pickle(False)
cdef class LevelState:
    """The base of LevelMeter."""

    def take(self, bytes pcm not None, double due):
        """Measure a chunk; empty PCM is not counted.

        pcm: Native int16 PCM.
        due: Position from which the next chunk is measured.
        """
        self.measure(pcm, due)

    @property
    def _recent(self):
        """The powers of the last RECENT chunks, the oldest first."""
        cdef Py_ssize_t i
        return [self._last[i % RECENT_LEVELS] for i in range(max(0, self._count - RECENT_LEVELS), self._count)]

    cdef int measure(self, bytes pcm, double due) except -1:
        cdef Py_ssize_t n = PyBytes_GET_SIZE(pcm) // 2
        cdef double power
        self.due = due
        if n == 0:
            return 0
        power = <double>energy_block(<const uint8_t*>PyBytes_AS_STRING(pcm), n) / <double>n
        self._last[self._count % RECENT_LEVELS] = power
        self._total += power
        self._count += 1
        self._highest = max(self._highest, power)
        return 0


@cython.auto_pickle(False)
cdef class TrackPredictorState:
    """The base of TrackPredictor."""

    def follow(self, str track not None, number):
        """Record the next number, with no number missing before it."""
        self.take_next(track, number)

    cdef int take_next(self, str track, object number) except -1:
        if self._previous is not None:
            self._next_track[self._previous] = track
        self._previous = track
        self.last_number[track] = number
        return 0


@cython.auto_pickle(False)
cdef class FactsState:
    """The base of NumberingFacts."""


@cython.auto_pickle(False)
cdef class OrderState:
    """The base of ChunkOrder."""

    @property
    def _counter(self):
        """The counter that gives the order, "chunk" or "sequence"; None: none was seen."""
        return COUNTERS[self.counter]

    @_counter.setter
    def _counter(self, str name):
        self.counter = <Counter><int>COUNTERS.index(name)


@cython.auto_pickle(False)
cdef class TimelineState:
    """The base of Timeline."""

    def note(self, double end_ms, double received_ms):
        """Record a chunk that ends at a media time."""
        self.take_chunk(end_ms, received_ms)

    cdef int take_chunk(self, double end_ms, double received_ms) except -1:
        cdef double delay_ms = received_ms - end_ms
        self.received_ms = received_ms
        self._left -= 1
        if delay_ms < self.least_ms:
            self.least_ms = delay_ms
        if self._left == 0:
            self._turn(end_ms)
        return 0


@cython.auto_pickle(False)
cdef class ClockState:
    """The base of TrackClock."""

    def advance(self, timestamp, double received_ms, double duration_ms):
        """Record a chunk that begins at media_ms."""
        self.take_chunk(-1 if timestamp is None else timestamp, received_ms, duration_ms)

    @cython.nonecheck(True)
    cdef int take_chunk(self, int64_t timestamp, double received_ms, double duration_ms) except -1:
        cdef double begin_ms = self.media_ms
        cdef double transit_ms = received_ms - begin_ms
        cdef double late_ms = transit_ms - self._transit_ms
        self.media_ms = begin_ms + duration_ms
        self._last_received_ms = received_ms
        self._transit_ms = transit_ms
        if self._units_per_ms > 0:
            self.jitter_ms += ((late_ms if late_ms > 0 else -late_ms) - self.jitter_ms) * JITTER_GAIN
            self.next_timestamp = (
                self.next_timestamp if timestamp < 0 else <double>timestamp
            ) + duration_ms * self._units_per_ms
        elif timestamp >= 0:
            self._last_timestamp = timestamp
            self._last_timestamp_at_ms = begin_ms
        return self._timeline.take_chunk(self.media_ms, received_ms)


@cython.final
@cython.auto_pickle(False)
cdef class Ticks:
    """Durations of the payloads of a track.

    Args:
        clock_hz: Ticks of the payload format per second, of all channels.
        unit_octets, unit_samples: Size of the smallest unit of samples; 0: the payloads are not samples.
        ticks_hz, samples_hz: See SampleFormat.
    """

    def __cinit__(self, int clock_hz, int unit_octets=0, int unit_samples=0, int ticks_hz=0, int samples_hz=0):
        self.clock_hz = clock_hz
        self.unit_octets = unit_octets
        self.unit_samples = unit_samples
        self.ticks_hz = ticks_hz
        self.samples_hz = samples_hz

    cdef double length_ms(self, Py_ssize_t octets) noexcept:
        cdef int64_t samples
        if octets != self._octets:
            if self.unit_octets == 0 or octets % self.unit_octets != 0:
                return 0
            samples = <int64_t>octets // self.unit_octets * self.unit_samples
            self._length_ms = <double>(samples * self.ticks_hz // self.samples_hz * 1000) / <double>self.clock_hz
            self._octets = octets
        return self._length_ms

    def __reduce__(self):
        raise TypeError("Ticks belong to their track, they cannot be pickled or copied")


@cython.auto_pickle(False)
cdef class TrackState:
    """The base of ReceivedTrack."""


@cython.auto_pickle(False)
cdef class FilesState:
    """The base of ReceivedFiles."""


@cython.auto_pickle(False)
cdef class KeysState:
    """The base of KeyOrder."""


@cython.auto_pickle(False)
cdef class ChainState:
    """The base of ReceiveChain."""

    cdef TrackState track_of(self, str name):
        """Return the track of a name; None if it had no chunk yet."""
        if self._last is not None and self._last.name is name:
            return self._last
        if self._before is not None and self._before.name is name:
            self._before, self._last = self._last, self._before
            return self._last
        found = self._tracks.get(name)
        if found is None:
            return None
        self._before, self._last = self._last, <TrackState>found
        return self._last


@cython.auto_pickle(False)
cdef class IncomingState:
    """The base of Incoming."""

    @property
    def deadline_ms(self):
        """When a waiting chunk or key has waited long enough for an earlier one; infinite: none waits."""
        if self._keys is None or (self.chain is not None and self.chain._order is None):
            raise AttributeError("an Incoming without __init__ has no deadline")
        return self.due_ms()

    cdef double due_ms(self) noexcept:
        cdef double chain_ms = INFINITY if self.chain is None else self.chain._order.deadline_ms
        return chain_ms if chain_ms < self._keys.deadline_ms else self._keys.deadline_ms
