"""A cursor over JSON text (RFC 8259): white space, names and whole numbers, without objects or copies.

Each function that takes something leaves the cursor behind it; after a False or -1 its place is undefined. Nothing at
or behind the end is read.
"""
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp

cdef enum:
    MAX_DIGITS = 19    # of a whole number; 2^63 - 1 has as many

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


cdef inline bint take_name(Cursor* cursor, Name* name) noexcept nogil:
    """Read a member's name, unchecked, and the colon behind it. False: there is none."""
    if not take(cursor, c'"'):
        return False
    name.text = cursor.at
    while cursor.at < cursor.end and cursor.at[0] != c'"':
        cursor.at += 1
    name.chars = cursor.at - name.text
    return cursor.at < cursor.end and take(cursor, c'"') and take(cursor, c":")


cdef inline int64_t take_digits(Cursor* cursor) noexcept nogil:
    """The number of 1 to MAX_DIGITS digits. -1: there are none, or more, or it needs more than 63 bits."""
    cdef const uint8_t* start = cursor.at
    cdef const uint8_t* limit = cursor.end
    cdef uint64_t value = 0
    if limit - start > MAX_DIGITS + 1:
        limit = start + MAX_DIGITS + 1
    while cursor.at < limit and c"0" <= cursor.at[0] <= c"9":
        value = value * 10 + (cursor.at[0] - c"0")
        cursor.at += 1
    if cursor.at == start or cursor.at - start > MAX_DIGITS or value > <uint64_t>INT64_MAX:
        return -1
    return <int64_t>value


cdef inline int64_t take_number(Cursor* cursor) noexcept nogil:
    """The same of a JSON number, which must not begin with a zero."""
    cdef const uint8_t* start = cursor.at
    cdef int64_t value = take_digits(cursor)
    return -1 if start < cursor.end and start[0] == c"0" and cursor.at - start > 1 else value
