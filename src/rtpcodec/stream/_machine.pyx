"""The fast path of a call's machine: the methods that each message passes. See machine."""
cimport cython
from libc.math cimport INFINITY

from rtpcodec.stream.speaking._send_path cimport SendPath

from rtpcodec.stream.events import Stopped

cdef double SOON_MS = 1.0    # from sending to the next `events`, if sending has caused events


@cython.auto_pickle(False)
cdef class PlaysState:
    """The fields of Plays that each message reads."""

    cdef bint play_at_once(self):
        """Return whether audio outside replies goes directly to the session, because no other audio waits before it."""
        return self.refusal is None and self._implicit is None and not self._queues


@cython.auto_pickle(False)
cdef class MachineFastPath:
    """The base of CallMachine: the methods that each message passes."""

    def receive(self, text, double now_ms):
        """Feed one text message, as str or UTF-8 octets."""
        self.take_text(text, now_ms)

    def events(self, double now_ms):
        """Remove and return the events since the last call, those of time alone included. Stopped is the last one."""
        return self.take_events(now_ms)

    def outgoing(self, double now_ms):
        """Refill the session's queue from `plays`, and remove and return texts that are due.

        Every other call waits while this one encodes. So this returns only a part of the due texts if all of them
        would take more than 5 ms, and then `next_deadline_ms` is in the past.
        """
        return self.take_texts(now_ms)

    @property
    def next_deadline_ms(self):
        """When to call `events` and `outgoing` next. May be too early, never too late; None: not before a change."""
        cdef double due_ms = self.due_ms()
        return None if due_ms == INFINITY else due_ms

    @cython.nonecheck(True)
    cdef int take_text(self, object text, double now_ms) except -1:
        self._last_frame_ms = now_ms
        self.session.take_text(text, now_ms)
        return 0

    @cython.nonecheck(True)
    cdef list take_events(self, double now_ms):
        # 1. Has a time-out passed? It may end the session.
        if now_ms >= self._watch_ms or now_ms >= self._cut_ms:
            self._check_time(now_ms)
        # 2. The session's events.
        cdef list found = self.session.take_events(now_ms)
        self._event_ms = INFINITY
        # 3. Has the session ended? Drop waiting audio, and close the socket.
        if found and type(found[len(found) - 1]) is Stopped:
            self._watch_ms = INFINITY
            self.plays.drop()
            self._stopped(found[len(found) - 1], now_ms)
        return found

    @cython.nonecheck(True)
    cdef list take_texts(self, double now_ms):
        cdef PlaysState plays = self.plays
        # 1. Does the socket accept texts? 2. Refill the session's queue.
        if self.paused:
            return []
        if plays._implicit is not None or plays._queues:
            plays.feed()
        # 3. Encode due audio. 4. Enough audio since the last ping? Then send one.
        cdef list texts = self.session.take_texts(now_ms, False)
        if texts and self._speech is not None and self.may_ping():
            ping = self._speech.ping(now_ms)
            if ping is not None:
                self.ping = ping
        # 5. Events that sending has caused are returned by the next `events`.
        self._event_ms = now_ms + SOON_MS if self.session.sending_has_events else INFINITY
        return texts

    cdef bint may_ping(self):
        """Return whether a ping is due, because enough audio was sent since the last one."""
        cdef SendPath path = self.session._send_path
        return path is None or path.gate.is_ping_due(path.far_end.sent_position)

    @cython.nonecheck(True)
    cdef double due_ms(self) except? -1.0:
        cdef PlaysState plays = self.plays
        cdef double session_ms
        if self.paused:
            found = self.session.event_deadline_ms
            session_ms = INFINITY if found is None else found
        elif (plays._implicit is not None or plays._queues) and plays.can_feed:
            session_ms = -INFINITY
        else:
            session_ms = self.session.due_ms()
        return min(self._watch_ms, self._cut_ms, self._event_ms, session_ms)
