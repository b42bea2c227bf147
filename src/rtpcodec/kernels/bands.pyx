"""The energy of int16 PCM in a frequency band, by a filter that the caller designs."""
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, load_i16, take_pcm


cdef double band_block(const uint8_t* pcm, Py_ssize_t n, const uint8_t* taps, int count, int step) noexcept nogil:
    """Return the mean square of the filter's output at every `step`-th sample; 0 if the filter is too long."""
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t outputs = 0
    cdef int k
    cdef int64_t total
    cdef double squares = 0
    cdef double output
    while at + count <= n:
        total = 0
        for k in range(count):
            total += <int64_t>load_i16(pcm, at + k) * load_i16(taps, k)
        output = total / 32768.0
        squares += output * output
        outputs += 1
        at += step
    return squares / outputs if outputs else 0.0


def band_energy(pcm, taps, step, /):
    """Return the mean square of native int16 PCM after a FIR filter.

    Args:
        pcm: native int16 samples.
        taps: coefficients of the filter as native int16; 32768 is 1.
        step: the distance of the computed outputs in samples.

    Returns:
        The mean square, 0.0 if the filter is longer than the PCM.

    Raises:
        TypeError: not buffers of 16-bit samples or octets.
        ValueError: an odd number of octets, or step is below 1.

    >>> from array import array
    >>> band_energy(array("h", [100, 200, 300]), array("h", [-32768]), 2)
    50000.0
    """
    cdef Py_buffer view
    cdef Py_buffer filter_view
    cdef int step_samples = step
    cdef double found
    if step_samples < 1:
        raise ValueError(f"step is {step_samples}, at least 1 is needed")
    take_pcm(pcm, &view)
    try:
        take_pcm(taps, &filter_view, "taps")
    except BaseException:
        PyBuffer_Release(&view)
        raise
    found = band_block(
        <const uint8_t*>view.buf, view.len >> 1, <const uint8_t*>filter_view.buf, filter_view.len >> 1, step_samples
    )
    PyBuffer_Release(&filter_view)
    PyBuffer_Release(&view)
    return found
