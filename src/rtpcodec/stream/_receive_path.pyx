"""The receive direction of the fast path: the text of an ordinary `media` message to one Audio, in one native call.

A message is ordinary if it is the next one of its track in a stream without silence, missing or doubtful numbers, and
its payload is samples. Other messages that the scanner reads continue as a Media, without parsing their text again. The
steps of an ordinary chunk are methods of states, which the Python classes share: see _receive_states.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t

from rtpcodec.audio.resample cimport Resampler
from rtpcodec.codecs._stateless cimport StatelessDecoder
from rtpcodec.kernels._blocks cimport run
from rtpcodec.kernels.base64 cimport base64_decode_block, base64_octets
from rtpcodec.kernels.media_scan cimport MediaFields, MediaScanner
from rtpcodec.rtp._window cimport WindowState, digest_of
from rtpcodec.stream._audio cimport new_audio
from rtpcodec.stream._event_queue cimport EventQueue
from rtpcodec.stream._receive_states cimport (
    BY_CHUNK, NO_COUNTER, ChainState, ClockState, ConnectionState, CountState, IncomingState, OrderState, StallState,
    TrackState,
)

from rtpcodec.audio.file_headers import FILE_STARTS as _FILE_STARTS
from rtpcodec.stream import media_time
from rtpcodec.stream.connection import State
from rtpcodec.stream.level_meter import EVERY_MS as _EVERY_MS
from rtpcodec.stream.messages import Media

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void* PyUnicode_DATA(object text)
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t n, const char* errors)

cdef enum:
    SCRATCH_SAMPLES = 2048    # decoded on the stack before resampling; 128 ms at 16 kHz

cdef object STREAMING = State.STREAMING
cdef object STOPPED = State.STOPPED
cdef double LEVEL_EVERY_MS = _EVERY_MS
cdef double TOLERANCE_MS = media_time.TOLERANCE_MS
cdef double WRAP = media_time.WRAP
cdef int64_t MAX_EXACT = <int64_t>1 << 53    # timestamps from here on are not exact as double

cdef bint[256][256] IS_FILE_START
for _start in _FILE_STARTS:
    if len(_start) == 2:
        IS_FILE_START[<int>_start[0]][<int>_start[1]] = True


@cython.final
@cython.auto_pickle(False)
cdef class ReceivePath:
    """The native receive path of one session. Use from one thread at a time.

    Args:
        scanner: The scanner of the session's dialect.
        incoming: The receive direction of the session; it handles messages that are not ordinary.
        events: The queue of events that both fill.
    """

    def __cinit__(self, MediaScanner scanner not None, IncomingState incoming not None, EventQueue events not None):
        self._scanner = scanner
        self._incoming = incoming
        self._events = events

    cdef bint take(self, object text, double now_ms) except -1:
        cdef MediaFields fields
        cdef bytes payload
        cdef str name
        if self._incoming._connection.state is STOPPED:
            return False
        payload = self._read(text, &fields)
        if payload is None:
            return False
        name = self._track_name(&fields)
        if not self._take_next(name, payload, &fields, now_ms):
            self._incoming.receive_media(media_of(name, payload, &fields), now_ms)
        return True

    cdef bytes _read(self, object text, MediaFields* fields):
        """Return the payload of a `media` message, and set fields that point into its text; None: not readable."""
        if PyUnicode_CheckExact(text):
            if not PyUnicode_IS_COMPACT_ASCII(text):
                return None
            return self._payload(<const uint8_t*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), fields)
        if PyBytes_CheckExact(text):
            return self._payload(<const uint8_t*>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), fields)
        return None

    cdef bytes _payload(self, const uint8_t* text, Py_ssize_t n, MediaFields* fields):
        cdef Py_ssize_t octets
        cdef bytes payload
        if not self._scanner.scan(text, n, &self._shape, fields):
            return None
        octets = base64_octets(fields.payload, fields.payload_chars)
        if octets < 0:
            return None
        payload = PyBytes_FromStringAndSize(NULL, octets)
        if base64_decode_block(fields.payload, <uint8_t*>PyBytes_AS_STRING(payload), fields.payload_chars) != octets:
            return None
        return payload

    cdef str _track_name(self, const MediaFields* fields):
        """Return the name of the track; None if the message has none."""
        if fields.track_index >= 0:
            return <str>self._scanner.track_names[fields.track_index]
        if fields.track_chars == 0:
            return None
        return PyUnicode_DecodeASCII(<const char*>fields.track, fields.track_chars, NULL)

    cdef bint _take_next(self, str name, bytes payload, const MediaFields* fields, double now_ms) except -1:
        """Handle an ordinary chunk. Returns False, and changes nothing, if it is not ordinary."""
        cdef IncomingState incoming = self._incoming
        cdef ChainState chain = incoming.chain
        cdef StallState stalling = incoming.stalling
        cdef Py_ssize_t octets = PyBytes_GET_SIZE(payload)
        cdef OrderState order
        cdef TrackState track
        cdef WindowState window
        cdef double duration_ms
        # 1. Does the stream run, and was the socket not silent?
        if chain is None or incoming._connection.state is not STREAMING:
            return False
        if not now_ms - stalling.last_received_ms < stalling._limit_ms:
            return False
        # 2. A track of samples, with nothing missing before it? A payload of one octet may be the start of a file.
        track = chain.track_of(chain._default_track if name is None else name)
        if track is None:
            return False
        if (
            track.watched or track.lost_chunks != 0 or track.doubtful_chunks != 0 or octets < 2
            or not is_in_place(track.clock, fields.timestamp)
        ):
            return False
        duration_ms = track._ticks.length_ms(octets)
        if duration_ms == 0:
            return False
        # 3. The next number, or a stream whose order is that of arrival?
        order = chain._order
        found = next_window(order, track.name, fields)
        if found is False:
            return False
        window = None if found is None else <WindowState>found
        # 4. Count it: up to here nothing has changed, from here on it is not declined. 5. A file? Report it.
        self._count(fields, octets, now_ms)
        if chain.files.alert or IS_FILE_START[<uint8_t>payload[0]][<uint8_t>payload[1]]:
            for event in chain.files.look(name, payload):
                self._events.put(event)
        # 6. Advance the numbering. 7. Decode, and queue the Audio.
        order.facts.received += 1
        if window is not None:
            if window is order._shared:
                order._track_predictor.take_next(track.name, window.next_number)
            window.take_next(
                track.name, fields.timestamp, digest_of(<const uint8_t*>PyBytes_AS_STRING(payload), octets)
            )
        track.last_ms = duration_ms
        self._deliver(chain, track, payload, duration_ms, fields, now_ms)
        stalling.take_length(duration_ms)
        return True

    cdef void _count(self, const MediaFields* fields, Py_ssize_t octets, double now_ms) noexcept:
        """Count a valid message and its payload."""
        cdef ConnectionState connection = self._incoming._connection
        cdef CountState counts = self._incoming._counts
        self._incoming.stalling.last_received_ms = now_ms
        connection._malformed_in_a_row = 0
        connection._last_good_ms = now_ms
        connection.take_sequence(fields.sequence_number)
        counts.messages_received += 1
        counts.media_received += 1
        counts.octets_received += octets

    cdef int _deliver(
        self, ChainState chain, TrackState track, bytes payload, double duration_ms, const MediaFields* fields,
        double now_ms,
    ) except -1:
        """Decode a chunk and put its Audio in the queue."""
        cdef ClockState clock = track.clock
        cdef bytes pcm = pcm_of(track, payload) if track.decodes else b""
        if track is chain._default and clock.media_ms >= chain._level.due:
            chain._level.measure(pcm, clock.media_ms + LEVEL_EVERY_MS)
        audio = new_audio(
            track.name, payload, pcm, track.rate_hz, clock.media_ms, duration_ms, fields.chunk, fields.timestamp
        )
        if fields.timestamp >= 0 and not clock.is_ignored and <double>fields.timestamp != clock.next_timestamp:
            clock.change = None    # the timestamp was checked, and is as expected
        clock.take_chunk(fields.timestamp, now_ms, duration_ms)
        self._events.put_audio(audio)
        return 0

    def __reduce__(self):
        raise TypeError("a ReceivePath belongs to its session, it cannot be pickled or copied")


def receive_path_of(scanner, incoming, events):
    """Return the native receive path of a session; None if its dialect has no scanner."""
    return None if scanner is None else ReceivePath(scanner, incoming, events)


cdef object media_of(str name, bytes payload, const MediaFields* fields):
    """Return the message as the parser would return it."""
    return Media(
        payload,
        name,
        fields.chunk if fields.chunk >= 0 else None,
        fields.timestamp if fields.timestamp >= 0 else None,
        fields.sequence_number if fields.sequence_number >= 0 else None,
        None if fields.stream_id == NULL else PyUnicode_DecodeASCII(
            <const char*>fields.stream_id, fields.stream_id_chars, NULL
        ),
    )


cdef inline bint is_in_place(ClockState clock, int64_t timestamp) noexcept:
    """Return whether a chunk follows the previous one directly in media time, so that nothing is learnt from it."""
    cdef double step
    # 1. The first chunk? 2. No timestamp to check? 3. Unit unknown? Then it may be learnt from this chunk.
    if clock.media_ms == 0:
        return False
    if timestamp < 0 or clock.is_ignored:
        return True
    if not clock._units_per_ms > 0 or timestamp >= MAX_EXACT:
        return False
    # 4. As expected, with a tolerance for rounding?
    step = <double>timestamp - clock.next_timestamp
    if step == 0:
        return True    # the usual case, without a division
    if step < -WRAP / 2:
        step += WRAP
    return -TOLERANCE_MS < step / clock._units_per_ms < TOLERANCE_MS


cdef object next_window(OrderState order, str track, const MediaFields* fields):
    """Return the window whose next number a chunk has; None: the order of arrival counts; False: it is not in order."""
    cdef bint by_chunk = order.counter == BY_CHUNK
    cdef int64_t number = fields.chunk if by_chunk else fields.sequence_number
    cdef WindowState window
    # 1. No counter yet, or numbers that are ignored? Then the order of arrival counts.
    if order.counter == NO_COUNTER:
        return None if fields.chunk < 0 and fields.sequence_number < 0 else False
    if number < 0 or (len(order._ignored) != 0 and track in order._ignored):
        return None
    # 2. A known track, and its next number?
    found = order.tracks.get(track)
    if found is None:
        return False
    window = <WindowState>found
    if not window.is_next(number):
        return False
    # 3. Can no other track have this number?
    if window is order._shared or (by_chunk and (order.per_track or len(order.tracks) == 1)):
        return window
    return False


cdef bytes pcm_of(TrackState track, bytes payload):
    """Return the PCM of a payload of samples, at the rate of the track."""
    cdef uint8_t scratch[2 * SCRATCH_SAMPLES]
    cdef StatelessDecoder decoder
    cdef Py_ssize_t n
    cdef bytes pcm
    if not isinstance(track._made, StatelessDecoder):
        pcm = track._made.decode(payload)
    else:
        decoder = <StatelessDecoder>track._made
        n = PyBytes_GET_SIZE(payload) // decoder._octets
        if track.resampler is not None and n <= SCRATCH_SAMPLES:
            run(decoder._block, <const uint8_t*>PyBytes_AS_STRING(payload), scratch, n)
            decoder.heard(scratch, n, payload)
            return (<Resampler>track.resampler).of_samples(scratch, n)
        pcm = PyBytes_FromStringAndSize(NULL, 2 * n)
        run(decoder._block, <const uint8_t*>PyBytes_AS_STRING(payload), <uint8_t*>PyBytes_AS_STRING(pcm), n)
        decoder.heard(PyBytes_AS_STRING(pcm), n, payload)
    if track.resampler is None:
        return pcm
    return (<Resampler>track.resampler).of_samples(<const uint8_t*>PyBytes_AS_STRING(pcm), PyBytes_GET_SIZE(pcm) // 2)
