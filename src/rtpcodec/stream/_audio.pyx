"""The most frequent event: 50 per second and track. A cdef class is made at a fraction of a dataclass's cost."""
cimport cython
from libc.stdint cimport int64_t


@cython.final
@cython.auto_pickle(False)
@cython.freelist(64)
cdef class Audio:
    """One chunk of audio of one track, in order. A concealed chunk was generated for a lost one and has no payload.

    Readers of a call set two more fields: dropped_before_ms is the audio before this chunk that a slow reader has lost,
    late_ms is its delay against real time for a reader of an even stream.
    """

    # Without arguments, so that native code makes one for the cost of its memory.
    def __cinit__(self):
        self.chunk_number = self.timestamp_number = NO_NUMBER

    def __init__(
        self, str track not None, bytes payload not None, bytes pcm not None, int sample_rate_hz,
        double media_ms, double duration_ms, chunk=None, timestamp=None,
        bint concealed=False, double dropped_before_ms=0.0, double late_ms=0.0,
    ):
        # Only once: another thread may read a member while it is replaced.
        if self.track is not None:
            raise TypeError("an Audio does not change")
        self.payload = payload
        self.pcm = pcm
        self.sample_rate_hz = sample_rate_hz
        self.media_ms = media_ms
        self.duration_ms = duration_ms
        self.chunk_number = number_of(chunk, "chunk")
        self.timestamp_number = number_of(timestamp, "timestamp")
        self.concealed = concealed
        self.dropped_before_ms = dropped_before_ms
        self.late_ms = late_ms
        self.track = track

    @property
    def chunk(self):
        """The chunk's number; None: it has none."""
        return None if self.chunk_number < 0 else self.chunk_number

    @property
    def timestamp(self):
        """The chunk's timestamp; None: it has none."""
        return None if self.timestamp_number < 0 else self.timestamp_number

    def handed_over(self, dropped_before_ms=0.0, late_ms=0.0):
        """Return the same chunk with the fields of its reader: audio dropped before it, and its delay."""
        return Audio(
            self.track, self.payload, self.pcm, self.sample_rate_hz, self.media_ms, self.duration_ms, self.chunk,
            self.timestamp, self.concealed, dropped_before_ms, late_ms,
        )

    def __reduce__(self):
        return Audio, (
            self.track, self.payload, self.pcm, self.sample_rate_hz, self.media_ms, self.duration_ms, self.chunk,
            self.timestamp, self.concealed, self.dropped_before_ms, self.late_ms,
        )

    def __repr__(self):
        return (
            f"Audio(track={self.track!r}, media_ms={self.media_ms:g}, duration_ms={self.duration_ms:g}, "
            f"payload=<{len(self.payload)} octets>, pcm=<{len(self.pcm) // 2} samples at {self.sample_rate_hz} Hz>"
            f"{', concealed' if self.concealed else ''}"
            f"{f', dropped_before_ms={self.dropped_before_ms:g}' if self.dropped_before_ms else ''}"
            f"{f', late_ms={self.late_ms:g}' if self.late_ms else ''})"
        )


cdef int64_t number_of(object number, str name) except? NO_NUMBER:
    """Return a number of a message; NO_NUMBER for None. Raises ValueError if it is negative."""
    cdef int64_t found
    if number is None:
        return NO_NUMBER
    found = number
    if found < 0:
        raise ValueError(f"{name} is {number}, 0 or more is needed")
    return found


cdef Audio new_audio(
    str track, bytes payload, bytes pcm, int sample_rate_hz, double media_ms, double duration_ms, int64_t chunk,
    int64_t timestamp,
):
    cdef Audio audio = Audio.__new__(Audio)
    audio.track = track
    audio.payload = payload
    audio.pcm = pcm
    audio.sample_rate_hz = sample_rate_hz
    audio.media_ms = media_ms
    audio.duration_ms = duration_ms
    audio.chunk_number = chunk
    audio.timestamp_number = timestamp
    return audio
