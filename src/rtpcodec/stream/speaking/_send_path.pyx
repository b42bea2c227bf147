"""The native path of sending: writes the texts that are due in one call, on the state of the Python classes.

An ordinary message is one frame of a speaking reply without marks. Everything else is a step of the Python classes: a
mark, sound between replies, a check of the send gate. docs/adr/0031-native-path.md gives the reasons.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.kernels.media_text cimport MediaText
from rtpcodec.stream.speaking._states cimport (
    PAST, PAST_RUNS, UNACKNOWLEDGED, PING, FarEndState, OwnMarksState, ReleaserState, ReplyFields, ReplyQueueState,
    Span,
)

from rtpcodec.stream.items import Kind
from rtpcodec.stream.level_meter import EVERY_MS as _EVERY_MS
from rtpcodec.stream.speaking.chunking import STEP_MS as _STEP_MS
from rtpcodec.stream.unsent_marks import NOWHERE as _LAST_PLACE

cdef enum:
    # Constants of the Python classes: a test compares them.
    OWN_STALL = 100         # OWN_STALL_MS of `releasing`
    DRY = 200               # DRY_MS of `resolving`
    BEGIN = 2000            # BEGIN_MS of `own_marks`
    BEGIN_MARKS = 4         # BEGIN_MARKS_PER_S
    MARKS = 2               # MARKS_PER_S
    LIMIT = 1000            # LIMIT_MS
    WIRE = 40               # WIRE_OCTETS of `send_gate`

cdef int64_t NOWHERE = _LAST_PLACE    # a C variable: an enum is an int
cdef object READY = Kind.READY


@cython.final
@cython.auto_pickle(False)
cdef class Form:
    """The form of one stream's messages, by its codec and settings."""

    def __cinit__(self, parts):
        packing, settings = parts.packing, parts.settings
        self.packing = packing
        self.dialect = parts.dialect
        self.coding = packing.coding
        self.frame_samples = packing.frame_samples
        self.sample_rate_hz = packing.sample_rate_hz
        self.level_samples = int(_EVERY_MS * packing.sample_rate_hz / 1000)
        self.frame_octets = 0 if packing.coding is None else self.frame_samples * packing.unit_octets
        self.frame_ms = self.frame_samples * 1000 / <double>self.sample_rate_hz
        self.is_paced = settings.lead_ms is not None
        self.lead_ms = max(settings.lead_ms, self.frame_ms) if self.is_paced else INFINITY
        self.turn_ms = packing.turn_ms
        self.is_plain = (
            packing.unit_samples is not None and settings.send_chunk_ms == _STEP_MS and not settings.prebuffer_ms
        )


cdef MediaText text_of(object head, object tail, object coding):
    """Return the writer of texts with a head and a tail. Calls share the last one: most dialects need only one."""
    global last_text
    cdef MediaText text = last_text
    if text is None or text.head != head or text.tail != tail or text.coding != coding:
        last_text = text = MediaText(head, tail, coding)
    return text

cdef MediaText last_text = None


@cython.final
@cython.auto_pickle(False)
cdef class SendPath:
    """Sends the ordinary messages of one stream. Use from one thread at a time.

    parts, releaser, resolver, stopper, feedback: of the stream's chain, whose state it shares.
    """

    def __cinit__(self, parts, releaser, resolver, stopper, feedback):
        self.parts = parts
        self.far_end = parts.far_end
        self.echoes = parts.echoes
        self.own_marks = parts.own_marks
        self.order = parts.order
        self.sent_audio = parts.sent_audio
        self.idle = parts.idle
        self.gate = parts.gate
        self.releaser = releaser
        self.resolver = resolver
        self.stopper = stopper
        self.feedback = feedback
        self.form = Form(parts)
        self._begin_stream()

    def follow(self):
        """Switch to the current dialect of the parts."""
        self.form = Form(self.parts)
        self._begin_stream()

    def _begin_stream(self):
        """Build the head and tail of the texts, which hold the id of the stream."""
        self.stream_id = self.releaser.stream_id
        found = self.form.dialect.media_texts(self.stream_id)
        self.text = None if found is None else text_of(found[0], found[1], self.form.coding)

    cdef bint play(self, object pcm, object pcm_hz, object note) except -1:
        cdef ReplyFields reply = self.order.implicit
        return reply is not None and reply.take_pcm(pcm, pcm_hz, note)

    # Texts

    cdef list due(self, double now_ms, bint at_once):
        cdef ReleaserState releaser = self.releaser
        cdef double left_ms = INFINITY if at_once else self.form.turn_ms
        cdef list texts
        if (
            not self.form.is_plain or not self.form.is_paced or self.parts.paused or releaser.clear
            or self.parts.sent_sinks or now_ms - releaser.expected_ms >= OWN_STALL
        ):
            texts = releaser.due(now_ms, left_ms)
        else:
            if releaser.stream_id is not self.stream_id:
                self._begin_stream()
            texts = []
            releaser.expected_ms = INFINITY
            self.send(texts, now_ms, left_ms)
        if self.order.moved:
            self.resolver.resolve(now_ms)
        return texts

    cdef ReplyFields turn(self):
        """Return the reply whose turn it is: see ReplyOrder.current."""
        cdef ReplyFields first = self.order.only()
        if first is None:
            if not self.order.waiting:
                return None
            first = self.order.waiting[0]
        if (
            not first.closed or first.queue.waiting_samples or first.more_follows
            or first.marks.first_position != NOWHERE
        ):
            return first
        return self.order.current

    cdef int send(self, list texts, double now_ms, double left_ms) except -1:
        """Add all texts that are due: see Releaser.send, which takes over at a step that is not ordinary."""
        cdef FarEndState far_end = self.far_end
        cdef double due_ms
        cdef ReplyFields reply = self.turn()
        while True:
            if reply is not None and reply.closed:
                reply = self.turn()
            # 1. Marks, and sound between replies: the Python step, apart from own marks that are due.
            if reply is not None and reply.marks.first_position != NOWHERE:
                break
            if now_ms >= self.own_marks.wanted_ms:
                self.releaser._send_own_mark(now_ms, texts)
                continue
            if reply is None or reply.queue.waiting_samples < self.form.frame_samples:
                if reply is not None:
                    reply.ran_empty = True
                if self.idle.silent:
                    return 0
                break
            # 2. A message of the reply.
            if left_ms <= 0:
                return 0
            due_ms = far_end.remote_end_ms + self.form.frame_ms - self.form.lead_ms
            if now_ms < due_ms:
                self.releaser.expected_ms = due_ms
                return 0
            if not self.idle.silent or not self.gate.is_open(far_end.sent_position, far_end.jitter.round_trips):
                break
            self.say(reply, now_ms, texts)
            left_ms -= self.form.frame_ms
        self.releaser.send(texts, now_ms, left_ms)
        return 0

    cdef int say(self, ReplyFields reply, double now_ms, list texts) except -1:
        """Take, encode and send one message of a reply: see Releaser._send."""
        cdef FarEndState far_end = self.far_end
        cdef ReleaserState releaser = self.releaser
        cdef ReplyQueueState queue = reply.queue
        cdef int64_t samples = self.form.frame_samples
        cdef int64_t position = far_end.sent_position
        cdef int64_t content = queue.taken_samples
        cdef object audio
        cdef str text
        # 1. Where does the message belong?
        if reply.ran_empty:
            if reply is self.order.implicit and now_ms >= far_end.remote_end_ms + DRY:
                releaser._after_empty(reply, now_ms)
            reply.ran_empty = False
        if reply.state == "queued":
            reply.state = "speaking"
            self.own_marks._begins = True
            self.own_marks.next_position = 0
        reply.spans.put(position, content, samples)
        # 2. Take and encode it.
        audio = self.take(queue)
        self.sent_audio.keep(position, samples, content, reply, audio)
        if position >= releaser.level.due:
            releaser.level.measure(
                audio if PyBytes_CheckExact(audio) else ready_of(audio), position + self.form.level_samples
            )
        text = self.write(audio)
        # 3. Record it.
        far_end.record(samples, now_ms)
        releaser.last_sent_ms = now_ms
        releaser.media_sent += 1
        if self.gate.backlog is not None:
            self.gate._unread_octets += PyUnicode_GET_LENGTH(text) + WIRE
            self.gate._message_ms = self.form.frame_ms
            self.gate._ms_per_octet = self.form.frame_ms / <double>PyUnicode_GET_LENGTH(text)
        texts.append(text)
        if self.own_marks.enabled:
            self.prove(reply, now_ms, texts)
        return 0

    cdef object take(self, ReplyQueueState queue):
        """Remove one frame. Returns: PCM at the codec's rate, or a list of pieces."""
        cdef Py_ssize_t octets = 2 * self.form.frame_samples
        if queue._front or queue._queue._kind is not READY or queue._queue.first_left() < octets:
            pieces = queue.take(self.form.frame_samples)
            return pieces[0][1] if len(pieces) == 1 and pieces[0][0] is READY else pieces
        queue.waiting_samples -= self.form.frame_samples
        queue.taken_samples += self.form.frame_samples
        if queue.kept_samples:
            queue.kept_samples = max(<int64_t>0, queue.kept_samples - self.form.frame_samples)
        return queue._queue.taken(octets)

    cdef str write(self, object audio):
        """Return the text of a message, and count its payload."""
        cdef bytes pcm, payload
        if self.form.coding is not None and self.text is not None and PyBytes_CheckExact(audio):
            pcm = <bytes>audio
            self.releaser.octets_sent += self.form.frame_octets
            return self.text.of_samples(<const uint8_t*>PyBytes_AS_STRING(pcm), self.form.frame_samples)
        payload = self.form.packing.encode([(READY, audio)] if PyBytes_CheckExact(audio) else audio)
        self.releaser.octets_sent += PyBytes_GET_SIZE(payload)
        if self.text is None:
            return self.form.dialect.media_text(payload, self.stream_id)
        return self.text.of_octets(<const uint8_t*>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))

    # Own marks

    cdef int prove(self, ReplyFields reply, double now_ms, list texts) except -1:
        """Send an own mark behind the message of a reply, if one is wanted there."""
        cdef int64_t position = self.far_end.sent_position
        cdef bint last = reply.queue.waiting_samples == 0 and (
            (reply.closed and not reply.more_follows)
            or len(self.order.waiting) == 1
            or self.order.last_with_audio is None
        )
        if (last or position >= self.own_marks.next_position) and self.wants_mark(position, now_ms, last):
            self.releaser._send_own_mark(now_ms, texts)
        return 0

    cdef bint wants_mark(self, int64_t position, double now_ms, bint last) except -1:
        """Return whether an own mark is due behind a message: see OwnMarks.wanted."""
        cdef OwnMarksState own = self.own_marks
        cdef int64_t allowed, sent
        cdef double earlier_ms
        if position == own._last_position:
            return False
        if own._begins:
            own._begins = False
            own._reply_position = own._last_position
        allowed = BEGIN_MARKS if <double>(position - own._reply_position) * own._ms_per_sample < BEGIN else MARKS
        allowed >>= own._complaints
        sent = len(own._sent_ms)
        if sent >= allowed:
            earlier_ms = own._sent_ms[sent - allowed] if allowed else own._sent_ms[0]
            if now_ms < earlier_ms + LIMIT:
                if last:
                    own.wanted_ms = earlier_ms + LIMIT
                return False
        return True

    # Deadlines

    cdef double due_ms(self) except? -1.0:
        cdef double next_ms = INFINITY
        cdef double event_ms
        cdef ReplyFields reply, implicit = self.order.implicit
        # 1. Does the Python side have work, or must it compute the deadline?
        if self.releaser.clear or self.parts.reports or self.order.moved:
            return -INFINITY
        if (
            self.parts.paused or not self.form.is_plain or not self.form.is_paced or not self.idle.silent
            or (implicit is not None and implicit.on_end is not None) or self.has_marks()
        ):
            return self.slow_due_ms()
        # 2. Texts.
        reply = self.turn()
        if self.order.moved:
            return -INFINITY
        if reply is not None and reply.queue.waiting_samples >= self.form.frame_samples:
            next_ms = self.far_end.remote_end_ms + self.form.frame_ms - self.form.lead_ms
        next_ms = max(min(next_ms, self.own_marks.wanted_ms), self.gate.look_ms)
        # 3. Events.
        event_ms = min(self.stopper.next_ms, self.resolver._next_ms)
        return min(next_ms, event_ms, self.echoes.deadline_ms)

    cdef double slow_due_ms(self) except? -1.0:
        cdef double next_ms = self.releaser.next_ms
        found = self.feedback.event_deadline_ms
        return next_ms if found is None else min(next_ms, <double>found)

    cdef bint has_marks(self) except -1:
        """Return whether a user mark waits to be sent."""
        cdef ReplyFields only = self.order.only()
        if only is not None:
            return only.marks.first_position != NOWHERE
        for one in self.order.waiting:
            if (<ReplyFields>one).marks.first_position != NOWHERE:
                return True
        return False

    cdef bint quiet(self, double now_ms) except -1:
        if self.parts.reports or self.order.moved or now_ms >= self.stopper.next_ms or now_ms >= self.resolver._next_ms:
            return False
        if now_ms >= self.echoes.deadline_ms:
            return False
        if self.order.implicit is not None and now_ms >= self.implicit_ms():
            return False
        return not self.has_marks()

    cdef double implicit_ms(self) except? -1.0:
        """Return when the implicit reply has ended by time, at the earliest: see Resolver.implicit_ms."""
        cdef ReplyFields reply = self.order.implicit
        cdef Span last
        if reply.on_end is None and not reply.ran_empty:
            return INFINITY
        if reply.state != "speaking" or self.parts.paused or reply.queue.waiting_samples or reply.more_follows:
            return INFINITY
        if reply.marks.first_position != NOWHERE or not reply.spans._spans:
            return -INFINITY
        last = reply.spans._spans[len(reply.spans._spans) - 1]
        return self.far_end.played_by(last.start + last.samples) + (0 if reply.on_end is not None else DRY)


cdef bytes ready_of(list pieces):
    """Return the PCM of a message. The level of payloads that the user encoded is unknown."""
    return b"".join([octets for kind, octets in pieces if kind is READY])


NUMBERS = (OWN_STALL, DRY, BEGIN, BEGIN_MARKS, MARKS, LIMIT, WIRE, UNACKNOWLEDGED, PAST_RUNS, PAST, PING)
