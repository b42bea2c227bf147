"""Sums of sines as int16 PCM, with exact phases.

Frequencies and rate are whole numbers of Hz, so the phase of sample k is the integer (frequency_hz * k) mod rate_hz, in
units of 1 / rate_hz turn. It does not drift, and pieces of any size give the same samples.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.number cimport PyNumber_Index
from libc.math cimport M_PI, rint, sin
from libc.stdint cimport int16_t, uint8_t

from rtpcodec.kernels._buffers cimport store_i16

cdef enum:
    MIN_RATE_HZ = 8000
    MAX_RATE_HZ = 192000
    GIL_FREE_TONES = 2048    # some 50 us of sines
    MAX_SAMPLES = 1 << 28    # per call, half a GB


cdef void tones_block(Tone* tones, int count, int rate_hz, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Generate the next n samples of a sum of sines, rounded and saturated, and advance the phases."""
    cdef Py_ssize_t i
    cdef int k
    cdef double total
    for i in range(n):
        total = 0
        for k in range(count):
            total += tones[k].amplitude * sin(2 * M_PI * tones[k].place / rate_hz)
            tones[k].place += tones[k].frequency_hz
            if tones[k].place >= rate_hz:
                tones[k].place -= rate_hz
        store_i16(out, i, <int16_t>rint(min(max(total, -32768.0), 32767.0)))


cdef int take_tones(Tone* taken, object tones, object position, int rate_hz) except -1:
    """Check the tones, and set their phases. Return the number of tones."""
    cdef int count = 0
    cdef tuple pairs = tuple(tones)
    if not 1 <= len(pairs) <= MAX_TONES:
        raise ValueError(f"tones has {len(pairs)} items, 1 to {MAX_TONES} are needed")
    for frequency_hz, amplitude in pairs:
        frequency_hz = PyNumber_Index(frequency_hz)
        if not 1 <= frequency_hz <= rate_hz // 2:
            raise ValueError(f"frequency_hz is {frequency_hz!r}, 1 to {rate_hz // 2} are allowed at {rate_hz} Hz")
        if not 0 <= amplitude <= 32768:
            raise ValueError(f"amplitude is {amplitude!r}, 0 to 32768 are allowed")
        taken[count].frequency_hz = frequency_hz
        taken[count].place = frequency_hz * position % rate_hz
        taken[count].amplitude = amplitude
        count += 1
    return count


def sines(tones, rate_hz, position, samples, /):
    """Generate a piece of a sum of sines as native int16 PCM.

    Args:
        tones: 1 to 8 pairs of a frequency in whole Hz and an amplitude of 0 to 32768. All begin at phase 0.
        rate_hz: 8000 to 192000.
        position: the number of samples before the piece.
        samples: the number of samples to generate.

    Returns:
        The samples, rounded to the nearest integer and saturated.

    Raises:
        ValueError: a number out of range.
        TypeError: not whole numbers.

    >>> from array import array
    >>> array("h", sines([(2000, 1000)], 8000, 0, 5)).tolist()
    [0, 1000, 0, -1000, 0]
    """
    cdef Tone taken[MAX_TONES]
    cdef int rate, count
    cdef Py_ssize_t n
    cdef bytes out
    cdef uint8_t* room
    rate_hz, position, samples = PyNumber_Index(rate_hz), PyNumber_Index(position), PyNumber_Index(samples)
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise ValueError(f"rate_hz is {rate_hz!r}, {MIN_RATE_HZ} to {MAX_RATE_HZ} are allowed")
    if not 0 <= samples <= MAX_SAMPLES:
        raise ValueError(f"samples is {samples!r}, 0 to {MAX_SAMPLES} are allowed")
    if position < 0:
        raise ValueError(f"position is {position!r}, it must be 0 or more")
    rate = rate_hz
    n = samples
    count = take_tones(taken, tones, position, rate)
    out = PyBytes_FromStringAndSize(NULL, 2 * n)
    room = <uint8_t*>PyBytes_AS_STRING(out)
    if n < GIL_FREE_TONES:
        tones_block(taken, count, rate, room, n)
    else:
        with nogil:
            tones_block(taken, count, rate, room, n)
    return out
