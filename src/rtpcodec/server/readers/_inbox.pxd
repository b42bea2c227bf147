"""The inbox of a reader for other Cython code."""
from rtpcodec.stream._event_queue cimport EventQueue


cdef enum WakerState:
    WAITING
    WOKEN        # the task is to be continued, or about to be
    CANCELLED


cdef class Waker:
    cdef object _loop
    cdef object _callback        # continues the task; None: it has not asked yet, or is to be continued
    cdef object _context
    cdef object _cancel_message
    cdef WakerState state
    cdef bint blocking
    cdef int wake(self, bint at_once) except -1


cdef class InboxState:
    cdef readonly EventQueue queue
    cdef readonly bint ended
    cdef object _loop
    cdef Waker _waker            # of the task that waits
    cdef bint _audio_only
    cdef str _track              # None: all
    cdef int _wake(self, bint at_once) except -1
    cdef Waker begin(self)
    cdef int end_of(self, Waker waker) except -1
