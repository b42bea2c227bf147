"""Queues of a stream's audio: of what waits to be sent, and of what was sent and may have to be sent again."""
cimport cython
from cpython.bytearray cimport PyByteArray_CheckExact
from cpython.bytes cimport PyBytes_CheckExact
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from collections import deque

from rtpcodec.stream.items import Kind
from rtpcodec.stream.no_items import NO_ITEMS

SMALL_OCTETS = 320
COLLECTED_OCTETS = 32_768

cdef enum:
    SMALL = 320
    COLLECTED = 32_768
    FIRST_ROOM = 8

cdef object READY = Kind.READY
cdef object ITEM = Kind.ITEM
cdef object TAIL = Kind.TAIL


@cython.final
@cython.auto_pickle(False)
cdef class SendQueue:
    """First-in, first-out queue of pieces. Use from one thread at a time.

    A piece has a kind, octets, and what belongs to the kind: of an ITEM its samples, of PCM and TAIL the stream of
    their rate. A single piece needs no memory but its own.
    """

    def __cinit__(self):
        self._others = NO_ITEMS

    def put(self, kind, octets, extra=None):
        """Append a piece; extra: what belongs to its kind."""
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
        if self._others is NO_ITEMS:
            self._others = deque()
        self._others.append((kind, held, extra))
        return 0

    cdef bint _collected(self, object kind, object octets, object extra) except -1:
        """Add a small piece to the last one, if that collects pieces of its kind. Returns whether it was added."""
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
        """What belongs to the kind of the first piece."""
        return self._extra

    @property
    def first_octets(self):
        """How many octets of the first piece wait."""
        return self.first_left()

    cdef Py_ssize_t first_left(self) noexcept:
        return 0 if self._kind is None else len(self._octets) - self._offset

    def take(self, Py_ssize_t octets):
        """Remove and return at most so many octets of the first piece; the piece goes with its last octet."""
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


@cython.auto_pickle(False)
cdef class SentRing:
    """The messages of replies that were sent, the oldest first: sent position, samples, content, reply, audio."""

    def __cinit__(self):
        self._replies = []
        self._audio = []

    def __dealloc__(self):
        free(self._entries)

    def add(self, int64_t position, int64_t samples, int64_t content, reply, pieces):
        """Add audio that is sent now."""
        cdef object audio = pieces
        if len(pieces) == 1 and pieces[0][0] is READY:
            audio = pieces[0][1]
        self.keep(position, samples, content, reply, audio)

    cdef int keep(self, int64_t position, int64_t samples, int64_t content, object reply, object audio) except -1:
        cdef Py_ssize_t at
        cdef int64_t oldest
        cdef Sent* entry
        if self._count == self._room:
            self._grow()
        at = (self._first + self._count) & (self._room - 1)
        self._entries[at] = Sent(position, content, samples)
        self._replies[at] = reply
        self._audio[at] = audio
        self._count += 1
        if self._max_samples is None:
            return 0
        oldest = position + samples - <int64_t>self._max_samples
        entry = &self._entries[self._first]
        while entry.position + entry.samples < oldest:
            self._drop_first()
            entry = &self._entries[self._first]
        return 0

    cdef int _grow(self) except -1:
        """Double the room, with the oldest at the first place."""
        cdef Py_ssize_t room = 2 * self._room if self._room else FIRST_ROOM
        cdef Sent* entries = <Sent*>realloc(self._entries, room * sizeof(Sent))
        if entries == NULL:
            raise MemoryError
        self._entries = entries
        # What has wrapped to the beginning continues in the new half.
        memcpy(&entries[self._room], entries, self._first * sizeof(Sent))
        self._replies += self._replies[:self._first] + [None] * (room - self._room - self._first)
        self._audio += self._audio[:self._first] + [None] * (room - self._room - self._first)
        for at in range(self._first):
            self._replies[at] = self._audio[at] = None
        self._room = room
        return 0

    cdef int _drop_first(self) except -1:
        cdef Py_ssize_t at = self._first
        self._replies[at] = self._audio[at] = None
        self._first = (at + 1) & (self._room - 1)
        self._count -= 1
        return 0

    @property
    def last_pieces(self):
        """What was added last; empty: nothing is kept."""
        if self._count == 0:
            return []
        return pieces_of(self._audio[(self._first + self._count - 1) & (self._room - 1)])

    cdef int64_t first_end(self):
        """The sent position behind the oldest message, of which there must be one."""
        return self._entries[self._first].position + self._entries[self._first].samples

    def _drop_until(self, int64_t position):
        """Drop what ends there or before, apart from tones of keys that sound."""
        while self._count and self.first_end() <= position:
            reply = self._replies[self._first]
            if reply.line.tones and reply.sounds_keys:
                return
            self._drop_first()

    def _replace(self, reply, past):
        """Let the audio of one reply belong to another."""
        for at in range(len(self._replies)):
            if self._replies[at] is reply:
                self._replies[at] = past

    def _take_sent(self):
        """Remove and return all: tuples of position, samples, content, reply and pieces."""
        cdef list found = []
        cdef Sent entry
        while self._count:
            entry = self._entries[self._first]
            found.append((
                entry.position, entry.samples, entry.content, self._replies[self._first],
                pieces_of(self._audio[self._first]),
            ))
            self._drop_first()
        self._replies, self._audio = [], []
        self._first = self._room = 0
        free(self._entries)
        self._entries = NULL
        return found


cdef list pieces_of(object audio):
    """The pieces of a message: a list of its own."""
    return [(READY, audio)] if PyBytes_CheckExact(audio) else audio
