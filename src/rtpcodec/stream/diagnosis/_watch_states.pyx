"""The fast path of the search for faults: the steps for each chunk of an ordinary stream, without Python.

The Python classes inherit from these, and contain the rare steps: diagnoses, changes, reports. See _receive_states.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t
from libc.string cimport memcmp

from rtpcodec.stream._audio cimport Audio

# A multiple of 10, 20 and 40 ms chunks, and longer than the jitter of a good network.
PERIOD_MS = 160.0
EVEN_OCTETS = EVEN
SILENT_TIMES = TIMES
# Octets 4 to 7 of MP4 files. `HeaderWatch` does not detect them, because their first octets also occur in silence.
MP4_BRAND = b"ftyp"

cdef double PERIOD = PERIOD_MS
cdef const char* BRAND = b"ftyp"
cdef enum:
    EVEN = 80     # chunks of samples are whole multiples of 10 ms, which is 80 octets or a multiple of them
    TIMES = 6     # if little of the audio is sound, this many times as much audio is examined: one minute
    BRAND_AT = 4
    BRAND_OCTETS = 4


@cython.auto_pickle(False)
cdef class ArrivalState:
    """The base of Arrival."""

    def take(self, double duration_ms, double now_ms, timestamp=None):
        """Record a chunk. Returns the ratio of audio to time if it is certainly not 1, else 0.

        Args:
            duration_ms: Duration of its audio at the declared rate.
            now_ms: Time of arrival.
            timestamp: The carrier's timestamp in ms; None: it has none.
        """
        return self.take_chunk(duration_ms, now_ms, -1 if timestamp is None else timestamp)

    cdef double take_chunk(self, double duration_ms, double now_ms, int64_t timestamp) except? -1.0:
        cdef double ratio = 0
        cdef double ahead_ms
        if timestamp >= 0:
            if self._timestamp >= 0 and 0 < timestamp - self._timestamp < PERIOD:
                self._dated_ms += <double>(timestamp - self._timestamp)
                self._dated_audio_ms += duration_ms
            self._timestamp = timestamp
        if not self.has_begun:
            self.has_begun = True
            self._begin_ms = now_ms
            self._until_ms = now_ms + PERIOD
        if now_ms >= self._until_ms:
            ratio = self._turn(now_ms)
        self._audio_ms += duration_ms
        ahead_ms = self._audio_ms - (now_ms - self._begin_ms)
        if ahead_ms > self._maximum_ms:
            self._maximum_ms = ahead_ms
        return ratio


@cython.auto_pickle(False)
cdef class VerdictsState:
    """The base of TrackVerdicts."""

    cdef bint is_ordinary(self, bytes payload) noexcept:
        """Return whether a payload is judged by its samples alone."""
        cdef Py_ssize_t n = PyBytes_GET_SIZE(payload)
        return (
            n > 0 and n % EVEN == 0 and self._is_samples and self._reads_declared
            and not self._reported and not self._accepts_any and self._adaptive is None and self._arrival is not None
        )

    cdef object take_ordinary(self, Audio audio, double now_ms):
        """Judge the next chunk, whose payload is ordinary. Returns a diagnosis; None: not enough evidence."""
        cdef int found = self._readings.take_payload(audio.payload)
        cdef double ratio
        # 1. Do the samples differ from the declared codec? Then the Python method judges them.
        if found != 0 or memcmp(PyBytes_AS_STRING(audio.payload) + BRAND_AT, BRAND, BRAND_OCTETS) == 0:
            return self._judge(audio, found, now_ms)
        # 2. Do they arrive as fast as they play?
        ratio = self._arrival.take_chunk(audio.duration_ms, now_ms, audio.timestamp_number)
        if ratio == 0:
            return None
        diagnosis = self._other_rate(self._arrival, ratio)
        self._reported = diagnosis is not None
        return diagnosis


@cython.auto_pickle(False)
cdef class WatchState:
    """The base of DiagnosisWatch."""

    cdef object look(self, Audio audio, double now_ms):
        cdef VerdictsState track
        cdef int before
        # 1. Ordinary: a known track of the plan, whose bandwidth is known, with nothing to report?
        verdicts = self._tracks.get(audio.track)
        band = self._bands.get(audio.track)
        if (
            verdicts is None or type(band) is not str or self._pending is not None or self._is_file
            or audio.track not in self._planned_tracks or not (<VerdictsState>verdicts).is_ordinary(audio.payload)
        ):
            return self.take(audio, now_ms)
        # 2. Judge the chunk. 3. Count its audio and its sound. 4. Was enough examined?
        track = <VerdictsState>verdicts
        diagnosis = track.take_ordinary(audio, now_ms)
        if diagnosis is not None:
            return self._report(self._count(track, audio, diagnosis), now_ms)
        before, track._segments = track._segments, track._readings.segments
        self._whole_ms += audio.duration_ms
        if track._segments > before:
            track._sound += 1
            self._sound_ms += audio.duration_ms
        self.over = self._sound_ms >= self._limit_ms or self._whole_ms >= TIMES * self._limit_ms
        return None


@cython.auto_pickle(False)
cdef class SinkList:
    """The base of Sinks."""

    cdef WatchState only_watch(self):
        if len(self._sinks) == 1 and isinstance(self._sinks[0], WatchState):
            return <WatchState>self._sinks[0]
        return None
