"""The hot event. A cdef class: made fifty times a second and track, at a fraction of a dataclass's cost."""
cimport cython


@cython.final
@cython.auto_pickle(False)
cdef class Audio:
    """One chunk of audio of one track, in order. Concealed: made up for a lost one, so that it has no payload.

    Readers of a call set two more: dropped_before_ms is the audio before it that a slow reader lost, late_ms how much
    later than in real time a reader of an even stream got it.
    """

    cdef readonly str track
    cdef readonly bytes payload
    cdef readonly bytes pcm
    cdef readonly int sample_rate_hz
    cdef readonly double media_ms
    cdef readonly double duration_ms
    cdef readonly object chunk
    cdef readonly object timestamp
    cdef readonly bint concealed
    cdef readonly double dropped_before_ms
    cdef readonly double late_ms

    # Not __init__, which can be called again: another thread may read a member while it is replaced.
    def __cinit__(
        self, str track not None, bytes payload not None, bytes pcm not None, int sample_rate_hz,
        double media_ms, double duration_ms, object chunk=None, object timestamp=None,
        bint concealed=False, double dropped_before_ms=0.0, double late_ms=0.0,
    ):
        self.track = track
        self.payload = payload
        self.pcm = pcm
        self.sample_rate_hz = sample_rate_hz
        self.media_ms = media_ms
        self.duration_ms = duration_ms
        self.chunk = chunk
        self.timestamp = timestamp
        self.concealed = concealed
        self.dropped_before_ms = dropped_before_ms
        self.late_ms = late_ms

    def handed_over(self, dropped_before_ms=0.0, late_ms=0.0):
        """Return the same chunk with what its reader knows about it: audio dropped before it, its lateness."""
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
