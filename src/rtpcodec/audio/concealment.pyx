"""Concealment of gaps in one stream of PCM, from the audio before them."""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.number cimport PyIndex_Check, PyNumber_Index
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_pcm
from rtpcodec.kernels.concealment cimport (
    MAX_RATE_HZ, MIN_RATE_HZ, concealment_fill, concealment_start, concealment_take,
)


cdef int checked_gap(object samples, int sample_rate_hz) except -1:
    # This bounds the memory of one call; the audio is silent after 70 ms anyway.
    cdef int most = sample_rate_hz * (MAX_GAP_MS // 1000)
    # `in range` would compare every number of the range with a value that is not an int: 26 ms per refused call.
    cdef object count = PyNumber_Index(samples) if PyIndex_Check(samples) else -1
    if not 0 <= count <= most:
        raise ValueError(f"samples is {samples!r}, 0 to {most} (a minute) are allowed")
    return count


@cython.final
@cython.auto_pickle(False)
cdef class Concealer:
    """Fills gaps in one direction's PCM: the last pitch period repeats and fades to silence within 70 ms.

    Pass received audio, in order, to `take`, and call `conceal` for lost audio. Only the first 2.5 ms after a gap
    differ from the received audio: they are cross-faded. There is no delay. Pieces may have any size. Use from one
    thread at a time.

    Args:
        sample_rate_hz: 8000 to 48000.

    Raises:
        ValueError: another sample rate.

    >>> concealer = Concealer(8000)
    >>> heard = concealer.take(bytes(320)) + concealer.conceal(160) + concealer.take(bytes(320))
    >>> len(heard)
    960
    """
    # Methods use the state in a critical section: two threads mix up the audio, and do no other damage.

    def __cinit__(self, sample_rate_hz):
        if sample_rate_hz not in range(MIN_RATE_HZ, MAX_RATE_HZ + 1):
            raise ValueError(f"sample_rate_hz is {sample_rate_hz!r}, {MIN_RATE_HZ} to {MAX_RATE_HZ} are allowed")
        self.sample_rate_hz = sample_rate_hz
        concealment_start(&self._state, sample_rate_hz)

    def take(self, pcm, /):
        """Add received PCM, and return it for output: unchanged, except for a cross-fade right after a gap.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: an odd number of octets.
        """
        cdef Py_buffer view
        cdef bytes out
        take_pcm(pcm, &view)
        try:
            with cython.critical_section(self):
                if self._state.period == 0 and PyBytes_CheckExact(pcm):
                    out = pcm    # only read: in the critical section no other thread can open a gap
                else:
                    out = PyBytes_FromStringAndSize(NULL, view.len)
                    memcpy(PyBytes_AS_STRING(out), view.buf, view.len)
                concealment_take(&self._state, <uint8_t*>PyBytes_AS_STRING(out), view.len // 2)
        finally:
            PyBuffer_Release(&view)
        return out

    def conceal(self, samples, /):
        """Return PCM in place of lost samples, 0 to one minute's. ValueError: another number."""
        cdef int n = checked_gap(samples, self.sample_rate_hz)
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * n)
        with cython.critical_section(self):
            concealment_fill(&self._state, <uint8_t*>PyBytes_AS_STRING(out), n)
        return out

    def reset(self):
        """Start a new stream at the same rate."""
        with cython.critical_section(self):
            concealment_start(&self._state, self.sample_rate_hz)

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef Concealer clone = Concealer.__new__(Concealer, self.sample_rate_hz)
        with cython.critical_section(self):
            clone._state = self._state
        return clone

    def __repr__(self):
        return f"<Concealer {self.sample_rate_hz} Hz>"
