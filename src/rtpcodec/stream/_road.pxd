"""The hot methods of a session for other Cython code."""
from rtpcodec.stream._event_queue cimport EventQueue
from rtpcodec.stream._hearing cimport Hearing
from rtpcodec.stream._hearing_states cimport ConnectionState, CountState, IncomingState
from rtpcodec.stream.diagnosis._looking cimport SinkList
from rtpcodec.stream.speaking._send_path cimport SendPath


cdef class SessionRoad:
    cdef public EventQueue _events
    cdef public ConnectionState _connection
    cdef public CountState _counts
    cdef public IncomingState _incoming
    cdef public Hearing _hearing       # None: the Python path meets each message
    cdef public object _sending        # SendChain
    cdef public object _speech         # SpeechChain; None in mode mp3
    cdef public SendPath _send_path         # of the same chain; None: each text takes the way of Python
    cdef public object _inputs         # Inputs; None: nothing captures
    cdef public SinkList _sinks        # Sinks; None: nobody listens before the reader
    cdef public bint sending_has_events  # `outgoing` has caused events, and `events` was not called since
    # What the methods of the same purpose do, without a call through Python.
    cdef int take_text(self, object text, double now_ms) except -1            # receive
    cdef list take_events(self, double now_ms)                                # events
    cdef list _seen(self, list taken, double now_ms)                          # _passed
    cdef int take_pcm(self, object pcm, object pcm_hz, object note) except -1  # play
    cdef list take_texts(self, double now_ms, bint whole)  # outgoing, outgoing_part
    cdef double due_ms(self) except? -1.0                                     # next_deadline_ms; infinite: None
