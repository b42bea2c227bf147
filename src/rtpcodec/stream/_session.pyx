"""The fast path of a MediaSession: an ordinary message in one native call, others by its Python methods."""
cimport cython
from libc.math cimport INFINITY

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream.diagnosis._watch_states cimport WatchState

from rtpcodec.stream.connection import State

cdef object STREAMING = State.STREAMING


@cython.auto_pickle(False)
cdef class SessionFastPath:
    """The base of MediaSession: the methods that each message passes."""

    def receive(self, text, double now_ms):
        """Feed one WebSocket message, as str or UTF-8 octets. It never raises: a broken one becomes Malformed."""
        self.take_text(text, now_ms)

    def events(self, double now_ms):
        """Remove and return the events since the last call, those caused by time alone included.

        Time alone lets a mark time out, and ends the wait for a missing chunk or for an earlier key.
        """
        return self.take_events(now_ms)

    def play(self, pcm, pcm_hz=None, note=None):
        """Queue mono PCM of int16 or float32. In mode mp3 it is collected until `flush` encodes one file.

        Args:
            pcm: Mono PCM in native byte order, or an Audio with its rate. An Audio that was not decoded plays nothing.
            pcm_hz: Rate of the PCM; None: send_pcm_hz. Chunks of one rate are joined without a seam until `flush`.
            note: Any value, such as the words of this chunk: see Reply.last_note_played.

        Raises, and queues nothing:
            QueueFull: More than max_queue_ms would wait.
            StreamEnded: The stream has ended.
            ValueError, TypeError: It is not 16-bit or float32 PCM, the rate cannot be resampled or is not the Audio's.
            MissingExtra: No MP3 encoder is installed, in mode mp3.
        """
        self.take_pcm(pcm, pcm_hz, note)

    def outgoing(self, double now_ms):
        """Encode, remove and return all messages that are due. Before `start` and after the end the list is empty."""
        return self.take_texts(now_ms, True)

    def outgoing_part(self, double now_ms):
        """Return due messages for about 3 ms of encoding; `next_deadline_ms` is in the past if others are due.

        For event loops: `outgoing` encodes all due messages, which is the whole queue if lead_ms is None.
        """
        return self.take_texts(now_ms, False)

    @property
    def next_deadline_ms(self):
        """When to call `outgoing` and `events` next; minus infinity: now; None: not before another method is called."""
        cdef double due_ms = self.due_ms()
        return None if due_ms == INFINITY else due_ms

    @property
    def account(self):
        """The session's account of the budget; None: it has no budget."""
        return None if self._events is None else self._events.account

    cdef int take_text(self, object text, double now_ms) except -1:
        if self._receive_path is None or self._inputs is not None or not self._receive_path.take(text, now_ms):
            self._receive(text, now_ms)
        return 0

    cdef list take_events(self, double now_ms):
        cdef list taken
        if (
            self._receive_path is None or self._inputs is not None or self._incoming.changed
            or self._incoming.due_ms() <= now_ms
        ):
            return self._find_events(now_ms)
        if self._send_path is None or not self._send_path.quiet(now_ms):
            expired = self._sending.expired(now_ms)
            if expired:
                self._put(expired)
        self.sending_has_events = False
        taken = self._events.taken()
        return taken if self._sinks is None else self._seen(taken, now_ms)

    cdef list _seen(self, list taken, double now_ms):
        cdef WatchState watch = self._sinks.only_watch()
        cdef list seen = taken
        cdef Py_ssize_t i
        if watch is None:
            return self._passed(self._sinks, taken, now_ms)
        for event in taken:
            if type(event) is not Audio:
                return self._passed(self._sinks, taken, now_ms)
        for i in range(len(taken)):
            found = watch.look(<Audio>taken[i], now_ms)
            if found:
                if seen is taken:
                    seen = taken[:i + 1]
                else:
                    seen.append(taken[i])
                seen.extend(found)
            elif seen is not taken:
                seen.append(taken[i])
        if watch.over:
            self._end_watch()
        return seen

    cdef int take_pcm(self, object pcm, object pcm_hz, object note) except -1:
        if self._send_path is None or not self._send_path.play(pcm, pcm_hz, note):
            self._play(pcm, pcm_hz, note)
        return 0

    cdef list take_texts(self, double now_ms, bint whole):
        cdef list texts
        if self._send_path is None or self._inputs is not None or self._connection.state is not STREAMING:
            return self._release(now_ms, whole)
        texts = self._send_path.due(now_ms, whole)
        if texts:
            self._counts.messages_sent += len(texts)
        if self._send_path.parts.reports:
            self._put(self._speech.take_reports())
            self.sending_has_events = True
        return texts

    cdef double due_ms(self) except? -1.0:
        cdef double due_ms
        if self._send_path is None or self._connection.state is not STREAMING:
            found = self._find_deadline()
            return INFINITY if found is None else found
        due_ms = min(self._send_path.due_ms(), self._incoming.due_ms())
        # The search for faults has no deadlines.
        if self._sinks is None or self._sinks.only_watch() is not None:
            return due_ms
        return min(due_ms, <double>self._sinks.deadline_ms)
