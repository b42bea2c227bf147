"""The queue of audio that waits to be sent, in its original form: pieces of PCM and payloads in order."""
cimport cython
from cpython.bytearray cimport PyByteArray_CheckExact
from cpython.bytes cimport PyBytes_CheckExact

from collections import deque

from rtpcodec.stream.items import Kind
from rtpcodec.stream.empty_collections import NO_ITEMS as _NO_ITEMS

SMALL_OCTETS = 320
COLLECTED_OCTETS = 32_768

cdef enum:
    SMALL = 320
    COLLECTED = 32_768

cdef object ITEM = Kind.ITEM
cdef object TAIL = Kind.TAIL


@cython.final
@cython.auto_pickle(False)
cdef class SendQueue:
    """First-in, first-out queue of pieces. Use from one thread at a time.

    A piece has a kind, octets, and an extra that depends on the kind: the samples of an ITEM, the Rate of PCM and TAIL.
    A single piece needs no memory for the queue.
    """

    def __cinit__(self):
        self._others = _NO_ITEMS

    def put(self, kind, octets, extra=None):
        """Append a piece; extra: depends on the kind."""
        self.append(kind, octets, extra)

    cdef int append(self, object kind, object octets, object extra) except -1:
        cdef object held = octets
        if len(octets) < SMALL and kind is not ITEM and kind is not TAIL:
            if self._collected(kind, octets, extra):
                return 0
            held = bytearray(octets)
        if self._kind is None:
            self._kind, self._octets, self._extra = kind, held, extra
            return 0
        if self._others is _NO_ITEMS:
            self._others = deque()
        self._others.append((kind, held, extra))
        return 0

    cdef bint _collected(self, object kind, object octets, object extra) except -1:
        """Add a small piece to the last one, if that collects such pieces. Returns whether it was added."""
        cdef object last_kind = self._kind
        cdef object last = self._octets
        cdef object last_extra = self._extra
        if self._others:
            last_kind, last, last_extra = self._others[len(self._others) - 1]
        if last_kind is not kind or last_extra is not extra or not PyByteArray_CheckExact(last):
            return False
        if len(last) >= COLLECTED:
            return False
        last.extend(octets)
        return True

    @property
    def first(self):
        """The kind of the first piece; None: the queue is empty."""
        return self._kind

    @property
    def first_extra(self):
        """The extra of the first piece."""
        return self._extra

    @property
    def first_octets(self):
        """The number of waiting octets of the first piece."""
        return self.first_left()

    cdef Py_ssize_t first_left(self) noexcept:
        return 0 if self._kind is None else len(self._octets) - self._offset

    def take(self, Py_ssize_t octets):
        """Remove and return at most this many octets of the first piece. An empty piece is removed."""
        return self.taken(octets)

    cdef bytes taken(self, Py_ssize_t octets):
        cdef object held = self._octets
        cdef Py_ssize_t start = self._offset
        cdef Py_ssize_t end = start + octets
        if end < len(held):
            self._offset = end
            return bytes(held[start:end])
        self._offset = 0
        if self._others:
            self._kind, self._octets, self._extra = self._others.popleft()
        else:
            self._kind = self._octets = self._extra = None
        if start == 0 and PyBytes_CheckExact(held):
            return held
        return bytes(held[start:])

    def clear(self):
        """Drop all pieces."""
        self._kind = self._octets = self._extra = None
        self._others.clear()
        self._offset = 0
