"""Scanner for `media` messages, a flat object with one object inside: finds the positions of members in the text.

It accepts the members in any order and any white space of JSON (RFC 8259), and declines everything else that JSON or
the carrier allows: escapes, non-ASCII, duplicates, unknown members, null, fractions, exponents. The caller passes a
declined message to the dialect's parser, which is the definition. Two forms give the same members:

scan_any    reads the text member by member
scan_shape  compares the texts between the values with those of an earlier message of the stream

Neither reads the characters of the payload, except for its closing quote. The caller must decode the payload as strict
base64: any other character, including a quote or backslash, means that the scan was wrong.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memset

from rtpcodec.kernels._json_cursor cimport (
    Cursor, begins, digits_end, plain, set_name, skip_space, take, take_string
)

cdef enum:
    MAX_NAME_CHARS = 64      # length of a name of the dialect; the longest in use has 29
    NO_LITERAL = 255
    AS_NUMBER = 8            # flag of a kind: a JSON number, not digits in a string

# The members of a message, as in ARGUMENTS. Those up to PAYLOAD are in the body; those before EVENT are values, for
# which a shape has kinds.
cdef enum:
    CHUNK
    TIMESTAMP
    TRACK
    PAYLOAD
    SEQUENCE_NUMBER
    EVENT
    STREAM_ID
    MEDIA

cdef tuple ARGUMENTS = ("chunk", "timestamp", "track", "payload", "sequence_number", "event", "stream_id", "media")

cdef struct Value:
    const uint8_t* start
    const uint8_t* end
    uint8_t kind

cdef struct Values:
    Value places[MAX_VALUES]    # in the order of the text
    int count
    int members                 # one bit for each member that was found


cdef inline void note(Values* values, uint8_t kind, const uint8_t* start, const uint8_t* end) noexcept nogil:
    """Record the position of a value."""
    values.places[values.count] = Value(start, end, kind)
    values.count += 1


cdef inline bint take_counter(Cursor* cursor, Values* values, uint8_t kind, int64_t* counter) noexcept nogil:
    """Read a counter, spelled as digits in a string or as a number. False: neither."""
    cdef const uint8_t* start
    cdef bint in_string = take(cursor, c'"')
    start = cursor.at
    cursor.at = digits_end(start, cursor.end, in_string, counter)
    if cursor.at == NULL:
        return False
    note(values, kind if in_string else kind | AS_NUMBER, start, cursor.at)
    return not in_string or take_quote(cursor)


cdef inline bint take_quote(Cursor* cursor) noexcept nogil:
    """Skip a quote, without white space before it. False: another character is there."""
    if cursor.at == cursor.end or cursor.at[0] != c'"':
        return False
    cursor.at += 1
    return True


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


cdef inline int slot_of(const uint8_t* name) noexcept nogil:
    """Return the slot of a member by its first two octets, of its name or its closing quote."""
    return (name[0] ^ name[1]) & (SLOTS - 1)


cdef inline int take_member(MediaScanner scanner, Cursor* cursor, int first, int end) noexcept nogil:
    """Read the name of a known member, and the colon after it. -1: another name, or none."""
    cdef int member
    if not take(cursor, c'"') or cursor.end - cursor.at < 2:
        return -1
    member = scanner._slots[first == CHUNK][slot_of(cursor.at)]
    if member < 0:
        return -1
    if not begins(cursor.at, cursor.end, &scanner._names[member]):
        # Another name in the same slot, or an unknown one.
        for member in range(first, end):
            if begins(cursor.at, cursor.end, &scanner._names[member]):
                break
        else:
            return -1
    cursor.at += scanner._names[member].chars + 1
    return member if take(cursor, c":") else -1


cdef inline bint take_first(Values* values, int member) noexcept nogil:
    """Count a member. False: it is unknown, or a duplicate."""
    if member < 0 or values.members >> member & 1:
        return False
    values.members |= 1 << member
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
        members = chunk, timestamp, track, payload, sequence_number, event, stream_id, media
        for names in (members[:SEQUENCE_NUMBER], members[SEQUENCE_NUMBER:]):
            if len(set(names)) != len(names):
                raise ValueError(f"members are {', '.join(names)}: all must differ")
        seen = [(name, name) for name in track_names] + list(long_track_names.items())
        if len(seen) > MAX_TRACK_NAMES:
            raise ValueError(f"there are {len(seen)} names of tracks, at most {MAX_TRACK_NAMES} are allowed")
        if not set(track_names).issuperset(long_track_names.values()):
            raise ValueError(f"long_track_names stand for {', '.join(long_track_names.values())}, not for track_names")
        self.track_names = track_names
        self.max_octets = max_octets
        self._long_track_names = dict(long_track_names)
        self._texts = tuple([plain_octets(name) for name in (*members, *(name for name, _ in seen))])
        memset(self._slots, -1, sizeof(self._slots))
        for place in range(MEMBERS):
            text = self._texts[place]
            set_name(&self._names[place], <const uint8_t*>PyBytes_AS_STRING(text), len(text) - 1)
            self._slots[place < SEQUENCE_NUMBER][slot_of(self._names[place].text)] = <signed char>place
        self._known_tracks = len(seen)
        for place, (_, short) in enumerate(seen):
            text = self._texts[MEMBERS + place]
            set_name(&self._tracks[place].seen, <const uint8_t*>PyBytes_AS_STRING(text), len(text) - 1)
            self._tracks[place].index = track_names.index(short)

    cdef bint scan(self, const uint8_t* text, Py_ssize_t n, MediaShape* shape, MediaFields* fields) noexcept nogil:
        """Find the members of a message of n octets. False: declined; the fields are then undefined.

        Args:
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
        # Learn from the first message, then less and less often: a stream without a fixed shape must not pay for it.
        if shape.misses & (shape.misses - 1) == 0:
            learn(shape, text, n, fields, &values)
        shape.misses += 1
        return True

    cdef bint scan_shape(
        self, const uint8_t* text, Py_ssize_t n, MediaShape* shape, MediaFields* fields
    ) noexcept nogil:
        """Find the members of a message of the learned shape."""
        cdef const uint8_t* literal = &shape.literals[0]
        cdef const uint8_t* at = text
        cdef const uint8_t* end = text + n
        cdef Py_ssize_t chars
        cdef int i
        clear_fields(fields)
        for i in range(shape.values + 1):
            chars = shape.literal_chars[i]
            if end - at < chars or memcmp(at, literal, chars) != 0:
                return False
            if i == shape.stream_id_literal:
                fields.stream_id, fields.stream_id_chars = at + shape.stream_id_at, shape.stream_id_chars
            at += chars
            literal += chars
            if i < shape.values:
                at = value_end(self, at, end, shape, shape.kinds[i], fields)
                if at == NULL:
                    return False
        return at == end

    cdef Py_ssize_t set_track_at(self, const uint8_t* at, const uint8_t* end, MediaFields* fields) noexcept nogil:
        """Set the track if a known name and its closing quote are here. Return its length; 0: none."""
        cdef int i
        for i in range(self._known_tracks):
            if begins(at, end, &self._tracks[i].seen):
                fields.track_index = self._tracks[i].index
                fields.track = self._tracks[fields.track_index].seen.text
                fields.track_chars = self._tracks[fields.track_index].seen.chars
                return self._tracks[i].seen.chars
        return 0

    def __reduce__(self):
        members = [text.decode().strip('"') for text in self._texts[:MEMBERS]]
        return _scanner_of, (members, self.track_names, self._long_track_names, self.max_octets)

    def __repr__(self):
        return f'<MediaScanner of "{self._texts[MEDIA].decode()} messages>'


def _scanner_of(members, track_names, long_track_names, max_octets):
    """Create a scanner for names of members, in the order of ARGUMENTS."""
    keywords = dict(zip(ARGUMENTS, members))
    return MediaScanner(track_names=track_names, long_track_names=long_track_names, max_octets=max_octets, **keywords)


cdef bytes plain_octets(object name):
    """Return a name with its closing quote. ValueError: a name that JSON would escape."""
    if not isinstance(name, str):
        raise TypeError(f"a name is of type {type(name).__name__}, str is needed")
    octets = name.encode()
    if not 0 < len(octets) <= MAX_NAME_CHARS or not all([plain(octet) for octet in octets]):
        raise ValueError(
            f"name {name!r} is not 1 to {MAX_NAME_CHARS} characters of ASCII without quotes, backslashes and brackets"
        )
    return octets + b'"'


cdef bint scan_any(
    MediaScanner scanner, const uint8_t* text, Py_ssize_t n, MediaFields* fields, Values* values
) noexcept nogil:
    """Find the members of a message in any order, and the positions of their values."""
    cdef Cursor cursor
    cdef Cursor string
    cdef int member
    cdef bint taken
    cdef int needed = 1 << EVENT | 1 << MEDIA | 1 << PAYLOAD
    clear_fields(fields)
    values.count = values.members = 0
    cursor.at, cursor.end = text, text + n
    if not take(&cursor, c"{"):
        return False
    while True:
        member = take_member(scanner, &cursor, SEQUENCE_NUMBER, MEMBERS)
        if not take_first(values, member):
            return False
        if member == MEDIA:
            taken = take_body(scanner, &cursor, fields, values)
        elif member == SEQUENCE_NUMBER:
            taken = take_counter(&cursor, values, SEQUENCE_NUMBER, &fields.sequence_number)
        elif member == EVENT:
            taken = take(&cursor, c'"') and begins(cursor.at, cursor.end, &scanner._names[MEDIA])
            cursor.at += scanner._names[MEDIA].chars + 1
        else:
            taken = take_string(&cursor, &string)
            if taken:
                fields.stream_id, fields.stream_id_chars = string.at, string.end - string.at
        if not taken:
            return False
        if not take(&cursor, c","):
            break
    if not take(&cursor, c"}"):
        return False
    skip_space(&cursor)
    return cursor.at == cursor.end and values.members & needed == needed


cdef bint take_body(MediaScanner scanner, Cursor* cursor, MediaFields* fields, Values* values) noexcept nogil:
    """Read the object that holds track, counters and payload. False: anything else is in it."""
    cdef int member
    cdef bint taken
    if not take(cursor, c"{"):
        return False
    while True:
        member = take_member(scanner, cursor, CHUNK, SEQUENCE_NUMBER)
        if not take_first(values, member):
            return False
        if member == PAYLOAD:
            taken = take_payload(cursor, values, fields)
        elif member == CHUNK:
            taken = take_counter(cursor, values, CHUNK, &fields.chunk)
        elif member == TIMESTAMP:
            taken = take_counter(cursor, values, TIMESTAMP, &fields.timestamp)
        else:
            taken = take_track(scanner, cursor, fields, values)
        if not taken:
            return False
        if not take(cursor, c","):
            return take(cursor, c"}")


cdef inline bint take_track(MediaScanner scanner, Cursor* cursor, MediaFields* fields, Values* values) noexcept nogil:
    """Read the name of a track; an empty one counts as absent."""
    cdef Cursor string
    if not take_string(cursor, &string):
        return False
    note(values, TRACK, string.at, string.end)
    if string.end > string.at and not scanner.set_track_at(string.at, cursor.end, fields):
        fields.track, fields.track_chars = string.at, string.end - string.at
    return True


cdef void learn(
    MediaShape* shape, const uint8_t* text, Py_ssize_t n, const MediaFields* fields, const Values* values
) noexcept nogil:
    """Learn the shape of a message that scan_any has accepted, unless its literals are too long."""
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


cdef inline const uint8_t* value_end(
    MediaScanner scanner, const uint8_t* at, const uint8_t* end, MediaShape* shape, uint8_t kind, MediaFields* fields
) noexcept nogil:
    """Read a value of a shape; return the position after it, where the next literal must be. NULL: not a value."""
    cdef const uint8_t* found
    cdef int64_t counter
    if kind == PAYLOAD:
        found = payload_end(at, end, shape)
        fields.payload, fields.payload_chars = at, found - at if found != NULL else 0
        return found
    if kind == TRACK:
        found = at + scanner.set_track_at(at, end, fields)
        return found if found > at else NULL
    found = digits_end(at, end, kind < AS_NUMBER, &counter)
    if found == NULL:
        return NULL
    kind &= ~AS_NUMBER
    if kind == SEQUENCE_NUMBER:
        fields.sequence_number = counter
    elif kind == CHUNK:
        fields.chunk = counter
    else:
        fields.timestamp = counter
    return found


cdef inline const uint8_t* payload_end(const uint8_t* at, const uint8_t* end, MediaShape* shape) noexcept nogil:
    """Return the closing quote of a payload: at the same distance as last time, or found by search. NULL: none."""
    cdef const uint8_t* quote
    if end - at > <Py_ssize_t>shape.payload_chars and at[shape.payload_chars] == c'"':
        return at + shape.payload_chars
    quote = <const uint8_t*>memchr(at, c'"', end - at)
    if quote != NULL:
        shape.payload_chars = <uint32_t>(quote - at)
    return quote
