"""Linear fades of int16 PCM, which avoid clicks at a sudden start or end.

A fade-in of `length` samples multiplies sample k by k / length, and by 1 from k = length on. A fade-out is its mirror
image: (length - 1 - k) / length, and 0 from k = length - 1 on. Products are rounded half to even.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.number cimport PyNumber_Index
from libc.stdint cimport int16_t, int64_t, uint8_t
from libc.string cimport memcpy, memset

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport (
    Py_buffer, PyBuffer_Release, load_i16, store_i16, take_pcm, take_room,
)

cdef enum:
    MAX_FADE = 1 << 30    # samples: 6 hours at 48 kHz; its product with a sample fits 64 bits


cdef inline int16_t shared(int16_t sample, int64_t part, int64_t length) noexcept nogil:
    """Return sample * part / length, rounded half to even."""
    # 1. The floor of the quotient; C truncates towards 0.
    cdef int64_t product = <int64_t>sample * part
    cdef int64_t quotient = product // length
    cdef int64_t rest = product - quotient * length
    if rest < 0:
        quotient -= 1
        rest += length
    # 2. Round up above one half, and at one half if the quotient is odd.
    if 2 * rest > length or (2 * rest == length and quotient & 1):
        quotient += 1
    return <int16_t>quotient


cdef void fade_block(
    const uint8_t* pcm, uint8_t* out, Py_ssize_t n, Py_ssize_t position, Py_ssize_t length, bint rising
) noexcept nogil:
    """Fade n samples, beginning at sample `position` of the fade; in and out must not overlap."""
    cdef Py_ssize_t on_ramp = min(max(length - position, 0), n)
    cdef Py_ssize_t i, part
    for i in range(on_ramp):
        part = position + i if rising else length - 1 - position - i
        store_i16(out, i, shared(load_i16(pcm, i), part, length))
    if rising:
        memcpy(out + 2 * on_ramp, pcm + 2 * on_ramp, 2 * (n - on_ramp))
    else:
        memset(out + 2 * on_ramp, 0, 2 * (n - on_ramp))


cdef int checked_place(object value, str name, int least) except -1:
    """Check a number of samples of a fade."""
    value = PyNumber_Index(value)
    if not least <= value <= MAX_FADE:
        raise ValueError(f"{name} is {value!r}, {least} to {MAX_FADE} samples are allowed")
    return value


cdef inline void run_fade(
    const Py_buffer* view, void* out, Py_ssize_t position, Py_ssize_t length, bint rising
) noexcept:
    cdef Py_ssize_t n = view.len >> 1
    if n < GIL_FREE_SAMPLES:
        fade_block(<const uint8_t*>view.buf, <uint8_t*>out, n, position, length, rising)
    else:
        with nogil:
            fade_block(<const uint8_t*>view.buf, <uint8_t*>out, n, position, length, rising)


def fade(pcm, position, length, rising, /):
    """Fade native int16 PCM in or out along a linear ramp.

    Args:
        pcm: a piece of a stream.
        position: the number of samples of the fade before the piece; pieces of any size give the same result.
        length: length of the ramp in samples.
        rising: True: fade in, False: fade out.

    Returns:
        The faded piece; after the ramp it is unchanged (in) or silent (out).

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: an odd number of octets, a position below 0, or a length below 1.

    >>> from array import array
    >>> array("h", fade(array("h", [1000] * 6), 0, 4, True)).tolist()
    [0, 250, 500, 750, 1000, 1000]
    >>> array("h", fade(array("h", [1000] * 6), 0, 4, False)).tolist()
    [750, 500, 250, 0, 0, 0]
    """
    cdef Py_buffer view
    cdef Py_ssize_t first = checked_place(position, "position", 0)
    cdef Py_ssize_t samples = checked_place(length, "length", 1)
    cdef bint up = rising
    cdef bytes out
    take_pcm(pcm, &view)
    try:
        out = PyBytes_FromStringAndSize(NULL, view.len)
        run_fade(&view, PyBytes_AS_STRING(out), first, samples, up)
    finally:
        PyBuffer_Release(&view)
    return out


def fade_into(pcm, position, length, rising, out, /):
    """Fade PCM into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `fade`.
        ValueError: as for `fade`; the buffer is too small, or overlaps the PCM.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    cdef Py_ssize_t first = checked_place(position, "position", 0)
    cdef Py_ssize_t samples = checked_place(length, "length", 1)
    cdef bint up = rising
    take_pcm(pcm, &view)
    try:
        take_room(out, &room, &view, view.len, samples=True)
        run_fade(&view, room.buf, first, samples, up)
        PyBuffer_Release(&room)
        return view.len >> 1
    finally:
        PyBuffer_Release(&view)
