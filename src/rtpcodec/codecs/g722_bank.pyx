"""G722 for many calls or recordings at once, one per row of a NumPy array, 16 rows in the lanes of a vector register.

A gateway processes many calls per tick, but not every call has audio at each tick, and calls begin and end. A method
call therefore names its rows, and a row can be reset or copied at any time. Each row is an independent stream: its
result does not depend on the rows that are coded together with it.
"""
cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyObject_CheckBuffer, PyObject_GetBuffer
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.codecs._turn cimport clear_flag, take_flag
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, _has_item
from rtpcodec.kernels.g722 cimport G722Stream, g722_chosen_form, g722_start
from rtpcodec.kernels.g722_lanes cimport g722_decode_streams, g722_encode_streams

import operator

cdef enum:
    LONG_PAIRS = 8000    # all rows together: this many or more are coded without the GIL


cdef int take_table(object source, Py_buffer* view, str name, int flags, bint samples) except -1:
    """Export a 2-D array whose rows may be anywhere, but are each contiguous; the caller releases the view."""
    cdef str wanted = "int16" if samples else "uint8"
    if not PyObject_CheckBuffer(source):
        raise TypeError(f"{name} is a {type(source).__name__}, a 2-D array of {wanted} is needed, one row per stream")
    PyObject_GetBuffer(source, view, PyBUF_STRIDES | PyBUF_FORMAT | flags)
    try:
        if view.ndim != 2:
            raise ValueError(f"{name} has {view.ndim} dimensions, 2 are needed: one row per stream")
        if view.itemsize != (2 if samples else 1) or not _has_item(view.format, b"h" if samples else b"B"):
            item_format = "B" if view.format == NULL else view.format.decode()
            raise TypeError(f"{name} has items of format '{item_format}', {wanted} is needed")
        if view.shape[1] > 1 and view.strides[1] != view.itemsize:
            raise ValueError(f"items of a row of {name} lie {view.strides[1]} octets apart, {view.itemsize} are needed")
    except BaseException:
        PyBuffer_Release(view)
        raise
    return 0


cdef void extent(const Py_buffer* view, size_t* first, size_t* end) noexcept:
    """Compute the addresses of the lowest octet of an array and after its highest."""
    cdef Py_ssize_t to_last = (view.shape[0] - 1) * view.strides[0]
    first[0] = <size_t>view.buf + <size_t>min(to_last, <Py_ssize_t>0)
    end[0] = <size_t>view.buf + <size_t>max(to_last, <Py_ssize_t>0) + <size_t>(view.shape[1] * view.itemsize)


cdef bint overlap(const Py_buffer* one, const Py_buffer* other) noexcept:
    cdef size_t first, end, other_first, other_end
    if one.len == 0 or other.len == 0:
        return False
    extent(one, &first, &end)
    extent(other, &other_first, &other_end)
    return first < other_end and other_first < end


@cython.auto_pickle(False)
cdef class _Bank:
    """The streams of a bank, and buffers for the kernel's arguments."""
    cdef readonly int mode
    cdef readonly Py_ssize_t rows
    cdef G722Stream* _streams
    cdef G722Stream** _chosen
    cdef const uint8_t** _sources
    cdef uint8_t** _targets
    cdef char _busy

    def __cinit__(self, rows, *, mode=1):
        if not isinstance(self, (G722EncoderBank, G722DecoderBank)):
            raise TypeError(f"{type(self).__name__} codes nothing: make a G722EncoderBank or a G722DecoderBank")
        count = operator.index(rows)
        if count < 1:
            raise ValueError(f"rows is {count}, a bank needs at least 1")
        if mode not in (1, 2, 3):
            raise ValueError(f"mode is {mode!r}, allowed are 1, 2 and 3")
        self.rows = count
        self.mode = mode
        self._streams = <G722Stream*>PyMem_Calloc(self.rows, sizeof(G722Stream))
        self._chosen = <G722Stream**>PyMem_Calloc(self.rows, sizeof(void*))
        self._sources = <const uint8_t**>PyMem_Calloc(self.rows, sizeof(void*))
        self._targets = <uint8_t**>PyMem_Calloc(self.rows, sizeof(void*))
        if not self._streams or not self._chosen or not self._sources or not self._targets:
            raise MemoryError(f"a bank of {count} rows does not fit the memory")
        self.start_rows()

    def __dealloc__(self):
        PyMem_Free(self._streams)
        PyMem_Free(self._chosen)
        PyMem_Free(self._sources)
        PyMem_Free(<void*>self._targets)

    cdef Py_ssize_t checked_row(self, object row) except -1:
        cdef object number = operator.index(row)
        if not 0 <= number < self.rows:
            raise IndexError(f"row is {number}, the bank has rows 0 to {self.rows - 1}")
        return number

    cdef int begin(self) except -1:
        """Exclude other threads from the streams and the kernel's arguments, until `end`."""
        if not take_flag(&self._busy):
            raise RuntimeError("the bank is in use by another thread, it serves one at a time")
        return 0

    cdef void end(self) noexcept:
        clear_flag(&self._busy)

    cdef void start_rows(self) noexcept:
        cdef Py_ssize_t i
        for i in range(self.rows):
            g722_start(self._streams + i)

    cdef int choose(self, object rows, const Py_buffer* source, str name) except -1:
        """Choose the stream of each row of an array: all in order, or those that rows names."""
        cdef Py_ssize_t i
        if rows is None:
            if source.shape[0] != self.rows:
                raise ValueError(f"{name} has {source.shape[0]} rows, the bank has {self.rows}")
            for i in range(self.rows):
                self._chosen[i] = self._streams + i
            return 0
        named = [self.checked_row(row) for row in rows]
        if len(named) != source.shape[0]:
            raise ValueError(f"{name} has {source.shape[0]} rows, rows names {len(named)}")
        if len(set(named)) != len(named):
            twice = next(row for row in named if named.count(row) > 1)
            raise ValueError(f"rows names row {twice} {named.count(twice)} times, each may be named once")
        for i, row in enumerate(named):
            self._chosen[i] = self._streams + <Py_ssize_t>row
        return 0

    cdef int aim(
        self, const Py_buffer* source, Py_buffer* room, object target, Py_ssize_t width, bint samples
    ) except -1:
        """Export the buffer for the result, and set the start of each row; the caller releases it."""
        cdef Py_ssize_t i
        cdef Py_ssize_t count = source.shape[0]
        cdef Py_ssize_t row_octets = width * (2 if samples else 1)
        take_table(target, room, "out", PyBUF_WRITABLE, samples)
        try:
            if room.shape[0] != count or room.shape[1] != width:
                raise ValueError(f"out has the shape ({room.shape[0]}, {room.shape[1]}), ({count}, {width}) is needed")
            if count > 1 and -row_octets < room.strides[0] < row_octets:
                raise ValueError("rows of out overlap one another")
            if overlap(room, source):
                raise ValueError("out overlaps the source, the result would destroy its own input")
        except BaseException:
            PyBuffer_Release(room)
            raise
        for i in range(count):
            self._sources[i] = <const uint8_t*>source.buf + i * source.strides[0]
            self._targets[i] = <uint8_t*>room.buf + i * room.strides[0]
        return 0

    def reset(self, row=None):
        """Start a new stream in one row, or in all (None).

        Raises:
            IndexError: the bank does not have the row.
            RuntimeError: another thread uses the bank. Nothing is changed.
        """
        cdef Py_ssize_t chosen = 0 if row is None else self.checked_row(row)
        self.begin()
        if row is None:
            self.start_rows()
        else:
            g722_start(self._streams + chosen)
        self.end()

    def copy_row(self, source, target, /):
        """Copy the stream of one row to another row.

        Raises:
            IndexError: the bank does not have a row.
            RuntimeError: another thread uses the bank. Nothing is changed.
        """
        cdef Py_ssize_t from_row = self.checked_row(source)
        cdef Py_ssize_t to_row = self.checked_row(target)
        self.begin()
        self._streams[to_row] = self._streams[from_row]
        self.end()

    def copy(self):
        """Return an independent copy of all rows. RuntimeError: another thread uses the bank."""
        cdef _Bank clone = type(self)(self.rows, mode=self.mode)
        self.begin()
        memcpy(clone._streams, self._streams, self.rows * sizeof(G722Stream))
        self.end()
        return clone

    def __repr__(self):
        return f"<{type(self).__name__} {self.rows} rows mode {self.mode}>"


@cython.final
@cython.auto_pickle(False)
cdef class G722EncoderBank(_Bank):
    """G.722 encoders for many streams of 16 kHz PCM; each row gives the octets of a single encoder.

    Use from one thread at a time: a second one gets RuntimeError.

    Args:
        rows: the number of streams, at least 1.
        mode: 1 to 3, as for `G722Encoder`: modes 2 and 3 set the lowest one or two bits of each octet to 0.

    Raises:
        ValueError: rows or mode is out of range.
    """

    def encode(self, pcm, /, *, rows=None, out=None):
        """Encode a 2-D array of native int16 samples, one row per stream, to a uint8 array with half as many columns.

        Args:
            pcm: shape (rows, samples), with an even number of samples.
            rows: the bank's row of each row of pcm, each at most once; None: all in order. Other rows are unchanged.
            out: a uint8 array of shape (rows, samples / 2) to fill and return instead of a new one.

        Raises:
            TypeError: not an array of int16.
            ValueError: another number of rows, an odd number of samples, a row named twice, or an out that does not
                fit.
            IndexError: the bank does not have a row.
            RuntimeError: another thread uses the bank. After an error no stream has changed.
        """
        self.begin()
        try:
            return self.encoded(pcm, rows, out)
        finally:
            self.end()

    cdef object encoded(self, object pcm, object rows, object out):
        cdef Py_buffer view
        cdef Py_buffer room
        take_table(pcm, &view, "pcm", 0, samples=True)
        try:
            if view.shape[1] & 1:
                raise ValueError(
                    f"pcm has {view.shape[1]} samples per row, G722 codes them in pairs and needs an even number"
                )
            self.choose(rows, &view, "pcm")
            if out is None:
                import numpy
                out = numpy.empty((view.shape[0], view.shape[1] // 2), numpy.uint8)
            self.aim(&view, &room, out, view.shape[1] // 2, samples=False)
            self.run(view.shape[0], view.shape[1] // 2)
            PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return out

    cdef void run(self, Py_ssize_t count, Py_ssize_t pairs) noexcept:
        if count * pairs < LONG_PAIRS:
            self.encode_streams(count, pairs)
        else:
            with nogil:
                self.encode_streams(count, pairs)

    cdef void encode_streams(self, Py_ssize_t count, Py_ssize_t pairs) noexcept nogil:
        cdef Py_ssize_t row, k
        g722_encode_streams(g722_chosen_form(), self._chosen, self._sources, self._targets, count, pairs)
        if self.mode > 1:
            for row in range(count):
                for k in range(pairs):
                    self._targets[row][k] &= <uint8_t>(0xFF << (self.mode - 1))


@cython.final
@cython.auto_pickle(False)
cdef class G722DecoderBank(_Bank):
    """G.722 decoders for many streams of octets; each row gives the samples of a single decoder.

    Use from one thread at a time: a second one gets RuntimeError.

    Args:
        rows: the number of streams, at least 1.
        mode: 1 to 3, as for `G722Decoder`: modes 2 and 3 ignore the lowest one or two bits of each octet.

    Raises:
        ValueError: rows or mode is out of range.
    """

    def decode(self, codes, /, *, rows=None, out=None):
        """Decode a 2-D array of uint8 octets, one row per stream, to an int16 array with twice as many columns.

        Args:
            codes: shape (rows, octets).
            rows: the bank's row of each row of codes, each at most once; None: all in order. Other rows are unchanged.
            out: an int16 array of shape (rows, 2 * octets) to fill and return instead of a new one.

        Raises:
            TypeError: not an array of uint8.
            ValueError: another number of rows, a row named twice, or an out that does not fit.
            IndexError: the bank does not have a row.
            RuntimeError: another thread uses the bank. After an error no stream has changed.
        """
        self.begin()
        try:
            return self.decoded(codes, rows, out)
        finally:
            self.end()

    cdef object decoded(self, object codes, object rows, object out):
        cdef Py_buffer view
        cdef Py_buffer room
        take_table(codes, &view, "codes", 0, samples=False)
        try:
            self.choose(rows, &view, "codes")
            if out is None:
                import numpy
                out = numpy.empty((view.shape[0], 2 * view.shape[1]), numpy.int16)
            self.aim(&view, &room, out, 2 * view.shape[1], samples=True)
            self.run(view.shape[0], view.shape[1])
            PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return out

    cdef void run(self, Py_ssize_t count, Py_ssize_t pairs) noexcept:
        if count * pairs < LONG_PAIRS:
            self.decode_streams(count, pairs)
        else:
            with nogil:
                self.decode_streams(count, pairs)

    cdef void decode_streams(self, Py_ssize_t count, Py_ssize_t pairs) noexcept nogil:
        g722_decode_streams(
            g722_chosen_form(), self._chosen, self._sources, self._targets, count, pairs, self.mode
        )
