"""A cursor over JSON text (RFC 8259): white space, names and whole numbers, without objects or copies.

Each function that takes something leaves the cursor behind it; after a False or -1 its place is undefined. Nothing at
or behind the end is read.
"""
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef enum:
    MAX_DIGITS = 19    # of a whole number; 2^63 - 1 has as many

cdef extern from *:
    """
    #define RTPCODEC_EACH_OCTET UINT64_C(0x0101010101010101)
    """
    const uint64_t EACH "RTPCODEC_EACH_OCTET"

cdef struct Cursor:
    const uint8_t* at
    const uint8_t* end

cdef struct Name:
    const uint8_t* text
    Py_ssize_t chars


cdef inline bint same(const Name* one, const Name* other) noexcept nogil:
    return one.chars == other.chars and memcmp(one.text, other.text, one.chars) == 0


cdef inline void skip_space(Cursor* cursor) noexcept nogil:
    """Skip the white space of JSON."""
    cdef uint8_t character
    while cursor.at < cursor.end:
        character = cursor.at[0]
        if character != c" " and character != c"\n" and character != c"\r" and character != c"\t":
            return
        cursor.at += 1


cdef inline bint take(Cursor* cursor, uint8_t character) noexcept nogil:
    """Skip white space and one character. False: another one is there."""
    skip_space(cursor)
    if cursor.at == cursor.end or cursor.at[0] != character:
        return False
    cursor.at += 1
    return True


cdef inline bint plain(uint8_t character) noexcept nogil:
    """Whether a character of a string stands for itself: ASCII without control characters, quote and backslash.

    Opening brackets do not: in strings of long messages they count as depth (stream/wire/json_text.py).
    """
    return 0x20 <= character < 0x80 and character != c'"' and character != c"\\" and character | 0x20 != c"{"


cdef inline bint eight_plain(const uint8_t* characters) noexcept nogil:
    """Whether eight characters are plain, which is tested in all octets of one number at once."""
    cdef uint64_t octets
    memcpy(&octets, characters, 8)
    cdef uint64_t quotes = octets ^ EACH * 0x22
    cdef uint64_t backslashes = octets ^ EACH * 0x5C
    cdef uint64_t brackets = (octets | EACH * 0x20) ^ EACH * 0x7B
    # x - 1 borrows into the high bit of an octet that is zero, octets - 0x20 of one that is a control character.
    cdef uint64_t others = (
        (quotes - EACH & ~quotes) | (backslashes - EACH & ~backslashes) | (brackets - EACH & ~brackets)
        | (octets - EACH * 0x20 & ~octets) | octets
    )
    return others & EACH * 0x80 == 0


cdef inline bint take_string(Cursor* cursor, Name* string) noexcept nogil:
    """Read a string that stands for itself. False: anything else."""
    cdef const uint8_t* at
    string.text, string.chars = NULL, 0
    if not take(cursor, c'"'):
        return False
    at = cursor.at
    while cursor.end - at >= 8 and eight_plain(at):
        at += 8
    while at < cursor.end and plain(at[0]):
        at += 1
    if at == cursor.end or at[0] != c'"':
        return False
    string.text, string.chars = cursor.at, at - cursor.at
    cursor.at = at + 1
    return True


cdef inline const uint8_t* digits_end(
    const uint8_t* at, const uint8_t* end, bint in_string, int64_t* value
) noexcept nogil:
    """Read 1 to MAX_DIGITS digits of a string or of a JSON number, which must not begin with a zero.

    Returns: the place behind them. NULL: there are none, or more, or they need more than 63 bits.
    """
    cdef const uint8_t* start = at
    cdef uint64_t sum = 0
    cdef uint8_t digit
    if end - start > MAX_DIGITS + 1:
        end = start + MAX_DIGITS + 1
    while at < end:
        digit = at[0] - c"0"
        if digit > 9:
            break
        sum = sum * 10 + digit
        at += 1
    if at == start or at - start > MAX_DIGITS or sum > <uint64_t>INT64_MAX:
        return NULL
    if not in_string and start[0] == c"0" and at - start > 1:
        return NULL
    value[0] = <int64_t>sum
    return at
