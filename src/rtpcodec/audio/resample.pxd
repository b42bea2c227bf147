"""The resampler for other Cython code."""
from libc.stdint cimport uint8_t

from rtpcodec.kernels.resample cimport ResampleBank, ResampleStream

cdef class Resampler:
    # Methods work on a copy: two threads that use one resampler mix up the audio, but never write beyond a buffer.
    cdef ResampleStream _stream
    cdef const ResampleBank* _bank    # the stream's coefficients, never replaced
    cdef readonly int from_hz
    cdef readonly int to_hz

    # Resample the next n samples.
    cdef bytes of_samples(self, const uint8_t* pcm, Py_ssize_t n)
