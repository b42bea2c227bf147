"""The base class of decoders of sample codecs: it fills gaps from the audio before them.

Most streams have no gap, so before the first one only references to payloads are held. The first gap decodes these
again into a Concealer, which then gets a copy of all decoded audio.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF, Py_XDECREF, Py_XINCREF
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.kernels.concealment cimport concealment_fill, concealment_take


@cython.auto_pickle(False)
cdef class ConcealingDecoder:
    """Base of the decoders. A subclass overrides pcm_of to decode the objects that it passed to heard."""

    def __dealloc__(self):
        cdef int i
        for i in range(HELD):
            Py_XDECREF(self._held[i])

    cdef bytes pcm_of(self, bytes held):
        return held

    cdef int heard(self, void* pcm, Py_ssize_t n, object held) except -1:
        cdef PyObject* oldest
        if n == 0:
            return 0
        with cython.critical_section(self):
            if (
                self._concealer is None and PyBytes_CheckExact(held)
                and MIN_HELD_MS * <int64_t>self.sample_rate_hz <= 1000 * n <= MAX_HELD_MS * <int64_t>self.sample_rate_hz
            ):
                oldest = self._held[self._at]
                Py_INCREF(held)
                self._held[self._at] = <PyObject*>held
                self._at = (self._at + 1) & (HELD - 1)
                Py_XDECREF(oldest)
                return 0
            self.start_history()
            concealment_take(&self._concealer._state, <uint8_t*>pcm, n)
        return 0

    cdef bytes concealed(self, int n):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * n)
        with cython.critical_section(self):
            self.start_history()
            concealment_fill(&self._concealer._state, <uint8_t*>PyBytes_AS_STRING(out), n)
        return out

    cdef int clear(self) except -1:
        with cython.critical_section(self):
            self.drop_held()
            self._concealer = None
        return 0

    cdef int start_history(self) except -1:
        """Replace the references by a history of samples, which can be cross-faded and cut anywhere."""
        cdef Concealer concealer
        cdef int i
        cdef PyObject* held
        if self._concealer is not None:
            return 0
        concealer = Concealer(self.sample_rate_hz)
        for i in range(HELD):
            held = self._held[(self._at + i) & (HELD - 1)]
            if held != NULL:
                concealer.take(self.pcm_of(<bytes>held))
        self.drop_held()
        self._concealer = concealer
        return 0

    cdef int drop_held(self) except -1:
        cdef int i
        cdef PyObject* held
        for i in range(HELD):
            held = self._held[i]
            self._held[i] = NULL
            Py_XDECREF(held)
        return 0

    cdef int take_over(self, ConcealingDecoder other) except -1:
        cdef int i
        if other._concealer is not None:
            self._concealer = other._concealer.copy()
            return 0
        for i in range(HELD):
            Py_XINCREF(other._held[i])
            self._held[i] = other._held[i]
        self._at = other._at
        return 0
