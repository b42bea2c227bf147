"""Channels of int16 PCM: interleaving, splitting, and downmixing to one.

A frame has one sample of each channel. The sample of a downmix is the mean of its frame, rounded half to even, which
cannot clip.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.number cimport PyNumber_Index
from libc.stdint cimport int32_t, uint8_t

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport (
    Py_buffer, PyBuffer_Release, load_i16, store_i16, take_pcm, take_room,
)
from rtpcodec.kernels._sources cimport MAX_SOURCES, Sources, release_sources, take_room_beside, take_sources


# Stereo callers pass a constant to these two, so that the compiler can use vector instructions.

cdef inline void get_channel(
    const uint8_t* pcm, int channels, int channel, uint8_t* out, Py_ssize_t frames
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(frames):
        store_i16(out, i, load_i16(pcm, i * channels + channel))


cdef inline void put_means(const uint8_t* pcm, int channels, uint8_t* out, Py_ssize_t frames) noexcept nogil:
    cdef Py_ssize_t i
    cdef int channel
    cdef int32_t total, quotient, rest
    for i in range(frames):
        # 1. The floor of the mean; C truncates towards 0.
        total = 0
        for channel in range(channels):
            total += load_i16(pcm, i * channels + channel)
        quotient = total // channels
        rest = total - quotient * channels
        quotient -= rest < 0
        rest += channels if rest < 0 else 0
        # 2. Round up above one half, and at one half if the quotient is odd.
        quotient += 2 * rest + (quotient & 1) > channels
        store_i16(out, i, quotient)


cdef void interleave_block(
    const uint8_t* const* sources, int channels, uint8_t* out, Py_ssize_t frames
) noexcept nogil:
    """Interleave channels of equal length; out must not overlap one of them."""
    cdef int channel
    cdef Py_ssize_t i
    if channels == 2:    # in one pass
        for i in range(frames):
            store_i16(out, 2 * i, load_i16(sources[0], i))
            store_i16(out, 2 * i + 1, load_i16(sources[1], i))
        return
    for channel in range(channels):
        for i in range(frames):
            store_i16(out, i * channels + channel, load_i16(sources[channel], i))


cdef void channel_block(
    const uint8_t* pcm, int channels, int channel, uint8_t* out, Py_ssize_t frames
) noexcept nogil:
    """Copy one channel of a number of frames; in and out must not overlap."""
    if channels == 2:
        get_channel(pcm, 2, channel, out, frames)
    else:
        get_channel(pcm, channels, channel, out, frames)


cdef void downmix_block(const uint8_t* pcm, int channels, uint8_t* out, Py_ssize_t frames) noexcept nogil:
    """Mix a number of frames down to one channel; in and out must not overlap."""
    if channels == 2:
        put_means(pcm, 2, out, frames)
    else:
        put_means(pcm, channels, out, frames)


cdef int checked_channels(object channels) except -1:
    channels = PyNumber_Index(channels)
    if not 1 <= channels <= MAX_SOURCES:
        raise ValueError(f"channels is {channels!r}, 1 to {MAX_SOURCES} are allowed")
    return channels


cdef Py_ssize_t take_frames(object pcm, Py_buffer* view, int channels) except -1:
    """Export interleaved PCM for reading; the caller releases it. Return the number of frames."""
    cdef Py_ssize_t samples
    take_pcm(pcm, view)
    samples = view.len >> 1
    if samples % channels:
        PyBuffer_Release(view)
        raise ValueError(f"pcm has {samples} samples, {channels} channels need a multiple of {channels}")
    return samples // channels


cdef inline void run_interleave(const Sources* sources, void* out) noexcept:
    cdef Py_ssize_t frames = sources.octets >> 1
    if frames < GIL_FREE_SAMPLES:
        interleave_block(sources.samples, sources.count, <uint8_t*>out, frames)
    else:
        with nogil:
            interleave_block(sources.samples, sources.count, <uint8_t*>out, frames)


cdef inline void run_downmix(const void* pcm, int channels, void* out, Py_ssize_t frames) noexcept:
    if frames < GIL_FREE_SAMPLES:
        downmix_block(<const uint8_t*>pcm, channels, <uint8_t*>out, frames)
    else:
        with nogil:
            downmix_block(<const uint8_t*>pcm, channels, <uint8_t*>out, frames)


cdef inline bytes one_channel(const void* pcm, int channels, int channel, Py_ssize_t frames):
    cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * frames)
    cdef uint8_t* room = <uint8_t*>PyBytes_AS_STRING(out)
    if frames < GIL_FREE_SAMPLES:
        channel_block(<const uint8_t*>pcm, channels, channel, room, frames)
    else:
        with nogil:
            channel_block(<const uint8_t*>pcm, channels, channel, room, frames)
    return out


def interleave(sources, /):
    """Interleave channels of native int16 PCM: left, right, left, right.

    Args:
        sources: 1 to 64 buffers of equal length, one per channel.

    Raises:
        TypeError: a source is not a buffer of 16-bit samples or octets.
        ValueError: there are not 1 to 64 sources, or their lengths differ.

    >>> interleave((b"1122", b"3344"))
    b'11332244'
    """
    cdef Sources taken
    cdef bytes out
    cdef tuple pcms = tuple(sources)
    take_sources(&taken, pcms)
    try:
        out = PyBytes_FromStringAndSize(NULL, taken.octets * taken.count)
        run_interleave(&taken, PyBytes_AS_STRING(out))
    finally:
        release_sources(&taken)
    return out


def interleave_into(sources, out, /):
    """Interleave channels into the start of a writable buffer. Return the number of frames.

    Raises:
        TypeError: as for `interleave`.
        ValueError: as for `interleave`; the buffer is too small, or overlaps a source.
    """
    cdef Sources taken
    cdef Py_buffer room
    cdef tuple pcms = tuple(sources)
    take_sources(&taken, pcms)
    try:
        take_room_beside(out, &room, &taken, taken.octets * taken.count)
        run_interleave(&taken, room.buf)
        PyBuffer_Release(&room)
    finally:
        release_sources(&taken)
    return taken.octets >> 1


def split(pcm, channels, /):
    """Split interleaved native int16 PCM into its channels.

    Args:
        channels: 1 to 64.

    Returns:
        A tuple with the samples of each channel.

    Raises:
        TypeError: not a buffer of 16-bit samples or octets.
        ValueError: channels out of range, or PCM that ends inside a frame.

    >>> split(b"11332244", 2)
    (b'1122', b'3344')
    """
    cdef Py_buffer view
    cdef int count = checked_channels(channels)
    cdef Py_ssize_t frames = take_frames(pcm, &view, count)
    cdef int channel
    try:
        return tuple([one_channel(view.buf, count, channel, frames) for channel in range(count)])
    finally:
        PyBuffer_Release(&view)


def downmix(pcm, channels, /):
    """Mix interleaved native int16 PCM down to mono: the mean of each frame, rounded half to even.

    Args:
        channels: 1 to 64.

    Raises:
        TypeError, ValueError: as for `split`.

    >>> from array import array
    >>> array("h", downmix(array("h", [100, 300, -1, 0, 32767, 32767]), 2)).tolist()
    [200, 0, 32767]
    """
    cdef Py_buffer view
    cdef int count = checked_channels(channels)
    cdef Py_ssize_t frames = take_frames(pcm, &view, count)
    cdef bytes out
    try:
        out = PyBytes_FromStringAndSize(NULL, 2 * frames)
        run_downmix(view.buf, count, PyBytes_AS_STRING(out), frames)
    finally:
        PyBuffer_Release(&view)
    return out


def downmix_into(pcm, channels, out, /):
    """Mix down into the start of a writable buffer. Return the number of samples.

    Raises:
        TypeError: as for `downmix`.
        ValueError: as for `downmix`; the buffer is too small, or overlaps the PCM.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    cdef int count = checked_channels(channels)
    cdef Py_ssize_t frames = take_frames(pcm, &view, count)
    try:
        take_room(out, &room, &view, 2 * frames, samples=True)
        run_downmix(view.buf, count, room.buf, frames)
        PyBuffer_Release(&room)
        return frames
    finally:
        PyBuffer_Release(&view)
