"""The memory of one call is cold when its next message comes, because those of all other calls were handled meanwhile.

Some forty small objects are met one after the other then, and each would wait for memory. So their addresses are kept,
and the processor is asked for all of them at the beginning of a message. They are addresses only: an object that is gone
meanwhile costs a useless request, and no more.
"""
cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport uintptr_t

from rtpcodec.stream._hearing_states cimport ChainState, IncomingState, TrackState
from rtpcodec.stream._road cimport SessionRoad
from rtpcodec.stream.speaking._saying cimport Saying
from rtpcodec.stream.speaking._states cimport ReplyFields

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define PREFETCH(address) __builtin_prefetch((address), 1, 3)
    #else
    #define PREFETCH(address) ((void)(address))
    #endif
    """
    void PREFETCH(const char* address) noexcept nogil

cdef extern from "Python.h":
    ctypedef struct Type "PyTypeObject":
        Py_ssize_t tp_basicsize
    Type* type_of "Py_TYPE"(object held)

cdef enum:
    LINE_OCTETS = 64
    RENEWED_AFTER = 100     # messages: replies and runs come and go


@cython.final
@cython.auto_pickle(False)
cdef class HotLines:
    """The addresses of one call's hot objects. Use from one thread at a time."""

    cdef int fetch(self, MachineRoad road) except -1:
        cdef int at
        for at in range(self._count):
            PREFETCH(self._lines[at])
        self._left -= 1
        if self._left < 0:
            self.read(road)
        return 0

    cdef int read(self, MachineRoad road) except -1:
        """Read all addresses again."""
        cdef SessionRoad session = road.session
        self._left = RENEWED_AFTER
        self._count = 0
        for held in (road, session, road.plays, session._hearing, session._saying, session._events):
            self.add(held)
        self.add_received(session._incoming)
        if session._saying is not None:
            self.add_sent(session._saying)
        return 0

    cdef int add_received(self, IncomingState incoming) except -1:
        cdef ChainState chain = incoming.chain
        cdef TrackState track
        for held in (incoming, incoming._connection, incoming._counts, incoming.stalling, incoming._keys, chain):
            self.add(held)
        if chain is None:
            return 0
        for held in (chain._order, chain._order.facts, chain._order.tracks, chain._order._succession, chain.files):
            self.add(held)
        track = chain._last
        if track is not None:
            for held in (track, track.clock, track.clock._timeline, track._ticks, track._made):
                self.add(held)
            self.add(chain._order.tracks.get(track.name))
        return 0

    cdef int add_sent(self, Saying saying) except -1:
        cdef ReplyFields reply = saying.order.implicit
        for held in (
            saying.form, saying.parts, saying.order, saying.order.waiting, saying.releaser, saying.releaser.level,
            saying.far_end, saying.far_end.run, saying.far_end.jitter, saying.far_end.jitter.round_trips, saying.gate,
            saying.own_marks, saying.idle, saying.sent_audio, saying.echoes, saying.resolver, saying.stopper,
        ):
            self.add(held)
        if reply is not None:
            for held in (reply, reply._stage, reply.line, reply.line._queue, reply.marks, reply.spans):
                self.add(held)
        return 0

    cdef void add(self, object held) noexcept:
        """Add the lines of an object, with its count of references, which changes."""
        cdef uintptr_t line, last
        if held is None:
            return
        line = <uintptr_t><PyObject*>held
        last = (line + type_of(held).tp_basicsize - 1) // LINE_OCTETS
        line //= LINE_OCTETS
        while line <= last and self._count < MOST_LINES:
            self._lines[self._count] = <const char*>(line * LINE_OCTETS)
            self._count += 1
            line += 1

    def __reduce__(self):
        raise TypeError("HotLines belong to their call, they cannot be pickled or copied")
