"""Native: the next item of a reader, awaited without a coroutine."""
cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from rtpcodec.server._awaiting cimport returned, set_step
from rtpcodec.server.readers._inbox cimport WAITING, InboxState, Waker
from rtpcodec.stream._audio cimport Audio

from rtpcodec.stream.events import Overrun


@cython.auto_pickle(False)
cdef class Reading:
    """The base of Reader: its inbox, and the await of the next item.

    Args:
        inbox: the queue of the items.
        audio_only: report dropped audio with the next chunk, not as an Overrun.
    """

    cdef readonly InboxState _inbox
    cdef double _dropped_ms       # which the next chunk reports
    cdef bint _audio_only

    def _read_from(self, InboxState inbox not None, *, bint audio_only=False):
        self._inbox = inbox
        self._audio_only = audio_only

    def __anext__(self):
        if self._inbox is None:
            raise TypeError("create a reader with a method of its call")
        cdef NextItem item = NextItem.__new__(NextItem)
        item._reading = self
        item._inbox = self._inbox
        return item

    cdef object take(self):
        """Remove and return the next item; None: none waits."""
        cdef double dropped_ms
        cdef Audio audio = self._inbox.queue.taken_audio()
        if audio is not None and self._dropped_ms == 0.0:
            return audio
        event = self._inbox.pop() if audio is None else audio
        while self._audio_only and event is not None:
            if type(event) is Audio:
                dropped_ms, self._dropped_ms = self._dropped_ms, 0.0
                return event if dropped_ms == 0.0 else event.handed_over(dropped_before_ms=dropped_ms)
            if isinstance(event, Overrun):
                self._dropped_ms += event.dropped_ms
            event = self._inbox.pop()
        return event


@cython.final
@cython.freelist(64)
@cython.auto_pickle(False)
@cython.no_gc_clear
cdef class NextItem:
    """The next item of a reader, taken when it is awaited."""

    cdef Reading _reading
    cdef InboxState _inbox  # kept, because a reader in a reference cycle may be cleared before the item
    cdef Waker _waker      # of the wait; None: it does not wait

    def __dealloc__(self):
        if self._waker is not None:
            self._inbox.end_of(self._waker)

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    cdef object _step(self):
        """Take the item; None: the task must wait for the waker."""
        cdef InboxState inbox = self._inbox
        if inbox is None:
            raise TypeError("an item is created by its reader")
        if self._waker is not None:
            if self._waker.state == WAITING:
                raise RuntimeError("await wasn't used with future")
            self.close()
        item = self._reading.take()
        if item is None:
            if inbox.ended:
                raise StopAsyncIteration
            self._waker = inbox.begin()
            self._waker.blocking = True
        return item

    def send(self, _value, /):
        """Take the item or wait; called by the awaiting task."""
        item = self._step()
        if item is not None:
            raise StopIteration(item)
        return self._waker

    def throw(self, kind, value=None, traceback=None, /):
        """End the wait with an error; called by the awaiting task, for example when it is cancelled."""
        self.close()
        if value is not None:
            kind = value if isinstance(value, BaseException) else kind(value)
        raise kind

    cpdef close(self):
        """End the wait."""
        if self._waker is not None:
            self._inbox.end_of(self._waker)
            self._waker = None


cdef PyObject* next_step(PyObject* item) except NULL:
    found = (<NextItem>item)._step()
    if found is not None:
        return returned(found)
    waker = (<NextItem>item)._waker
    Py_INCREF(waker)
    return <PyObject*>waker


set_step(NextItem, next_step)
