"""G722 for many calls or recordings at once, one a row of a NumPy array, 16 rows in the lanes of a register.

A gateway ticks many calls together, but not each has something at each tick, and calls come and go: so a call names the
rows that it is for, and a row can be reset or copied at any time. Between calls of the methods every row is an ordinary
stream; which rows travel together makes no difference to any of them.
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
    LONG_PAIRS = 8000    # of all rows together: from here on other threads may have the GIL meanwhile


cdef int take_table(object source, Py_buffer* view, str name, int flags, bint samples) except -1:
    """Export a 2-D array whose rows may lie anywhere, but each in one piece; the caller releases the view."""
    cdef str wanted = "int16" if samples else "uint8"
    if not PyObject_CheckBuffer(source):
        raise TypeError(f"{name} is a {type(source).__name__}, a 2-D array of {wanted} is needed, one row a stream")
    PyObject_GetBuffer(source, view, PyBUF_STRIDES | PyBUF_FORMAT | flags)
    try:
        if view.ndim != 2:
            raise ValueError(f"{name} has {view.ndim} dimensions, 2 are needed: one row a stream")
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
    """The addresses from the lowest octet of an array to beyond its highest."""
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
    """The streams of a bank, and room for what the kernel is told about a call."""
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
        """Keep other threads away from the streams and the notes about a call, until `end`."""
        if not take_flag(&self._busy):
            raise RuntimeError("the bank is at work on another thread, it serves one at a time")
        return 0

    cdef void end(self) noexcept:
        clear_flag(&self._busy)

    cdef void start_rows(self) noexcept:
        cdef Py_ssize_t i
        for i in range(self.rows):
            g722_start(self._streams + i)

    cdef int choose(self, object rows, const Py_buffer* source, str name) except -1:
        """Which stream each row of an array is for: all in order, or those that rows names."""
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
            raise ValueError(f"rows names row {twice} {named.count(twice)} times, each may be there once")
        for i, row in enumerate(named):
            self._chosen[i] = self._streams + <Py_ssize_t>row
        return 0

    cdef int aim(
        self, const Py_buffer* source, Py_buffer* room, object target, Py_ssize_t width, bint samples
    ) except -1:
        """Export room for a result of the source's rows, and note where each row begins; the caller releases it."""
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
        """Start a new stream in one row, or in all.

        IndexError: no such row. RuntimeError: another thread is here. Nothing is changed then.
        """
        cdef Py_ssize_t chosen = 0 if row is None else self.checked_row(row)
        self.begin()
        if row is None:
            self.start_rows()
        else:
            g722_start(self._streams + chosen)
        self.end()

    def copy_row(self, source, target, /):
        """Make a row a copy of another, at the same place of the stream.

        IndexError: no such row. RuntimeError: another thread is here. Nothing is changed then.
        """
        cdef Py_ssize_t from_row = self.checked_row(source)
        cdef Py_ssize_t to_row = self.checked_row(target)
        self.begin()
        self._streams[to_row] = self._streams[from_row]
        self.end()

    def copy(self):
        """Return a bank whose rows continue independently from the same places.

        RuntimeError: another thread is here.
        """
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
    """G.722 encoders for many streams of 16 kHz PCM; a row's octets equal those of a single encoder.

    mode as for G722Encoder: modes 2 and 3 leave the lowest one or two bits of each octet 0. A bank serves one thread at
    a time. ValueError: fewer rows than 1, another mode.
    """

    def encode(self, pcm, /, *, rows=None, out=None):
        """Octets of a 2-D array of native int16 samples, one row a stream: a uint8 array with half as many columns.

        rows: which rows of the bank the rows of pcm are for, in their order; None: all. The others stay as they are.
        out: a uint8 array to write to and return instead of a new one.
        TypeError: not an array of int16. ValueError: another number of rows, an odd number of samples, a row named
        twice. IndexError: no such row. RuntimeError: another thread is here. Nothing is taken in then.
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
                    f"pcm has {view.shape[1]} samples a row, G722 codes them in pairs and needs an even number"
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
    """G.722 decoders for many streams of octets; a row's samples equal those of a single decoder.

    mode as for G722Decoder: modes 2 and 3 ignore the lowest one or two bits of each octet. A bank serves one thread at
    a time. ValueError: fewer rows than 1, another mode.
    """

    def decode(self, codes, /, *, rows=None, out=None):
        """16 kHz samples of a 2-D array of uint8 octets, one row a stream: an int16 array with twice as many columns.

        rows: which rows of the bank the rows of codes are for, in their order; None: all. The others stay as they are.
        out: an int16 array to write to and return instead of a new one.
        TypeError: not an array of uint8. ValueError: another number of rows, a row named twice. IndexError: no such
        row. RuntimeError: another thread is here. Nothing is taken in then.
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
