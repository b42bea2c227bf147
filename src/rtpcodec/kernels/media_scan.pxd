"""Scanner for the members of a flat `media` message, without objects."""
from libc.stdint cimport int64_t, uint8_t, uint32_t

from rtpcodec.kernels._json_cursor cimport Name

cdef enum:
    MEMBERS = 8                # of a message and its body
    SLOTS = 32
    MAX_TRACK_NAMES = 8
    # A MediaShape has 256 octets. The documented members, in the order of the documentation, need 121 octets of
    # literals, the id of the stream 36, a space after each colon and comma 13.
    MAX_LITERAL_OCTETS = 220
    MAX_VALUES = 5

ctypedef struct MediaFields:
    # Pointers into the scanned text, except for track; NULL or -1 if a member is absent. The payload is base64.
    const uint8_t* payload
    Py_ssize_t payload_chars
    const uint8_t* track       # for a long name the scanner's short name: then it points into the scanner
    Py_ssize_t track_chars
    const uint8_t* stream_id
    Py_ssize_t stream_id_chars
    int64_t chunk
    int64_t timestamp
    int64_t sequence_number
    int track_index            # of the scanner's names; -1: absent, or another name

ctypedef struct MediaShape:
    # The texts between the values of one stream's messages. All zero: nothing was learned yet.
    uint32_t misses            # since the last message of this shape
    uint32_t payload_chars     # of the last message
    uint8_t values             # number of values; 0: nothing was learned yet
    uint8_t stream_id_literal  # the literal with the id of the stream; NO_LITERAL: none
    uint8_t stream_id_at       # its offset in that literal
    uint8_t stream_id_chars
    uint8_t kinds[MAX_VALUES]
    uint8_t literal_chars[MAX_VALUES + 1]
    uint8_t literals[MAX_LITERAL_OCTETS]

cdef struct TrackName:
    Name seen
    int index                  # index of the short name

cdef class MediaScanner:
    cdef readonly tuple track_names
    cdef readonly Py_ssize_t max_octets
    cdef dict _long_track_names
    cdef tuple _texts                  # owners of the names, with closing quotes, that pointers refer to
    cdef Name _names[MEMBERS]
    cdef signed char _slots[2][SLOTS]  # members of the message and of its body by their first octets; -1: none
    cdef TrackName _tracks[MAX_TRACK_NAMES]
    cdef int _known_tracks

    cdef bint scan(self, const uint8_t* text, Py_ssize_t n, MediaShape* shape, MediaFields* fields) noexcept nogil
    cdef bint scan_shape(
        self, const uint8_t* text, Py_ssize_t n, MediaShape* shape, MediaFields* fields
    ) noexcept nogil
    cdef Py_ssize_t set_track_at(self, const uint8_t* at, const uint8_t* end, MediaFields* fields) noexcept nogil
