"""Native: delivers audio to the readers of one call. See hub."""
cimport cython

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream._event_queue cimport EventQueue


@cython.auto_pickle(False)
cdef class HubState:
    """The base of ReaderHub: its inboxes, and the events that it keeps for future readers."""

    cdef public tuple _inboxes
    cdef public EventQueue _opening       # None: nothing is kept
    cdef public double _opening_until_s
    cdef public object _loop

    def __cinit__(self, *_args, **_options):
        self._inboxes = ()

    def _put_audio(self, Audio audio not None, /):
        if self._opening is not None:
            if <double>self._loop.time() <= self._opening_until_s:
                self._opening.put_audio(audio)
            else:
                self._end_opening()
        # If a reader is added or removed meanwhile, `_opening` was already handled for it.
        for inbox in self._inboxes:
            inbox.put_audio(audio)
