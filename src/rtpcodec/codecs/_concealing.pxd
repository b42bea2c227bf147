"""The base class of decoders of sample codecs: it fills gaps from the audio before them."""
from cpython.object cimport PyObject

from rtpcodec.audio.concealment cimport Concealer

cdef enum:
    HELD = 4            # payloads of 10 ms or more: more than the history that a gap needs
    MIN_HELD_MS = 10
    MAX_HELD_MS = 200   # the longest that receivers should accept (RFC 3551 section 4.2); bounds the held memory

cdef class ConcealingDecoder:
    # The last payloads, by reference: a stream without gaps needs no copy. Oldest at _at.
    cdef PyObject* _held[HELD]
    cdef int _at
    cdef Concealer _concealer    # after the first gap, or the first audio that cannot be held
    cdef readonly object info
    cdef readonly int sample_rate_hz

    # Decode an object that was passed to `heard`.
    cdef bytes pcm_of(self, bytes held)
    # Add samples that were just decoded; after a gap, cross-fade them in place. held: an object that pcm_of can decode.
    cdef int heard(self, void* pcm, Py_ssize_t n, object held) except -1
    # Generate the samples of a gap.
    cdef bytes concealed(self, int n)
    cdef int clear(self) except -1

    # Call these in a critical section of self; take_over in one of other.
    cdef int start_history(self) except -1
    cdef int drop_held(self) except -1
    # Copy the state of another decoder. Only for an object that has not decoded anything.
    cdef int take_over(self, ConcealingDecoder other) except -1
