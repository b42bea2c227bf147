"""Gaps in one stream of PCM, filled from what was heard before them."""
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
    # A bound on what one call allocates; the audio is silence after 70 ms anyway.
    cdef int most = sample_rate_hz * (MAX_GAP_MS // 1000)
    # `in range` would compare every number of the range with a value that is not an int: 26 ms per refused call.
    cdef object count = PyNumber_Index(samples) if PyIndex_Check(samples) else -1
    if not 0 <= count <= most:
        raise ValueError(f"samples is {samples!r}, 0 to {most} (a minute) are allowed")
    return count


@cython.final
@cython.auto_pickle(False)
cdef class Concealer:
    """Fills gaps in one direction's PCM: the last pitch period goes on and fades, silence comes after 70 ms.

    Feed what is received, in order, to `take`, and ask `conceal` for what is lost. Only the first 2.5 ms after a gap
    differ from what was received: a cross-fade. Nothing is delayed. Pieces may have any size. sample_rate_hz is 8000 to
    48000; ValueError otherwise. Use from one thread at a time.

    >>> concealer = Concealer(8000)
    >>> heard = concealer.take(bytes(320)) + concealer.conceal(160) + concealer.take(bytes(320))
    >>> len(heard)
    960
    """
    # Methods enter the state in a critical section: two threads garble the audio and no more.

    def __cinit__(self, sample_rate_hz):
        if sample_rate_hz not in range(MIN_RATE_HZ, MAX_RATE_HZ + 1):
            raise ValueError(f"sample_rate_hz is {sample_rate_hz!r}, {MIN_RATE_HZ} to {MAX_RATE_HZ} are allowed")
        self.sample_rate_hz = sample_rate_hz
        concealment_start(&self._state, sample_rate_hz)

    def take(self, pcm, /):
        """The received samples as they are to be heard: unchanged, but for those right after a gap.

        TypeError: not a buffer of 16-bit samples or octets. ValueError: an odd number of octets.
        """
        cdef Py_buffer view
        cdef bytes out
        take_pcm(pcm, &view)
        try:
            with cython.critical_section(self):
                if self._state.period == 0 and PyBytes_CheckExact(pcm):
                    out = pcm    # only read, as long as no other thread opens a gap
                else:
                    out = PyBytes_FromStringAndSize(NULL, view.len)
                    memcpy(PyBytes_AS_STRING(out), view.buf, view.len)
                concealment_take(&self._state, <uint8_t*>PyBytes_AS_STRING(out), view.len // 2)
        finally:
            PyBuffer_Release(&view)
        return out

    def conceal(self, samples, /):
        """So many samples in place of those that never came. ValueError: not 0 to a minute's samples."""
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
        """A twin at the same place of the stream, which goes on independently."""
        cdef Concealer twin = Concealer.__new__(Concealer, self.sample_rate_hz)
        with cython.critical_section(self):
            twin._state = self._state
        return twin

    def __repr__(self):
        return f"<Concealer {self.sample_rate_hz} Hz>"
