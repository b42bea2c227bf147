"""What decoders of sample codecs share: gaps are filled from what was decoded before them."""
from cpython.object cimport PyObject

from rtpcodec.audio.concealment cimport Concealer

cdef enum:
    HELD = 4            # payloads of 10 ms or more: longer than the history that a gap needs
    MIN_HELD_MS = 10
    MAX_HELD_MS = 200   # the longest that receivers should take (RFC 3551 4.2); so little memory is kept from its owner

cdef class ConcealingDecoder:
    # The last payloads, by reference: a stream without gaps costs no copy. Oldest at _at.
    cdef PyObject* _held[HELD]
    cdef int _at
    cdef Concealer _concealer    # from the first gap on, or the first audio that cannot be held
    cdef readonly object info
    cdef readonly int sample_rate_hz

    # The audio of what `heard` was given to hold.
    cdef bytes pcm_of(self, bytes held)
    # Take samples just decoded, and cross-fade them in place after a gap. held: an object that they can be had from.
    cdef int heard(self, void* pcm, Py_ssize_t n, object held) except -1
    # The samples of a gap.
    cdef bytes concealed(self, int n)
    cdef int forget(self) except -1

    # In a critical section of self, of take_over: of the other.
    cdef int remember(self) except -1
    cdef int drop_held(self) except -1
    # Become what another is. Only for an object that nothing was decoded with.
    cdef int take_over(self, ConcealingDecoder other) except -1
