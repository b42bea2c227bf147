"""The steps of a pump for other Cython code."""
from rtpcodec.stream._machine cimport MachineFastPath


cdef class TimerState:
    cdef public double _at_ms    # infinite: not armed; minus infinity: released


cdef class BudgetState:
    cdef public double frames
    cdef public double octets


cdef class AudioSink:
    cdef public object take_audio


cdef class DriverFastPath:
    cdef public object machine
    cdef public object _send           # gets each text
    cdef public object _sink
    cdef public object _after_run      # called after each run; None: not called
    cdef public TimerState _timer
    cdef MachineFastPath _fast_machine             # the machine, if its hot methods are native; else None
    cdef object _time                  # the event loop's clock; None: that of the system
    cdef int _state
    cdef double now(self) except? -1.0
    cdef int drive(self, double now_ms) except -1
    cdef int deliver(self, object events) except -1
    cdef bint has_control(self) except -1
    cdef bint changed_since(self, double now_ms) except -1


cdef class PumpFastPath(DriverFastPath):
    cdef public BudgetState _budget
    cdef public object _socket
    cdef public object _watch          # TurnWatch; None: turns are not measured
    cdef public bint _lost
    cdef int run_watched(self) except -1
    cdef int audio_added(self) except -1
