"""The fast path of a call's machine for other Cython code."""
from rtpcodec.stream._session cimport SessionFastPath


cdef class PlaysState:
    cdef public object _implicit    # FileQueue; None: audio outside any reply belongs to a reply
    cdef public dict _queues        # by reply with waiting audio
    cdef public object refusal
    cdef public bint _may_wait
    cdef bint play_at_once(self)


cdef class MachineFastPath:
    cdef public SessionFastPath session
    cdef public PlaysState plays
    cdef public object hangup
    cdef public object ping
    cdef public object _speech
    cdef public double _last_frame_ms
    cdef public double _watch_ms
    cdef public double _cut_ms
    cdef public double _event_ms
    cdef public bint cut
    cdef public bint paused
    # The methods that are named behind them, without a call through Python.
    cdef bint may_ping(self)
    cdef int take_text(self, object text, double now_ms) except -1  # receive
    cdef list take_events(self, double now_ms)                      # events
    cdef list take_texts(self, double now_ms)                       # outgoing
    cdef double due_ms(self) except? -1.0                           # next_deadline_ms; infinite: None
