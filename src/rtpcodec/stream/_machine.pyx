"""The methods of a call's machine that each message meets: see machine."""
cimport cython
from libc.math cimport INFINITY

from rtpcodec.stream.speaking._send_path cimport SendPath

from rtpcodec.stream.events import Stopped

cdef double SOON_MS = 1.0    # until events that sending has caused are asked for


@cython.auto_pickle(False)
cdef class PlaysState:
    """The fields of Plays that each message meets."""

    cdef bint play_at_once(self):
        """Whether the session takes audio outside any reply directly: no other audio waits before it."""
        return self.refusal is None and self._implicit is None and not self._queues


@cython.auto_pickle(False)
cdef class MachineRoad:
    """The base of CallMachine that meets each message."""

    def receive(self, text, double now_ms):
        """Feed one text message, as str or UTF-8 octets."""
        self.take_text(text, now_ms)

    def events(self, double now_ms):
        """Remove and return the events since the last call, with those of time alone. Stopped, if any, is the last."""
        return self.take_events(now_ms)

    def outgoing(self, double now_ms):
        """Refill the session's queue from `plays`, and remove and return texts that are due.

        Encoding takes time, in which every other call waits. So this returns only part of what is due if all of it
        would take more than 5 ms, and `next_deadline_ms` is in the past then.
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
        # 1. Time-outs, which may end the session.
        if now_ms >= self._watch_ms or now_ms >= self._cut_ms:
            self._check_time(now_ms)
        # 2. The session's events.
        cdef list found = self.session.take_events(now_ms)
        self._event_ms = INFINITY
        # 3. The session has ended: nothing waits any more, and the socket is closed.
        if found and type(found[len(found) - 1]) is Stopped:
            self._watch_ms = INFINITY
            self.plays.drop()
            self._stopped(found[len(found) - 1], now_ms)
        return found

    @cython.nonecheck(True)
    cdef list take_texts(self, double now_ms):
        cdef PlaysState plays = self.plays
        if self.paused:
            return []
        if plays._implicit is not None or plays._queues:
            plays.feed()
        cdef list texts = self.session.take_texts(now_ms, False)
        if texts and self._speech is not None and self.may_ping():
            ping = self._speech.ping(now_ms)
            if ping is not None:
                self.ping = ping
        # Sending has caused events, which nobody has asked for yet.
        self._event_ms = now_ms + SOON_MS if self.session.sending_has_events else INFINITY
        return texts

    cdef bint may_ping(self):
        """Whether to ask for a ping: enough audio was sent since the last one."""
        cdef SendPath send_path = self.session._send_path
        return send_path is None or send_path.gate.is_ping_due(send_path.far_end.sent_position)

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
