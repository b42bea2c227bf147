"""Export of the caller's buffers to kernels: any contiguous one-dimensional object, checked once, not copied.

Samples are read and written by load_i16 and store_i16, because a memoryview may begin at an odd address and a
misaligned int16_t pointer is undefined behaviour in C.
"""
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_WRITABLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport int16_t, uint8_t, uint16_t
from libc.string cimport memcpy, memset, strchr

cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define RTPCODEC_FOREIGN_ORDER '<'
    #else
    #define RTPCODEC_FOREIGN_ORDER '>'
    #endif
    """
    const char RTPCODEC_FOREIGN_ORDER


cdef inline int16_t load_i16(const uint8_t* samples, Py_ssize_t i) noexcept nogil:
    """Read sample i of native int16 samples at any address."""
    cdef int16_t sample
    memcpy(&sample, samples + 2 * i, 2)
    return sample


cdef inline void store_i16(uint8_t* samples, Py_ssize_t i, int16_t sample) noexcept nogil:
    """Write sample i of native int16 samples at any address."""
    memcpy(samples + 2 * i, &sample, 2)


cdef inline bint _has_item(const char* item_format, const char* allowed) noexcept nogil:
    """Report whether a buffer's format is one allowed item in native order (NULL means octets)."""
    if item_format == NULL:
        return True
    if item_format[0] == c"@" or item_format[0] == c"=":
        item_format += 1
    elif (item_format[0] == c"<" or item_format[0] == c">") and item_format[0] != RTPCODEC_FOREIGN_ORDER:
        item_format += 1
    return item_format[0] != 0 and item_format[1] == 0 and strchr(allowed, item_format[0]) != NULL


cdef inline int _take(object source, Py_buffer* view, str name, int flags, const char* allowed, str wanted) except -1:
    PyObject_GetBuffer(source, view, PyBUF_ND | PyBUF_FORMAT | flags)
    try:
        if view.ndim != 1:
            raise ValueError(f"{name} has {view.ndim} dimensions, mono audio has 1")
        if not _has_item(view.format, allowed):
            raise TypeError(f"{name} has items of format '{view.format.decode()}', {wanted} are needed")
    except BaseException:
        PyBuffer_Release(view)
        raise
    return 0


cdef inline bint _took_bytes(object source, Py_buffer* view) noexcept:
    """Fill the view from a bytes object, without an export: the caller keeps it alive. False: another type."""
    if not PyBytes_CheckExact(source):
        return False
    memset(view, 0, sizeof(Py_buffer))
    view.buf = PyBytes_AS_STRING(source)
    view.len = PyBytes_GET_SIZE(source)
    return True


cdef inline int take_pcm(object source, Py_buffer* view, str name="pcm") except -1:
    """Export native int16 samples for reading; the caller releases the view.

    TypeError: not a buffer, or other items than int16 or octets. ValueError: an odd number of octets, or 2-D.
    """
    if not _took_bytes(source, view):
        _take(source, view, name, 0, b"hBbc", "16-bit samples ('h') or octets ('B', 'b', 'c')")
    if view.len & 1:
        PyBuffer_Release(view)
        raise odd_pcm(view.len, name)
    return 0


cdef inline object odd_pcm(Py_ssize_t octets, str name="pcm"):
    """Return the error for PCM that ends inside a sample."""
    return ValueError(f"{name} has {octets} octets, 16-bit samples need an even number")


cdef inline int take_float32(object source, Py_buffer* view, str name) except -1:
    """Export native float32 samples for reading; the caller releases the view.

    TypeError: not a buffer, or other items than float32 or octets. ValueError: not a multiple of 4 octets, or 2-D.
    """
    if not _took_bytes(source, view):
        _take(source, view, name, 0, b"fBbc", "float32 samples ('f') or octets ('B', 'b', 'c')")
    if view.len & 3:
        octets = view.len
        PyBuffer_Release(view)
        raise ValueError(f"{name} has {octets} octets, float32 samples need a multiple of 4")
    return 0


cdef inline int take_octets(object source, Py_buffer* view, str name="payload") except -1:
    """Export octets for reading; the caller releases the view. TypeError for other items than octets."""
    return 0 if _took_bytes(source, view) else _take(source, view, name, 0, b"Bbc", "octets ('B', 'b', 'c')")


cdef inline int take_room(
    object out, Py_buffer* view, const Py_buffer* source, Py_ssize_t needed_octets, bint samples
) except -1:
    """Export the buffer for a result; the caller releases the view.

    TypeError: not a buffer, or wrong items. BufferError: not writable. ValueError: too small, or overlaps the source.
    """
    if samples:
        _take(out, view, "out", PyBUF_WRITABLE, b"hBbc", "16-bit samples ('h') or octets ('B', 'b', 'c')")
    else:
        _take(out, view, "out", PyBUF_WRITABLE, b"Bbc", "octets ('B', 'b', 'c')")
    return _checked_room(view, source, needed_octets)


cdef inline int take_float32_room(
    object out, Py_buffer* view, const Py_buffer* source, Py_ssize_t needed_octets
) except -1:
    """Export the buffer for float32 samples. Errors as for take_room."""
    _take(out, view, "out", PyBUF_WRITABLE, b"fBbc", "float32 samples ('f') or octets ('B', 'b', 'c')")
    return _checked_room(view, source, needed_octets)


cdef inline int _checked_room(Py_buffer* view, const Py_buffer* source, Py_ssize_t needed_octets) except -1:
    """Release the view and raise ValueError if it is too small or overlaps the source."""
    try:
        if view.len < needed_octets:
            raise ValueError(f"out has room for {view.len} octets, the result needs {needed_octets}")
        if needed_octets and _overlap(view, source, needed_octets):
            raise ValueError("out overlaps the source, the result would destroy its own input")
    except BaseException:
        PyBuffer_Release(view)
        raise
    return 0


cdef inline bint _overlap(const Py_buffer* out, const Py_buffer* source, Py_ssize_t needed_octets) noexcept nogil:
    """Report whether the octets to write and the octets to read overlap."""
    cdef size_t write_from = <size_t>out.buf
    cdef size_t read_from = <size_t>source.buf
    return write_from < read_from + <size_t>source.len and read_from < write_from + <size_t>needed_octets
