"""The fields of FrameTurns that each frame meets, for other Cython code."""


cdef class TurnState:
    cdef public bint idle
    cdef public object _held       # of those that wait for a turn; None: stopped
    cdef public Py_ssize_t _count
    cdef public bint _handling
