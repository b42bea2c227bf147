"""The queue of waiting audio, for other Cython code."""


cdef class SendQueue:
    cdef object _kind           # of the first piece; None: the queue is empty
    cdef object _octets         # of the first piece: bytes or bytearray
    cdef object _extra
    cdef object _others         # deque of the pieces behind it
    cdef Py_ssize_t _offset     # octets of the first piece that were taken
    cdef int append(self, object kind, object octets, object extra) except -1
    cdef bytes taken(self, Py_ssize_t octets)
    cdef Py_ssize_t first_left(self) noexcept
    cdef bint _collected(self, object kind, object octets, object extra) except -1
