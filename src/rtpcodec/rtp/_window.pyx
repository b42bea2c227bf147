"""The state of a reorder window that every item changes: the next number, and the contents of the last numbers.

`ReorderWindow` inherits from it. Native code takes the next item of a stream that is in order without its methods.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    DIGEST_BITS = 56     # the index of the track is in the bits above
    MAX_TRACKS = 255
    TURNED_BITS = 29
    LANES = 4            # products that the processor computes in parallel

cdef uint64_t DIGEST_MASK = (<uint64_t>1 << DIGEST_BITS) - 1
cdef uint64_t FACTOR = <uint64_t>0x9E3779B97F4A7C15     # 2^64 / golden ratio, odd
cdef int64_t NOTHING = INT64_MIN
cdef int64_t BEYOND = INT64_MIN

REMEMBERED = REMEMBERED_CONTENTS
Content = tuple[str, int | None, int]


@cython.overflowcheck(False)
cdef inline uint64_t mixed(uint64_t state, uint64_t word) noexcept nogil:
    # Each step is reversible, so payloads that differ in one word have different states. The rotation moves high bits
    # down for the next step.
    state = (state ^ word) * FACTOR
    return state << TURNED_BITS | state >> (64 - TURNED_BITS)


@cython.overflowcheck(False)
cdef uint64_t digest_of(const unsigned char* octets, Py_ssize_t n) noexcept nogil:
    """Return a digest of DIGEST_BITS bits that distinguishes payloads of one number, but not against an attacker."""
    cdef uint64_t lanes[LANES]
    cdef uint64_t word
    cdef int i
    # 1. Lanes of 8 octets each, in parallel.
    for i in range(LANES):
        lanes[i] = FACTOR * <uint64_t>(n + i)
    while n >= 8 * LANES:
        for i in range(LANES):
            memcpy(&word, octets + 8 * i, 8)
            lanes[i] = mixed(lanes[i], word)
        octets += 8 * LANES
        n -= 8 * LANES
    # 2. The rest, in the first lane.
    while n > 0:
        word = 0
        memcpy(&word, octets, min(n, <Py_ssize_t>8))
        lanes[0] = mixed(lanes[0], word)
        octets += 8
        n -= 8
    # 3. Combine the lanes. The low bits of the last product are weak, and the mask removes high ones.
    for i in range(1, LANES):
        lanes[0] = mixed(lanes[0], lanes[i])
    word = mixed(lanes[0], 0)
    return (word ^ word >> TURNED_BITS) & DIGEST_MASK


def digest(bytes payload not None, /):
    """Return the digest of a payload, for a content."""
    return digest_of(<const unsigned char*>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))


@cython.final
@cython.auto_pickle(False)
cdef class Contents:
    """The contents of the last numbers: track, timestamp and digest of the payload. 3 kB after the first one."""

    def __cinit__(self):
        self._tracks = []

    def __dealloc__(self):
        PyMem_Free(self._places)

    def __len__(self):
        """Return how many numbers have a place, which is constant."""
        return REMEMBERED_CONTENTS

    def remember(self, number, content):
        """Keep the content of a number: track, timestamp or None, and digest. A content of None is ignored.

        Raises:
            ValueError: a timestamp is negative or has more than 63 bits, or a digest has more than DIGEST_BITS. The
                state is unchanged.
            TypeError: not a content. The state is unchanged.
        """
        cdef str track
        if content is None:
            return
        track, timestamp, found = content
        if track is None:
            raise TypeError("the track of a content is None, a str is needed")
        if timestamp is not None and not 0 <= timestamp <= INT64_MAX:
            raise ValueError(f"timestamp is {timestamp}, 0 to {INT64_MAX} is needed")
        if not 0 <= found <= DIGEST_MASK:
            raise ValueError(f"digest is {found}, a number of {DIGEST_BITS} bits is needed")
        if 0 <= number <= INT64_MAX:    # others do not have a place, see `of`
            self.keep(number, track, -1 if timestamp is None else timestamp, found)

    def of(self, number):
        """Return the content of a number; None: it is not remembered."""
        cdef Remembered* place
        if self._places == NULL or not 0 <= number <= INT64_MAX:
            return None
        place = &self._places[<int64_t>number % REMEMBERED_CONTENTS]
        if place.number != <int64_t>number:
            return None
        return (
            self._tracks[place.digest >> DIGEST_BITS],
            None if place.timestamp < 0 else place.timestamp,
            place.digest & DIGEST_MASK,
        )

    def clear(self):
        """Drop all contents."""
        PyMem_Free(self._places)
        self._places = NULL
        self._tracks = []

    cdef int keep(self, int64_t number, str track, int64_t timestamp, uint64_t found) except -1:
        cdef int i
        cdef int index = self._index(track)
        cdef Remembered* place
        if number < 0:
            return 0
        if self._places == NULL:
            self._places = <Remembered*>PyMem_Malloc(REMEMBERED_CONTENTS * sizeof(Remembered))
            if self._places == NULL:
                raise MemoryError
            for i in range(REMEMBERED_CONTENTS):
                self._places[i].number = NOTHING
        place = &self._places[number % REMEMBERED_CONTENTS]
        place.number, place.timestamp = number, timestamp
        place.digest = found | <uint64_t>index << DIGEST_BITS
        return 0

    cdef int _index(self, str track) except -1:
        cdef int i
        for i in range(<int>len(self._tracks)):
            if self._tracks[i] is track or self._tracks[i] == track:
                return i
        if len(self._tracks) == MAX_TRACKS:
            raise ValueError(f"more than {MAX_TRACKS} tracks share a window")
        self._tracks.append(track)
        return <int>len(self._tracks) - 1


@cython.auto_pickle(False)
cdef class WindowState:
    """The base of ReorderWindow."""

    def __cinit__(self):
        self._held = {}
        self._refused = []
        self._contents = Contents()

    @property
    def next(self):
        """The next number in order."""
        return 1 + <object>INT64_MAX if self.next_number == BEYOND else self.next_number

    @next.setter
    def next(self, number):
        self.next_number = BEYOND if number == 1 + <object>INT64_MAX else number

    def follows(self, number, content):
        """Take a number whose item is in order, so that it needs no `pop`. False: it was not taken, use `put`."""
        # Only if nothing is held, set aside or refused: then `put` and `pop` would return the item at once.
        if number != self.next or self._held or self._stray is not None or self._refused or self.first is None:
            return False
        self._contents.remember(number, content)
        self.next = number + 1
        return True

    cdef bint is_next(self, int64_t number) noexcept:
        return (
            number == self.next_number and 0 <= number < INT64_MAX and len(self._held) == 0 and self._stray is None
            and len(self._refused) == 0 and self.first is not None
        )

    cdef int take_next(self, str track, int64_t timestamp, uint64_t found) except -1:
        self._contents.keep(self.next_number, track, timestamp, found)
        self.next_number += 1
        return 0
