"""The queue of events for other Cython code."""
from rtpcodec.stream._audio cimport Audio


cdef class EventQueue:
    cdef object __weakref__
    cdef readonly object account
    cdef readonly double dropped_ms
    cdef readonly Py_ssize_t dropped_events
    cdef readonly Py_ssize_t octets
    cdef object _audio           # deque of entries: place, event, octets
    cdef object _others
    cdef object _overrun
    cdef object _share
    cdef double _max_audio_ms
    cdef double _audio_ms
    cdef Py_ssize_t _place
    cdef Py_ssize_t _overrun_place
    cdef int put_audio(self, Audio audio) except -1
    cdef list taken(self)
    cdef int _put_other(self, object event) except -1
    cdef int _make_room(self) except -1
    cdef bint _is_before(self, Py_ssize_t place) except -1
    cdef int _drop_oldest(self) except -1
    cdef int _drop_audio(self) except -1
    cdef int _drop_other(self) except -1
    cdef object _count_drop(self, Py_ssize_t place, Py_ssize_t octets)
