"""The bounded queue of events: see event_queue."""
cimport cython

from collections import deque

from rtpcodec.stream._audio cimport Audio

from rtpcodec.stream.events import Overrun
from rtpcodec.stream.held import FREE_OCTETS, GRAIN_OCTETS, Share
from rtpcodec.stream.octets import AUDIO_OCTETS, octets_of

MAX_AUDIO_MS = 5000.0
MAX_OTHER_EVENTS = 1000
MAX_OCTETS = 64 * 1024 * 1024

cdef Py_ssize_t MOST_OTHERS = MAX_OTHER_EVENTS
cdef Py_ssize_t OF_AUDIO = AUDIO_OCTETS


@cython.final
@cython.auto_pickle(False)
cdef class EventQueue:
    """First-in, first-out queue. Beyond a limit it drops the oldest event and records the loss as one Overrun.

    max_audio_ms: audio that may wait.
    account: the call's account of the budget that all calls share; None: only this queue's own limits apply.

    Audio is limited by its duration, other events by their number, all together by their octets: by 64 MiB, and by
    what an `account` of the endpoint's budget grants. Each step costs the same, however many events wait. Use from one
    thread at a time.
    """

    def __cinit__(self, double max_audio_ms=MAX_AUDIO_MS, account=None):
        self._max_audio_ms = max_audio_ms
        self._audio = deque()
        self._others = deque()
        self.account = account
        self._share = Share(MAX_OCTETS, account)
        if account is not None:
            account.attach(self)

    def __len__(self):
        return len(self._audio) + len(self._others) + (self._overrun is not None)

    def put(self, event, /):
        """Add an event, and drop the oldest ones beyond a limit.

        The newest event is kept, unless it alone has more than FREE_OCTETS and the budget has none left.
        """
        if type(event) is Audio:
            self.put_audio(<Audio>event)
        else:
            self._put_other(event)

    cdef int put_audio(self, Audio audio) except -1:
        cdef Py_ssize_t octets = len(audio.payload) + len(audio.pcm) + OF_AUDIO
        self._place += 1
        self._audio.append((self._place, audio, octets))
        self._audio_ms += audio.duration_ms
        while self._audio_ms > self._max_audio_ms and len(self._audio) > 1:
            self._drop_audio()
        self.octets += octets
        if self.octets > self._share.limit_octets:
            self._make_room()
        return 0

    cdef int _put_other(self, object event) except -1:
        cdef Py_ssize_t octets = octets_of(event)
        self._place += 1
        self._others.append((self._place, event, octets))
        if len(self._others) > MOST_OTHERS:
            self._drop_other()
        self.octets += octets
        if self.octets > self._share.limit_octets:
            self._make_room()
        return 0

    def pop(self):
        """Remove and return the oldest event. Raises IndexError if the queue is empty."""
        cdef Py_ssize_t octets
        audio, others = self._audio, self._others
        if self._overrun is not None and self._is_before(self._overrun_place):
            overrun, self._overrun = self._overrun, None
            return overrun
        if audio and not (others and others[0][0] < audio[0][0]):
            _, event, octets = audio.popleft()
            # Sums of floats drift, so an empty queue is set to exactly zero.
            self._audio_ms = self._audio_ms - (<Audio>event).duration_ms if audio else 0.0
        else:
            _, event, octets = others.popleft()
        self.octets -= octets
        if self.octets < self._share.low_octets:
            self._share.shrink(self.octets)
        return event

    def waiting(self):
        """Return all events, the oldest first, which stay in the queue."""
        if not self._others and self._overrun is None:
            return [event for _, event, _ in self._audio]
        entries = [*self._audio, *self._others]
        if self._overrun is not None:
            entries.append((self._overrun_place, self._overrun, 0))
        entries.sort(key=place_of)
        return [event for _, event, _ in entries]

    def take_all(self):
        """Remove and return all events, the oldest first."""
        return self.taken()

    cdef list taken(self):
        cdef list found = self.waiting()
        self._others.clear()
        self._overrun = None
        self._audio.clear()
        self._audio_ms = 0.0
        self.octets = 0
        if self._share.low_octets > 0:
            self._share.shrink(0)
        return found

    def shed(self, Py_ssize_t octets, /):
        """Drop the oldest events, because another call needs their octets; the newest event is kept.

        Returns: how many octets of the share were given back.
        """
        cdef Py_ssize_t until = self.octets - octets
        while self.octets > until and len(self._audio) + len(self._others) > 1:
            self._drop_oldest()
        return self._share.shrink(self.octets)

    cdef int _make_room(self) except -1:
        """Drop the oldest events, unless the share grows. A single event stays if it has at most FREE_OCTETS."""
        if self._share.covers(self.octets):
            return 0
        # A little more than needed, so that the next event has room.
        cdef Py_ssize_t until = max(self._share.limit_octets - GRAIN_OCTETS, FREE_OCTETS)
        while self.octets > until and len(self._audio) + len(self._others) > 1:
            self._drop_oldest()
        if self.octets > self._share.limit_octets:
            self._drop_oldest()
        return 0

    cdef bint _is_before(self, Py_ssize_t place) except -1:
        """Whether all events that wait come after a place."""
        return not ((self._audio and self._audio[0][0] <= place) or (self._others and self._others[0][0] <= place))

    cdef int _drop_oldest(self) except -1:
        if self._audio and not (self._others and self._others[0][0] < self._audio[0][0]):
            return self._drop_audio()
        return self._drop_other()

    cdef int _drop_audio(self) except -1:
        place, event, octets = self._audio.popleft()
        cdef double duration_ms = (<Audio>event).duration_ms
        self._audio_ms = self._audio_ms - duration_ms if self._audio else 0.0
        self.dropped_ms += duration_ms
        self._count_drop(place, octets).dropped_ms += duration_ms
        return 0

    cdef int _drop_other(self) except -1:
        place, _, octets = self._others.popleft()
        self._count_drop(place, octets)
        return 0

    cdef object _count_drop(self, Py_ssize_t place, Py_ssize_t octets):
        """The Overrun that counts a dropped event. The first drop puts it in the place of what it drops."""
        self.octets -= octets
        self.dropped_events += 1
        if self._overrun is None:
            self._overrun = Overrun()
            self._overrun_place = place
        self._overrun.dropped_events += 1
        return self._overrun


def place_of(entry):
    """The place of an entry."""
    return entry[0]
