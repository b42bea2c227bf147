"""The hand-over of audio to the readers of one call: see hub."""
cimport cython

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream._event_queue cimport EventQueue


@cython.auto_pickle(False)
cdef class HubState:
    """The base of ReaderHub: its inboxes, and what it keeps for readers that do not exist yet."""

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
        # A reader that is added or removed meanwhile: its part of what was kept is settled by then.
        for inbox in self._inboxes:
            inbox.put_audio(audio)
