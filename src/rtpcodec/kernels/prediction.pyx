"""The gain of linear prediction of int16 PCM from the four samples before each sample.

Speech, tones and music are predictable; octets that are decoded with a wrong codec are unpredictable noise.
The predictor is that of the autocorrelation method (Levinson-Durbin recursion), so the gain is at least 1.
"""
from libc.math cimport log10
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_pcm

cdef enum:
    MAX_SAMPLES = 4096    # per call: half a second at 8 kHz, 8 kB of stack

cdef double LEAST_SHARE = 1e-9    # of the energy; a lower residual is only rounding error


cdef void autocorrelation_block(const int16_t* samples, Py_ssize_t n, double* lags) noexcept nogil:
    cdef Py_ssize_t i
    cdef int lag
    cdef int64_t product
    cdef int64_t total = 0
    cdef double mean
    for i in range(n):
        total += samples[i]
    mean = <double>total / n if n else 0.0
    for lag in range(LAGS):
        product = 0
        lags[lag] = 0
        if lag >= n:
            continue
        for i in range(lag, n):
            product += <int32_t>samples[i] * <int32_t>samples[i - lag]
        # Subtract the mean: of the n - lag products, and of the samples at both ends that are in only one factor.
        lags[lag] = product - (n - lag) * mean * mean
        for i in range(lag):
            lags[lag] += mean * (samples[i] + samples[n - 1 - i] - 2 * mean)


cdef double gain_of_lags(const double* lags, int step) noexcept nogil:
    cdef int order = 4 // step
    cdef int i, j
    cdef double reflection
    cdef double coefficients[LAGS]
    cdef double before[LAGS]
    cdef double error = lags[0]
    if not error > 0:
        return 1.0
    for i in range(1, order + 1):
        reflection = lags[i * step]
        for j in range(1, i):
            reflection -= coefficients[j] * lags[(i - j) * step]
        reflection /= error
        for j in range(1, i):
            before[j] = coefficients[j]
        for j in range(1, i):
            coefficients[j] = before[j] - reflection * before[i - j]
        coefficients[i] = reflection
        error *= 1.0 - reflection * reflection
        if error < lags[0] * LEAST_SHARE:
            return 1.0 / LEAST_SHARE
    return lags[0] / error


def prediction_gain_db(pcm, step=1, /):
    """Return the prediction gain of native int16 PCM in dB; 0 for silence.

    Args:
        pcm: at most 4096 samples.
        step: 1 predicts from the four previous samples, 2 from the second and the fourth previous one.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets, too many samples, another step.

    >>> from array import array
    >>> round(prediction_gain_db(array("h", [1000, -1000] * 80)))
    19
    """
    cdef Py_buffer view
    cdef double lags[LAGS]
    cdef int16_t samples[MAX_SAMPLES]
    cdef Py_ssize_t n
    if step not in (1, 2):
        raise ValueError(f"step is {step!r}, 1 or 2 is needed")
    take_pcm(pcm, &view)
    n = view.len >> 1
    if n > MAX_SAMPLES:
        PyBuffer_Release(&view)
        raise ValueError(f"pcm has {n} samples, at most {MAX_SAMPLES} are allowed")
    memcpy(samples, <const uint8_t*>view.buf, 2 * n)
    PyBuffer_Release(&view)
    autocorrelation_block(samples, n, lags)
    return 10 * log10(gain_of_lags(lags, step))
