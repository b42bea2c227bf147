"""Resampling of one stream of PCM, in pieces of any size."""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_pcm, take_room
from rtpcodec.kernels.resample cimport (
    ResampleStream, resample_bank, resample_block, resample_count, resample_flush, resample_start,
)

cdef enum:
    LONG_SAMPLES = 8000    # this many or more, 8 to 50 us of work, are resampled without the GIL


cdef Py_ssize_t run(ResampleStream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept:
    """Resample n samples, a long piece without the GIL. Return the number written."""
    cdef Py_ssize_t written
    if n < LONG_SAMPLES:
        return resample_block(stream, pcm, out, n)
    with nogil:
        written = resample_block(stream, pcm, out, n)
    return written


@cython.final
@cython.auto_pickle(False)
cdef class Resampler:
    """Converts native int16 mono PCM to another sample rate, piece by piece; the cuts do not change the result.

    After n input samples there are exactly floor(n * to_hz / from_hz) output samples. The delay is delay_samples, less
    than 2 ms, at every frequency; the stream begins with that much silence. docs/resampling.md, Quality, lists all
    pairs. Use one resampler per direction of a call, from one thread at a time.

    Args:
        from_hz: rate of the input: 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 or 48000.
        to_hz: rate of the output, one of the same; it may equal from_hz.

    Raises:
        ValueError: another rate.

    >>> resampler = Resampler(8000, 16000)
    >>> len(resampler.resample(bytes(320)))
    640
    >>> resampler.delay_samples, resampler.delay_ms
    (31, 1.9375)
    >>> len(resampler.flush())
    62
    """
    def __cinit__(self, from_hz, to_hz):
        self._bank = resample_bank(from_hz, to_hz)
        resample_start(&self._stream, self._bank)
        self.from_hz = from_hz
        self.to_hz = to_hz

    def resample(self, pcm, /):
        """Resample the next piece of the stream; return native int16 PCM.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: an odd number of octets.
        """
        cdef Py_buffer view
        take_pcm(pcm, &view)
        try:
            return self.of_samples(<const uint8_t*>view.buf, view.len // 2)
        finally:
            PyBuffer_Release(&view)

    cdef bytes of_samples(self, const uint8_t* pcm, Py_ssize_t n):
        cdef ResampleStream stream
        cdef bytes out
        with cython.critical_section(self):
            stream = self._stream
        out = PyBytes_FromStringAndSize(NULL, 2 * resample_count(&stream, n))
        run(&stream, pcm, <uint8_t*>PyBytes_AS_STRING(out), n)
        with cython.critical_section(self):
            self._stream = stream
        return out

    def resample_into(self, pcm, out, /):
        """Resample into the start of a writable buffer. Return the number of samples.

        Raises:
            TypeError: as for `resample`.
            ValueError: as for `resample`; the buffer is smaller than output_samples requires, or overlaps the PCM. The
                state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        cdef ResampleStream stream
        cdef Py_ssize_t written
        take_pcm(pcm, &view)
        try:
            with cython.critical_section(self):
                stream = self._stream
            take_room(out, &room, &view, 2 * resample_count(&stream, view.len // 2), samples=True)
            written = run(&stream, <const uint8_t*>view.buf, <uint8_t*>room.buf, view.len // 2)
            with cython.critical_section(self):
                self._stream = stream
            PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return written

    def flush(self):
        """Return the last delay_samples samples of the stream as PCM. The next piece begins a new stream."""
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * self._bank.delay_samples)
        with cython.critical_section(self):
            resample_flush(&self._stream, <uint8_t*>PyBytes_AS_STRING(out))
        return out

    def reset(self):
        """Drop the stream and its delayed samples; the next piece begins a new one."""
        with cython.critical_section(self):
            resample_start(&self._stream, self._bank)

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef Resampler clone = Resampler.__new__(Resampler, self.from_hz, self.to_hz)
        with cython.critical_section(self):
            clone._stream = self._stream
        return clone

    def output_samples(self, input_samples, /):
        """Return the number of output samples if the next piece has input_samples. ValueError: a negative number."""
        # The formula of resample_count in Python's integers, which cannot overflow.
        cdef int up = self._bank.up
        cdef int down = self._bank.down
        cdef int ahead
        if input_samples < 0:
            raise ValueError(f"input_samples is {input_samples}, it must be 0 or more")
        with cython.critical_section(self):
            ahead = self._stream.ahead
        return (input_samples * <object>up + (down - 1 - ahead)) // <object>down

    @property
    def delay_samples(self):
        """The delay in output samples."""
        return self._bank.delay_samples

    @property
    def delay_ms(self):
        """The delay in milliseconds, below 2."""
        return self._bank.delay_samples * 1000 / <double>self.to_hz

    def __repr__(self):
        return f"Resampler(from_hz={self.from_hz}, to_hz={self.to_hz})"
