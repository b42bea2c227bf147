"""Texts of `media` messages for other Cython code."""
cimport cython
from libc.stdint cimport uint8_t

ctypedef void (*sample_encoder)(const uint8_t*, uint8_t*, Py_ssize_t) noexcept nogil


@cython.final
cdef class MediaText:
    cdef readonly str head
    cdef readonly str tail
    cdef readonly str coding
    cdef sample_encoder _encode          # NULL: no coding, or samples in the payload's byte order
    cdef Py_ssize_t _octets_per_sample   # in a payload; 0: no coding

    # Build the text of a payload of n octets.
    cdef str of_octets(self, const uint8_t* octets, Py_ssize_t n)

    # Build the text of n native int16 samples. ValueError: there is no coding.
    cdef str of_samples(self, const uint8_t* pcm, Py_ssize_t n)

    cdef str room_for(self, Py_ssize_t octets, uint8_t** characters)
