"""The fields of FrameTurns that each frame meets, for other Cython code."""


cdef class TurnState:
    cdef public object received     # gets each text
    cdef public bint joining        # a message in fragments has begun and not ended
    cdef public bint idle
    cdef public object _held        # of those that wait for a turn; None: stopped
    cdef public Py_ssize_t _count
    cdef public Py_ssize_t _most     # frames of one turn
    cdef public bint _handling
    cdef bint may_take(self, frame) except -1
