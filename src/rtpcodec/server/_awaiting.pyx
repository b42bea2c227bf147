"""Native awaitables of a handler's hot path: the result of a play, and the measured steps of the handler."""
cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from cpython.time cimport perf_counter

from rtpcodec.server._awaiting cimport returned, set_step

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT
    PySendResult PyIter_Send(object coroutine, object value, PyObject** result) except PYGEN_ERROR

cdef object NOTHING_TO_WAIT_FOR = iter(())    # exhausted: each await ends at once, and all share it
next(NOTHING_TO_WAIT_FOR, None)


@cython.auto_pickle(False)
cdef class Awaited:
    """The base of Ongoing: awaited, it waits for the end of a future, or for nothing."""

    cdef readonly object _end

    def __init__(self, end=None):
        self._end = end

    def __await__(self):
        return NOTHING_TO_WAIT_FOR if self._end is None else self._wait()


@cython.final
@cython.auto_pickle(False)
cdef class Timed:
    """Run a coroutine by `await`, and report each of its steps that takes longer than limit_s seconds.

    The await returns the result of the coroutine.

    Args:
        coroutine: the coroutine. A step is the code between two awaits that wait.
        limit_s: the limit in s.
        slow: called with the seconds of a slow step.
    """

    cdef object _coroutine
    cdef object _slow
    cdef double _limit_s

    def __cinit__(self, coroutine, double limit_s, slow):
        self._coroutine = coroutine
        self._limit_s = limit_s
        self._slow = slow

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    cdef PySendResult _send(self, object value, PyObject** result) except PYGEN_ERROR:
        cdef double begun_s = perf_counter()
        try:
            return PyIter_Send(self._coroutine, value, result)
        finally:
            self._measured(begun_s)

    def send(self, value):
        """Run the next step; called by the awaiting task."""
        cdef PyObject* result = NULL
        ended = self._send(value, &result) == PYGEN_RETURN
        found = <object>result
        Py_XDECREF(result)
        if ended:
            raise StopIteration(found)
        return found

    def throw(self, *error):
        """Raise an error inside the coroutine; called by the awaiting task, for example when it is cancelled."""
        cdef double begun_s = perf_counter()
        try:
            return self._coroutine.throw(*error)
        finally:
            self._measured(begun_s)

    def close(self):
        """Close the coroutine."""
        self._coroutine.close()

    cdef int _measured(self, double begun_s) except -1:
        cdef double took_s = perf_counter() - begun_s
        if took_s > self._limit_s:
            self._slow(took_s)
        return 0


cdef PyObject* timed_step(PyObject* timed) except NULL:
    cdef PyObject* result = NULL
    if (<Timed>timed)._send(None, &result) == PYGEN_NEXT:
        return result
    found = <object>result
    Py_XDECREF(result)
    return returned(found)


set_step(Timed, timed_step)
