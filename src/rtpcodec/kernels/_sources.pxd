"""Export of several buffers of PCM of equal length to kernels."""
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint8_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, _overlap, take_pcm, take_room

cdef enum:
    MAX_SOURCES = 64    # their exports are on the stack, 6 kB

cdef struct Sources:
    int count
    Py_ssize_t octets                    # of each source
    const uint8_t* samples[MAX_SOURCES]
    Py_buffer views[MAX_SOURCES]


cdef inline void release_sources(Sources* sources) noexcept:
    cdef int k
    for k in range(sources.count):
        PyBuffer_Release(&sources.views[k])


cdef inline int take_sources(Sources* sources, tuple pcms) except -1:
    """Export all buffers for reading; the caller releases them, and keeps the tuple until then.

    TypeError: not buffers of 16-bit samples. ValueError: not 1 to MAX_SOURCES of them, or different lengths.
    """
    cdef Py_ssize_t k
    cdef Py_ssize_t count = PyTuple_GET_SIZE(pcms)
    sources.count = 0
    if not 1 <= count <= MAX_SOURCES:
        raise ValueError(f"sources has {count} items, 1 to {MAX_SOURCES} are needed")
    try:
        for k in range(count):
            take_pcm(<object>PyTuple_GET_ITEM(pcms, k), &sources.views[k], "a source")
            sources.count += 1
            if k == 0:
                sources.octets = sources.views[0].len
            elif sources.views[k].len != sources.octets:
                raise ValueError(
                    f"source {k} has {sources.views[k].len >> 1} samples, source 0 has {sources.octets >> 1}; "
                    "all must have the same number"
                )
            sources.samples[k] = <const uint8_t*>sources.views[k].buf
    except BaseException:
        release_sources(sources)
        raise
    return 0


cdef inline int take_room_beside(object out, Py_buffer* room, const Sources* sources, Py_ssize_t octets) except -1:
    """Export a buffer for int16 samples that overlaps none of the sources; the caller releases it."""
    cdef int k
    take_room(out, room, &sources.views[0], octets, samples=True)
    for k in range(1, sources.count):
        if octets and _overlap(room, &sources.views[k], octets):
            PyBuffer_Release(room)
            raise ValueError("out overlaps the source, the result would destroy its own input")
    return 0
