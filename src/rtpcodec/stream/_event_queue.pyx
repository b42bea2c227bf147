"""The bounded queue of events: see event_queue."""
cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE

from collections import deque

from rtpcodec.stream._audio cimport Audio

from rtpcodec.stream.events import Overrun
from rtpcodec.stream.memory_budget import FREE_OCTETS as _FREE_OCTETS, GRAIN_OCTETS as _GRAIN_OCTETS, OctetLimit
from rtpcodec.stream.event_octets import AUDIO_OCTETS as _AUDIO_OCTETS, octets_of

MAX_AUDIO_MS = 5000.0
MAX_OTHER_EVENTS = 1000
MAX_OCTETS = 64 * 1024 * 1024

cdef Py_ssize_t MOST_OTHERS = MAX_OTHER_EVENTS
cdef Py_ssize_t OF_AUDIO = _AUDIO_OCTETS
cdef Py_ssize_t FREE = _FREE_OCTETS    # at most MAX_OCTETS: this much fits without the account


@cython.final
@cython.auto_pickle(False)
cdef class EventQueue:
    """First-in, first-out queue. Beyond a limit it drops the oldest event and records the loss as one Overrun.

    Audio is limited by its duration, other events by their number, and all together by their octets: by 64 MiB, and by
    the `account` of the endpoint's budget. Each step has constant cost. A single waiting chunk, as of a fast reader,
    needs no entry. Use from one thread at a time.

    Args:
        max_audio_ms: Limit on waiting audio.
        account: The call's account of the budget that all calls share; None: only this queue's limits apply.
    """

    def __cinit__(self, double max_audio_ms=MAX_AUDIO_MS, account=None):
        self._max_audio_ms = max_audio_ms
        self.account = account
        if account is not None:
            account.attach(self)

    def __len__(self):
        cdef Py_ssize_t found = self._only is not None
        if self._audio is not None:
            found += len(self._audio)
        if self._others is not None:
            found += len(self._others)
        return found + (self._overrun is not None)

    def put(self, event, /):
        """Add an event, and drop the oldest ones beyond a limit.

        The newest event is kept, unless it alone has more than FREE_OCTETS and the budget is used up.
        """
        if type(event) is Audio:
            self.put_audio(<Audio>event)
        else:
            self._put_other(event)

    cdef int put_audio(self, Audio audio) except -1:
        cdef Py_ssize_t octets = octets_of_audio(audio)
        self._place += 1
        if self._is_empty() and octets <= FREE:
            self._only = audio
            self.octets = octets
            return 0
        self._spill(self._place - 1)
        if self._audio is None:
            self._audio = deque()
        self._audio.append((self._place, audio, octets))
        self._audio_ms += audio.duration_ms
        while self._audio_ms > self._max_audio_ms and len(self._audio) > 1:
            self._drop_audio()
        self._count_held(octets)
        return 0

    cdef int _put_other(self, object event) except -1:
        cdef Py_ssize_t octets = octets_of(event)
        self._spill(self._place)
        self._place += 1
        if self._others is None:
            self._others = deque()
        self._others.append((self._place, event, octets))
        if len(self._others) > MOST_OTHERS:
            self._drop_other()
        self._count_held(octets)
        return 0

    cdef bint _is_empty(self) noexcept:
        return self._only is None and self._audio is None and self._others is None and self._overrun is None

    cdef int _spill(self, Py_ssize_t place) except -1:
        """Move the single waiting chunk into the queue, in its place."""
        if self._only is None:
            return 0
        self._audio = deque()
        self._audio.append((place, self._only, self.octets))
        self._audio_ms = self._only.duration_ms
        self._only = None
        return 0

    cdef int _count_held(self, Py_ssize_t octets) except -1:
        self.octets += octets
        if self.octets > FREE:
            if self._share is None:
                self._share = OctetLimit(MAX_OCTETS, self.account)
            if self.octets > self._share.limit_octets:
                self._make_room()
        return 0

    def pop(self):
        """Remove and return the oldest event. Raises IndexError if the queue is empty."""
        return self.popped()

    cdef object popped(self):
        cdef Py_ssize_t octets
        if self._only is not None:
            return self.taken_audio()
        if self._is_empty():
            raise IndexError("pop from an empty queue")
        if self._overrun is not None and self._is_before(self._overrun_place):
            overrun, self._overrun = self._overrun, None
            return overrun
        _, event, octets = self._oldest_entry()
        self.octets -= octets
        if self._share is not None and self.octets < self._share.low_octets:
            self._share.shrink(self.octets)
        return event

    cdef Audio taken_audio(self):
        """Remove and return the single waiting chunk; None if there is none, or other events wait as well."""
        cdef Audio only = self._only
        if only is not None:
            self._only = None
            self.octets = 0
            if self._share is not None and self._share.low_octets > 0:
                self._share.shrink(0)
        return only

    def waiting(self):
        """Return all events, the oldest first, and keep them in the queue."""
        if self._only is not None:
            return [self._only]
        entries = [*(self._audio or ()), *(self._others or ())]
        if self._overrun is not None:
            entries.append((self._overrun_place, self._overrun, 0))
        if self._others is not None or self._overrun is not None:
            entries.sort(key=place_of)
        return [event for _, event, _ in entries]

    def take_all(self):
        """Remove and return all events, the oldest first."""
        return self.taken()

    cdef list taken(self):
        cdef Audio only
        cdef list found
        only = self.taken_audio()
        if only is not None:
            return [only]
        if self._is_empty():
            return []
        found = self.waiting()
        self._audio = self._others = self._overrun = None
        self._audio_ms = 0.0
        self.octets = 0
        if self._share is not None and self._share.low_octets > 0:
            self._share.shrink(0)
        return found

    def shed(self, Py_ssize_t octets, /):
        """Drop the oldest events, because another call needs their octets. The newest event is kept.

        Returns: The octets of the share that were given back.
        """
        cdef Py_ssize_t until = self.octets - octets
        while self.octets > until and self._entries() > 1:
            self._drop_oldest()
        return 0 if self._share is None else self._share.shrink(self.octets)

    cdef int _make_room(self) except -1:
        """Drop the oldest events, unless the share grows. A single event stays if it has at most FREE_OCTETS."""
        if self._share.covers(self.octets):
            return 0
        # A little more than needed, so that there is space for the next event.
        cdef Py_ssize_t until = max(self._share.limit_octets - _GRAIN_OCTETS, FREE)
        while self.octets > until and self._entries() > 1:
            self._drop_oldest()
        if self.octets > self._share.limit_octets:
            self._drop_oldest()
        return 0

    cdef Py_ssize_t _entries(self) except -1:
        cdef Py_ssize_t found = 0 if self._audio is None else len(self._audio)
        return found if self._others is None else found + len(self._others)

    cdef bint _is_before(self, Py_ssize_t place) except -1:
        """Return whether all waiting events are after a place."""
        if self._audio is not None and self._audio[0][0] <= place:
            return False
        return self._others is None or self._others[0][0] > place

    cdef bint _audio_is_oldest(self) except -1:
        return self._audio is not None and (self._others is None or self._audio[0][0] < self._others[0][0])

    cdef tuple _oldest_entry(self):
        """Remove and return the oldest entry; an Overrun is not an entry."""
        return self._audio_entry() if self._audio_is_oldest() else self._other_entry()

    cdef tuple _audio_entry(self):
        cdef tuple entry = self._audio.popleft()
        self._audio_ms -= (<Audio>entry[1]).duration_ms
        if not self._audio:
            self._audio = None
            # Sums of floats drift, so an empty queue is set to exactly zero.
            self._audio_ms = 0.0
        return entry

    cdef tuple _other_entry(self):
        cdef tuple entry = self._others.popleft()
        if not self._others:
            self._others = None
        return entry

    cdef int _drop_oldest(self) except -1:
        if self._audio_is_oldest():
            return self._drop_audio()
        return self._drop_other()

    cdef int _drop_audio(self) except -1:
        place, event, octets = self._audio_entry()
        cdef double duration_ms = (<Audio>event).duration_ms
        self.dropped_ms += duration_ms
        self._count_drop(place, octets).dropped_ms += duration_ms
        return 0

    cdef int _drop_other(self) except -1:
        place, _, octets = self._other_entry()
        self._count_drop(place, octets)
        return 0

    cdef object _count_drop(self, Py_ssize_t place, Py_ssize_t octets):
        """Return the Overrun that counts a dropped event. The first drop puts it in the place of the dropped event."""
        self.octets -= octets
        self.dropped_events += 1
        if self._overrun is None:
            self._overrun = Overrun()
            self._overrun_place = place
        self._overrun.dropped_events += 1
        return self._overrun


cdef inline Py_ssize_t octets_of_audio(Audio audio) noexcept:
    return PyBytes_GET_SIZE(audio.payload) + PyBytes_GET_SIZE(audio.pcm) + OF_AUDIO


def place_of(entry):
    """Return the place of an entry."""
    return entry[0]
