"""The queue of events for other Cython code."""
from rtpcodec.stream._audio cimport Audio


cdef class EventQueue:
    cdef object __weakref__
    cdef readonly object account
    cdef readonly double dropped_ms
    cdef readonly Py_ssize_t dropped_events
    cdef readonly Py_ssize_t octets
    cdef Audio _only             # a single waiting chunk; None: events wait in the deques
    cdef object _audio           # deque of entries: place, event, octets; None: empty
    cdef object _others          # the same
    cdef object _overrun
    cdef object _share           # None: FREE_OCTETS were always enough
    cdef double _max_audio_ms
    cdef double _audio_ms        # duration of the audio in the deque
    cdef Py_ssize_t _place
    cdef Py_ssize_t _overrun_place
    cdef int put_audio(self, Audio audio) except -1
    cdef list taken(self)
    cdef object popped(self)                   # pop
    cdef Audio taken_audio(self)
    cdef bint _is_empty(self) noexcept
    cdef int _put_other(self, object event) except -1
    cdef int _spill(self, Py_ssize_t place) except -1
    cdef int _count_held(self, Py_ssize_t octets) except -1
    cdef int _make_room(self) except -1
    cdef Py_ssize_t _entries(self) except -1
    cdef bint _is_before(self, Py_ssize_t place) except -1
    cdef bint _audio_is_oldest(self) except -1
    cdef tuple _oldest_entry(self)
    cdef tuple _audio_entry(self)
    cdef tuple _other_entry(self)
    cdef int _drop_oldest(self) except -1
    cdef int _drop_audio(self) except -1
    cdef int _drop_other(self) except -1
    cdef object _count_drop(self, Py_ssize_t place, Py_ssize_t octets)
