"""Scanner for `media` messages: one flat object with one object inside, as text, straight to the members' places.

It takes the members in any order and any white space of JSON (RFC 8259), and declines everything else that JSON or
the carrier allows: escapes, non-ASCII, duplicates, unknown members, null, fractions, exponents. A declined message
costs its scan; the caller hands it to the parser, which is the definition. Two forms give the same members:

scan_any    walks through the text, member by member
scan_shape  compares the texts between the values with those of an earlier message of the stream

Neither looks at the characters of the payload, except for its closing quote. The caller must decode it as strict
base64: characters that are not base64, a quote or a backslash among them, mean that the scan was wrong.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memset

from rtpcodec.kernels._json_cursor cimport Cursor, Name, same, skip_space, take, take_digits, take_name, take_number

cdef enum:
    MAX_NAME_CHARS = 64      # of a name of the dialect; the longest in use has 29
    NO_LITERAL = 255
    AS_NUMBER = 8            # beside a kind: a JSON number, not digits in a string

# The members of a message. Those before EVENT are values, which a shape has kinds for.
cdef enum:
    SEQUENCE_NUMBER
    CHUNK
    TIMESTAMP
    TRACK
    PAYLOAD
    EVENT
    STREAM_ID
    MEDIA

cdef struct Value:
    const uint8_t* start
    const uint8_t* end
    uint8_t kind

cdef struct Values:
    Value places[MAX_VALUES]    # in the order of the text
    int count
    int members                 # one bit for each member that was found

cdef uint8_t PLAIN[256]         # 1: may stand in a string that is taken as it is


cdef void fill_plain() noexcept:
    """ASCII without control characters, quote and backslash.

    Brackets in strings count as depth in long messages (stream/wire/json_text.py), so they are left to the parser.
    """
    cdef int character
    for character in range(0x20, 0x80):
        PLAIN[character] = character not in b'"\\{['


fill_plain()


cdef inline bint take_string(Cursor* cursor, Name* string) noexcept nogil:
    """Read a string that stands for itself. False: anything else."""
    if not take(cursor, c'"'):
        return False
    string.text = cursor.at
    while cursor.at < cursor.end and PLAIN[cursor.at[0]]:
        cursor.at += 1
    string.chars = cursor.at - string.text
    if cursor.at == cursor.end or cursor.at[0] != c'"':
        return False
    cursor.at += 1
    return True


cdef inline void note(Values* values, uint8_t kind, const uint8_t* start, const uint8_t* end) noexcept nogil:
    """Remember where a value stands."""
    cdef Value* place = &values.places[values.count]
    place.start, place.end, place.kind = start, end, kind
    values.count += 1


cdef inline bint take_counter(Cursor* cursor, Values* values, uint8_t kind, int64_t* counter) noexcept nogil:
    """Read a counter, spelled as digits in a string or as a number. False: neither."""
    cdef const uint8_t* start
    skip_space(cursor)
    if cursor.at < cursor.end and cursor.at[0] == c'"':
        cursor.at += 1
        start = cursor.at
        counter[0] = take_digits(cursor)
        note(values, kind, start, cursor.at)
        if cursor.at == cursor.end or cursor.at[0] != c'"':
            return False
        cursor.at += 1
    else:
        start = cursor.at
        counter[0] = take_number(cursor)
        note(values, kind | AS_NUMBER, start, cursor.at)
    return counter[0] >= 0


cdef inline bint take_payload(Cursor* cursor, Values* values, MediaFields* fields) noexcept nogil:
    """Read a string up to its first quote."""
    cdef const uint8_t* quote
    if not take(cursor, c'"'):
        return False
    quote = <const uint8_t*>memchr(cursor.at, c'"', cursor.end - cursor.at)
    if quote == NULL:
        return False
    fields.payload, fields.payload_chars = cursor.at, quote - cursor.at
    note(values, PAYLOAD, cursor.at, quote)
    cursor.at = quote + 1
    return True


cdef inline bint take_first(Values* values, int member) noexcept nogil:
    """Count a member. False: it is a duplicate."""
    cdef int bit = 1 << member
    if values.members & bit:
        return False
    values.members |= bit
    return True


cdef inline void clear_fields(MediaFields* fields) noexcept nogil:
    memset(fields, 0, sizeof(MediaFields))
    fields.chunk = fields.timestamp = fields.sequence_number = fields.track_index = -1


@cython.final
@cython.auto_pickle(False)
cdef class MediaScanner:
    """The names of one carrier's `media` messages. Immutable; all sessions and threads share one.

    event, sequence_number, stream_id: names of members of the message.
    media: the value of the event's member, and the name of the member that holds the body.
    track, chunk, timestamp, payload: names of members of the body.
    track_names: the tracks as a session names them.
    long_track_names: other names of tracks, with the name that each stands for.
    max_octets: longer messages are declined.
    ValueError: a name that is empty, too long or not plain ASCII; two members of one name; wrong or too many tracks.
    """

    def __cinit__(
        self, *, str event not None, str sequence_number not None, str stream_id not None, str media not None,
        str track not None, str chunk not None, str timestamp not None, str payload not None,
        tuple track_names not None, dict long_track_names not None, Py_ssize_t max_octets,
    ):
        members = event, sequence_number, stream_id, media, track, chunk, timestamp, payload
        for names in (members[:4], members[4:]):
            if len(set(names)) != len(names):
                raise ValueError(f"members are {', '.join(names)}: all must differ")
        seen = [(name, name) for name in track_names] + list(long_track_names.items())
        if len(seen) > MAX_TRACK_NAMES:
            raise ValueError(f"there are {len(seen)} names of tracks, at most {MAX_TRACK_NAMES} are possible")
        for short in long_track_names.values():
            if short not in track_names:
                raise ValueError(f"long_track_names has {short!r}, track_names are {', '.join(track_names)}")
        self.track_names = track_names
        self.max_octets = max_octets
        self._texts = tuple([plain_octets(name) for name in (*members, *(name for name, _ in seen))])
        self._event = name_of(self._texts[0])
        self._sequence_number = name_of(self._texts[1])
        self._stream_id = name_of(self._texts[2])
        self._media = name_of(self._texts[3])
        self._track = name_of(self._texts[4])
        self._chunk = name_of(self._texts[5])
        self._timestamp = name_of(self._texts[6])
        self._payload = name_of(self._texts[7])
        self._known_tracks = len(seen)
        for place, (_, short) in enumerate(seen):
            self._tracks[place].seen = name_of(self._texts[8 + place])
            self._tracks[place].index = track_names.index(short)

    cdef bint scan(self, const uint8_t* text, Py_ssize_t n, MediaShape* shape, MediaFields* fields) noexcept nogil:
        """Find the members of a message of n octets. False: declined; the fields are then undefined.

        shape: of the same stream; it learns here. The fields point into the text, and into the scanner.
        """
        cdef Values values
        if n > self.max_octets:
            return False
        if shape.values and self.scan_shape(text, n, shape, fields):
            shape.misses = 0
            return True
        if not scan_any(self, text, n, fields, &values):
            return False
        # Learn from the first message, and then from ever fewer: a stream without one shape must not pay for it.
        if shape.misses & (shape.misses - 1) == 0:
            learn(shape, text, n, fields, &values)
        shape.misses += 1
        return True

    cdef bint scan_shape(
        self, const uint8_t* text, Py_ssize_t n, const MediaShape* shape, MediaFields* fields
    ) noexcept nogil:
        """Find the members of a message whose texts between the values are the learned ones."""
        cdef const uint8_t* literal = &shape.literals[0]
        cdef Cursor cursor
        cdef Py_ssize_t chars
        cdef int i
        clear_fields(fields)
        cursor.at, cursor.end = text, text + n
        for i in range(shape.values + 1):
            chars = shape.literal_chars[i]
            if cursor.end - cursor.at < chars or memcmp(cursor.at, literal, chars) != 0:
                return False
            if i == shape.stream_id_literal:
                fields.stream_id = cursor.at + shape.stream_id_at
                fields.stream_id_chars = shape.stream_id_chars
            cursor.at += chars
            literal += chars
            if i < shape.values and not take_value(self, &cursor, shape, i, fields):
                return False
        return cursor.at == cursor.end

    cdef void set_track(self, const uint8_t* text, Py_ssize_t chars, MediaFields* fields) noexcept nogil:
        """Set the track by the name in the text. An empty name is none."""
        cdef Name seen
        cdef int i
        if chars == 0:
            return
        seen.text, seen.chars = text, chars
        fields.track, fields.track_chars = text, chars
        for i in range(self._known_tracks):
            if same(&seen, &self._tracks[i].seen):
                fields.track_index = self._tracks[i].index
                fields.track = self._tracks[fields.track_index].seen.text
                fields.track_chars = self._tracks[fields.track_index].seen.chars
                return

    def __reduce__(self):
        raise TypeError("a MediaScanner is shared, not copied")

    def __repr__(self):
        return f"<MediaScanner of {self._texts[3].decode()!r} messages>"


cdef bytes plain_octets(object name):
    """A name as octets. ValueError: not a name that a text can hold as it is."""
    if not isinstance(name, str):
        raise TypeError(f"a name is of type {type(name).__name__}, str is needed")
    octets = name.encode()
    if not 0 < len(octets) <= MAX_NAME_CHARS or not all([PLAIN[octet] for octet in octets]):
        raise ValueError(
            f"name {name!r} is not 1 to {MAX_NAME_CHARS} characters of ASCII without quotes, backslashes and brackets"
        )
    return octets


cdef Name name_of(bytes octets):
    cdef Name name
    name.text, name.chars = <const uint8_t*>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets)
    return name


cdef bint scan_any(
    MediaScanner scanner, const uint8_t* text, Py_ssize_t n, MediaFields* fields, Values* values
) noexcept nogil:
    """Find the members of a message in any order, and where their values stand."""
    cdef Cursor cursor
    cdef Name name, string
    cdef int needed = 1 << EVENT | 1 << MEDIA | 1 << PAYLOAD
    clear_fields(fields)
    values.count = values.members = 0
    cursor.at, cursor.end = text, text + n
    if not take(&cursor, c"{"):
        return False
    while True:
        if not take_name(&cursor, &name):
            return False
        if same(&name, &scanner._media):
            if not (take_first(values, MEDIA) and take_body(scanner, &cursor, fields, values)):
                return False
        elif same(&name, &scanner._sequence_number):
            if not (
                take_first(values, SEQUENCE_NUMBER)
                and take_counter(&cursor, values, SEQUENCE_NUMBER, &fields.sequence_number)
            ):
                return False
        elif same(&name, &scanner._stream_id):
            if not (take_first(values, STREAM_ID) and take_string(&cursor, &string)):
                return False
            fields.stream_id, fields.stream_id_chars = string.text, string.chars
        elif same(&name, &scanner._event):
            if not (take_first(values, EVENT) and take_string(&cursor, &string) and same(&string, &scanner._media)):
                return False
        else:
            return False
        if not take(&cursor, c","):
            break
    if not take(&cursor, c"}"):
        return False
    skip_space(&cursor)
    return cursor.at == cursor.end and values.members & needed == needed


cdef bint take_body(MediaScanner scanner, Cursor* cursor, MediaFields* fields, Values* values) noexcept nogil:
    """Read the object that holds track, counters and payload. False: anything else is in it."""
    cdef Name name, string
    if not take(cursor, c"{"):
        return False
    while True:
        if not take_name(cursor, &name):
            return False
        if same(&name, &scanner._payload):
            if not (take_first(values, PAYLOAD) and take_payload(cursor, values, fields)):
                return False
        elif same(&name, &scanner._chunk):
            if not (take_first(values, CHUNK) and take_counter(cursor, values, CHUNK, &fields.chunk)):
                return False
        elif same(&name, &scanner._timestamp):
            if not (take_first(values, TIMESTAMP) and take_counter(cursor, values, TIMESTAMP, &fields.timestamp)):
                return False
        elif same(&name, &scanner._track):
            if not (take_first(values, TRACK) and take_string(cursor, &string)):
                return False
            scanner.set_track(string.text, string.chars, fields)
            note(values, TRACK, string.text, string.text + string.chars)
        else:
            return False
        if not take(cursor, c","):
            return take(cursor, c"}")


cdef void learn(
    MediaShape* shape, const uint8_t* text, Py_ssize_t n, const MediaFields* fields, const Values* values
) noexcept nogil:
    """Keep the texts between the values of a message that scan_any took. Nothing, if they are too long."""
    cdef const uint8_t* start = text
    cdef const uint8_t* end
    cdef uint8_t* literal = shape.literals
    cdef int i
    shape.values = 0
    shape.stream_id_literal = NO_LITERAL
    for i in range(values.count + 1):
        end = values.places[i].start if i < values.count else text + n
        if literal - shape.literals + (end - start) > MAX_LITERAL_OCTETS:
            return
        memcpy(literal, start, end - start)
        shape.literal_chars[i] = <uint8_t>(end - start)
        if fields.stream_id != NULL and start <= fields.stream_id < end:
            shape.stream_id_literal = <uint8_t>i
            shape.stream_id_at = <uint8_t>(fields.stream_id - start)
            shape.stream_id_chars = <uint8_t>fields.stream_id_chars
        literal += end - start
        if i < values.count:
            shape.kinds[i] = values.places[i].kind
            start = values.places[i].end
    shape.payload_chars = <uint32_t>fields.payload_chars
    shape.values = <uint8_t>values.count


cdef inline bint take_value(
    MediaScanner scanner, Cursor* cursor, const MediaShape* shape, int i, MediaFields* fields
) noexcept nogil:
    """Read value i of a shape. What lies behind it is compared with the next literal."""
    cdef uint8_t kind = shape.kinds[i]
    cdef const uint8_t* start = cursor.at
    cdef int64_t counter
    if kind == PAYLOAD:
        if not skip_payload(cursor, shape, i):
            return False
        fields.payload, fields.payload_chars = start, cursor.at - start
        return True
    if kind == TRACK:
        while cursor.at < cursor.end and PLAIN[cursor.at[0]]:
            cursor.at += 1
        scanner.set_track(start, cursor.at - start, fields)
        return True
    counter = take_number(cursor) if kind & AS_NUMBER else take_digits(cursor)
    if counter < 0:
        return False
    kind &= ~AS_NUMBER
    if kind == SEQUENCE_NUMBER:
        fields.sequence_number = counter
    elif kind == CHUNK:
        fields.chunk = counter
    else:
        fields.timestamp = counter
    return True


cdef inline bint skip_payload(Cursor* cursor, const MediaShape* shape, int i) noexcept nogil:
    """Go to the quote behind a payload: before the last literal, or as far away as last time, or to be searched."""
    cdef const uint8_t* quote
    if i + 1 == shape.values:
        quote = cursor.end - shape.literal_chars[i + 1]
        if quote < cursor.at:
            return False
    elif cursor.end - cursor.at > <Py_ssize_t>shape.payload_chars and cursor.at[shape.payload_chars] == c'"':
        quote = cursor.at + shape.payload_chars
    else:
        quote = <const uint8_t*>memchr(cursor.at, c'"', cursor.end - cursor.at)
        if quote == NULL:
            return False
    cursor.at = quote
    return True
