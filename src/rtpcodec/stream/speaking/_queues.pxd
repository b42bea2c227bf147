"""The audio of replies that waits and that was sent, for other Cython code."""
from libc.stdint cimport int64_t


cdef class SendQueue:
    cdef object _kind           # of the first piece; None: the queue is empty
    cdef object _octets         # of the first piece: bytes or bytearray
    cdef object _extra
    cdef object _others         # deque of the pieces behind it
    cdef Py_ssize_t _offset     # octets of the first piece that are gone
    cdef int append(self, object kind, object octets, object extra) except -1
    cdef bytes taken(self, Py_ssize_t octets)
    cdef Py_ssize_t first_left(self) noexcept
    cdef bint _collected(self, object kind, object octets, object extra) except -1

cdef struct Sent:
    int64_t position
    int64_t content     # position in its reply
    int64_t samples

cdef class SentRing:
    cdef public object _max_samples
    cdef Sent* _entries
    cdef Py_ssize_t _first      # place of the oldest
    cdef Py_ssize_t _count
    cdef Py_ssize_t _room       # a power of two
    cdef list _replies          # by place
    cdef list _audio            # by place: PCM as bytes, or a list of pieces
    cdef int keep(self, int64_t position, int64_t samples, int64_t content, object reply, object audio) except -1
    cdef int _grow(self) except -1
    cdef int _drop_first(self) except -1
    cdef int64_t first_end(self)
