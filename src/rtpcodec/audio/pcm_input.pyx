"""Conversion of PCM of any kind to native int16 mono octets."""
cimport cython
from cpython.buffer cimport (
    PyBUF_FULL_RO, PyBuffer_IsContiguous, PyBuffer_Release, PyBuffer_ToContiguous, PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport Py_buffer, _has_item
from rtpcodec.kernels.float_pcm cimport float32_to_int16_block

cdef enum:
    NO_OCTET = -1

cdef str ALLOWED = "int16 ('h'), float32 ('f') or the octets of int16 ('B', 'b', 'c') are needed"
cdef dict REMEDIES = {
    "d": "float64, pass numpy.float32",
    "e": "float16, pass numpy.float32",
    "H": "unsigned, subtract 32768 and pass numpy.int16",
    "i": "32-bit integers, scale them to numpy.int16",
    "l": "long integers, scale them to numpy.int16",
    "q": "64-bit integers, scale them to numpy.int16",
}


cdef object wrong_items(str name, str item_format):
    """Return the error for a buffer whose items are not PCM."""
    foreign = item_format[0] in "<>!" and item_format[1:] in ("h", "f")
    remedy = "another byte order, swap the octets" if foreign else REMEDIES.get(item_format.lstrip("@=<>!"))
    shown = f"'{item_format}' ({remedy})" if remedy else f"'{item_format}'"
    return TypeError(f"{name} has items of format {shown}, {ALLOWED}")


cdef object wrong_shape(str name, int dimensions):
    """Return the error for a buffer that is not one row of samples."""
    return ValueError(
        f"{name} has {dimensions} dimensions, mono audio has 1; mix channels down with "
        "rtpcodec.audio.channels.downmix, or reshape(-1) an array of one channel"
    )


cdef int take_any(object source, Py_buffer* view, str name) except -1:
    """Export a buffer of one dimension, strides included; the caller releases it."""
    if not PyObject_CheckBuffer(source):
        raise TypeError(
            f"{name} is of type {type(source).__name__}, a buffer is needed (bytes, array, memoryview, numpy.ndarray): "
            f"{ALLOWED}"
        )
    PyObject_GetBuffer(source, view, PyBUF_FULL_RO)
    try:
        if not _has_item(view.format, b"hfBbc"):
            raise wrong_items(name, view.format.decode())
        if view.ndim != 1:
            raise wrong_shape(name, view.ndim)
    except BaseException:
        PyBuffer_Release(view)
        raise
    return 0


cdef int copy_octets(const Py_buffer* view, uint8_t* out) except -1:
    """Copy the items in their order, whatever the strides."""
    if PyBuffer_IsContiguous(<Py_buffer*>view, b"C"):
        memcpy(out, view.buf, view.len)
        return 0
    return PyBuffer_ToContiguous(out, <Py_buffer*>view, view.len, b"C")


cdef int round_floats(const uint8_t* floats, uint8_t* pcm, Py_ssize_t n, str name) except -1:
    """Convert n values, a long piece without the GIL. ValueError: a NaN."""
    cdef Py_ssize_t nan
    if n < GIL_FREE_SAMPLES:
        nan = float32_to_int16_block(floats, pcm, n)
    else:
        with nogil:
            nan = float32_to_int16_block(floats, pcm, n)
    if nan >= 0:
        raise ValueError(f"{name} is NaN at sample {nan}, a number is needed")
    return 0


cdef bytes rounded(const Py_buffer* view, str name):
    """Convert float32 values to samples."""
    cdef Py_ssize_t n = view.len >> 2
    cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * n)
    cdef uint8_t* floats
    if PyBuffer_IsContiguous(<Py_buffer*>view, b"C"):
        round_floats(<const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(out), n, name)
        return out
    floats = <uint8_t*>PyMem_Malloc(view.len)
    if floats == NULL:
        raise MemoryError
    try:
        copy_octets(view, floats)
        round_floats(floats, <uint8_t*>PyBytes_AS_STRING(out), n, name)
    finally:
        PyMem_Free(floats)
    return out


cdef bytes copied(const Py_buffer* view):
    """Copy the octets of int16 samples."""
    cdef bytes out = PyBytes_FromStringAndSize(NULL, view.len)
    copy_octets(view, <uint8_t*>PyBytes_AS_STRING(out))
    return out


@cython.final
@cython.auto_pickle(False)
cdef class PcmInput:
    """Converts one stream of PCM of any accepted kind to int16 octets. Use from one thread at a time.

    It accepts native int16 samples, float32 samples with full scale at 1.0, and the octets of int16 samples, in any
    buffer of one dimension: bytes, bytearray, memoryview, array, numpy. A view with strides is copied. The kind may
    change from piece to piece.

    A piece of octets may end inside a sample: its last octet is carried to the next piece, so a stream of bytes may be
    cut anywhere. `clear` drops the carried octet, and so does a piece of int16 or float32 samples.

    >>> from array import array
    >>> source = PcmInput()
    >>> source.accept(array("f", [0.5, -1.0])).hex()
    '00400080'
    >>> source.accept(b"\\x01\\x02\\x03").hex(), source.carried
    ('0102', True)
    >>> source.accept(b"\\x04").hex(), source.carried
    ('0304', False)
    """
    cdef str _name
    cdef int _odd_octet

    def __cinit__(self, str name not None="pcm"):
        """Begin a stream; errors call the PCM `name`."""
        self._name = name
        self._odd_octet = NO_OCTET

    @property
    def carried(self):
        """Whether an octet is carried to the next piece."""
        return self._odd_octet != NO_OCTET

    def accept(self, source, /):
        """Return the whole samples of a piece as native int16 octets.

        Args:
            source: samples or octets. Float32 is multiplied by 32768, rounded half to even, and clipped to int16.

        Returns:
            The same object if it is `bytes` of whole samples and no octet is carried, otherwise a copy.

        Raises:
            TypeError: source is not a buffer, or has other items.
            ValueError: source does not have one dimension, or contains a NaN. The state is unchanged.
        """
        cdef Py_buffer view
        cdef bytes pcm
        cdef char kind
        if PyBytes_CheckExact(source) and not PyBytes_GET_SIZE(source) & 1 and self._odd_octet == NO_OCTET:
            return source
        take_any(source, &view, self._name)
        try:
            kind = c"B" if view.format == NULL else view.format[1 if view.format[1] else 0]
            if kind == c"h" or kind == c"f":
                pcm = copied(&view) if kind == c"h" else rounded(&view, self._name)
                if view.len:
                    self._odd_octet = NO_OCTET
            else:
                with cython.critical_section(self):
                    pcm = self._joined(&view)
        finally:
            PyBuffer_Release(&view)
        return pcm

    def clear(self):
        """Drop the carried octet: the next piece does not continue the previous ones."""
        self._odd_octet = NO_OCTET

    cdef bytes _joined(self, const Py_buffer* view):
        """Join the carried octet and a piece, up to the last whole sample."""
        cdef bint carried = self._odd_octet != NO_OCTET
        cdef Py_ssize_t octets = view.len + carried
        cdef bytes joined
        cdef uint8_t* room
        if not view.len:
            return b""
        # 1. Copy all octets; if their number is odd, the bytes object is one too long.
        joined = PyBytes_FromStringAndSize(NULL, octets)
        room = <uint8_t*>PyBytes_AS_STRING(joined)
        copy_octets(view, room + carried)
        if carried:
            room[0] = <uint8_t>self._odd_octet
        # 2. Carry the last one if their number is odd.
        if octets & 1:
            self._odd_octet = room[octets - 1]
            return joined[:octets - 1]
        self._odd_octet = NO_OCTET
        return joined

    def __repr__(self):
        return f"PcmInput(name={self._name!r}, carried={self.carried})"
