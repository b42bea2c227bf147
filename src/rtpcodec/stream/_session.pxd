"""The fast path of a session for other Cython code."""
from rtpcodec.stream._event_queue cimport EventQueue
from rtpcodec.stream._receive_path cimport ReceivePath
from rtpcodec.stream._receive_states cimport ConnectionState, CountState, IncomingState
from rtpcodec.stream.diagnosis._watch_states cimport SinkList
from rtpcodec.stream.speaking._send_path cimport SendPath


cdef class SessionFastPath:
    cdef public EventQueue _events
    cdef public ConnectionState _connection
    cdef public CountState _counts
    cdef public IncomingState _incoming
    cdef public ReceivePath _receive_path       # None: all messages take the Python path
    cdef public object _sending        # SendChain
    cdef public object _speech         # SpeechChain; None in mode mp3
    cdef public SendPath _send_path         # of the same chain; None: all texts take the Python path
    cdef public object _inputs         # InputReporter; None: nothing captures
    cdef public SinkList _sinks        # Sinks; None: no sink
    cdef public bint sending_has_events  # `outgoing` has caused events, and `events` was not called since
    # The methods that are named behind them, without a call through Python.
    cdef int take_text(self, object text, double now_ms) except -1            # receive
    cdef list take_events(self, double now_ms)                                # events
    cdef list _seen(self, list taken, double now_ms)                          # _passed
    cdef int take_pcm(self, object pcm, object pcm_hz, object note) except -1  # play
    cdef list take_texts(self, double now_ms, bint whole)  # outgoing, outgoing_part
    cdef double due_ms(self) except? -1.0                                     # next_deadline_ms; infinite: None
