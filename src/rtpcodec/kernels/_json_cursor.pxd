"""A cursor over JSON text (RFC 8259): white space, names and whole numbers, without objects or copies.

Each function that reads an item leaves the cursor after it; after a False or -1 its position is undefined. The end and
the memory after it are not read.
"""
cimport cython
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

cdef enum:
    MAX_DIGITS = 19    # digits of 2^63 - 1

cdef extern from *:
    """
    #define RTPCODEC_EACH_OCTET UINT64_C(0x0101010101010101)
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define RTPCODEC_FIRST_IS_LOWEST 0
    #else
    #define RTPCODEC_FIRST_IS_LOWEST 1
    #endif
    static inline int rtpcodec_lowest_octet(uint64_t octets) { return __builtin_ctzll(octets) >> 3; }
    """
    const uint64_t EACH "RTPCODEC_EACH_OCTET"
    const bint FIRST_IS_LOWEST "RTPCODEC_FIRST_IS_LOWEST"
    int lowest_octet "rtpcodec_lowest_octet"(uint64_t octets) noexcept nogil

cdef struct Cursor:
    const uint8_t* at
    const uint8_t* end

cdef struct Name:
    const uint8_t* text
    Py_ssize_t chars
    uint64_t words[2]    # the name and its closing quote, if they fit
    uint64_t masks[2]    # ones in the used octets of words; 0: the name is too long


cdef inline void set_name(Name* name, const uint8_t* text, Py_ssize_t chars) noexcept nogil:
    """Set a name from characters, which must outlive it."""
    memset(name, 0, sizeof(Name))
    name.text, name.chars = text, chars
    if chars < <Py_ssize_t>sizeof(name.words):
        memcpy(name.words, text, chars)
        (<uint8_t*>name.words)[chars] = c'"'
        memset(name.masks, 0xFF, chars + 1)


cdef inline bint begins(const uint8_t* at, const uint8_t* end, const Name* name) noexcept nogil:
    """Report whether a name and its closing quote are here. For short names no branch depends on the name."""
    cdef uint64_t words[2]
    if name.masks[0] and end - at >= <Py_ssize_t>sizeof(words):
        memcpy(words, at, sizeof(words))
        words[0] = (words[0] ^ name.words[0]) & name.masks[0]
        words[1] = (words[1] ^ name.words[1]) & name.masks[1]
        return words[0] | words[1] == 0
    return end - at > name.chars and at[name.chars] == c'"' and memcmp(at, name.text, name.chars) == 0


cdef inline void skip_space(Cursor* cursor) noexcept nogil:
    """Skip the white space of JSON."""
    cdef uint8_t character
    while cursor.at < cursor.end:
        character = cursor.at[0]
        if character != c" " and character != c"\n" and character != c"\r" and character != c"\t":
            return
        cursor.at += 1


cdef inline bint take(Cursor* cursor, uint8_t character) noexcept nogil:
    """Skip white space and one character. False: there is another character."""
    skip_space(cursor)
    if cursor.at == cursor.end or cursor.at[0] != character:
        return False
    cursor.at += 1
    return True


cdef inline bint plain(uint8_t character) noexcept nogil:
    """Report whether a character of a string is literal: ASCII without control characters, quote and backslash.

    Opening brackets are excluded: in strings of long messages they count as depth (stream/wire/json_text.py).
    """
    return 0x20 <= character < 0x80 and character != c'"' and character != c"\\" and character | 0x20 != c"{"


@cython.overflowcheck(False)
cdef inline bint eight_plain(const uint8_t* characters) noexcept nogil:
    """Report whether eight characters are plain, with one test for all octets of a number."""
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


cdef inline bint take_string(Cursor* cursor, Cursor* string) noexcept nogil:
    """Read a string of plain characters, and set its start and end. False: anything else."""
    cdef const uint8_t* at
    if not take(cursor, c'"'):
        return False
    at = cursor.at
    while cursor.end - at >= 8 and eight_plain(at):
        at += 8
    while at < cursor.end and plain(at[0]):
        at += 1
    if at == cursor.end or at[0] != c'"':
        return False
    string.at, string.end = cursor.at, at
    cursor.at = at + 1
    return True


@cython.overflowcheck(False)
cdef inline const uint8_t* seven_digits_end(const uint8_t* at, const uint8_t* end, uint64_t* value) noexcept nogil:
    """Read up to 7 digits, if another character follows, in one step and without a branch per digit.

    Return the position after them, or `at` if nothing was read.
    """
    cdef uint64_t octets, others
    cdef int digits
    if not FIRST_IS_LOWEST or end - at < 8:
        return at
    memcpy(&octets, at, 8)
    # 1. Digits become 0 to 9; adding 0x76 sets the high bit of larger values. A carry affects later characters only.
    octets ^= EACH * 0x30
    others = ((octets + EACH * 0x76) | octets) & EACH * 0x80
    if others == 0:
        return at
    digits = lowest_octet(others)
    if digits == 0:
        return at
    # 2. Prepend zeros to get eight digits. 3. Combine pairs, then fours, then all eight to one number.
    octets <<= 64 - 8 * digits
    octets = octets * (10 << 8 | 1) >> 8 & 0x00FF00FF00FF00FFULL
    octets = octets * (100 << 16 | 1) >> 16 & 0x0000FFFF0000FFFFULL
    value[0] = octets * (10000ULL << 32 | 1) >> 32
    return at + digits


cdef inline const uint8_t* digits_end(
    const uint8_t* at, const uint8_t* end, bint in_string, int64_t* value
) noexcept nogil:
    """Read 1 to MAX_DIGITS digits of a string or of a JSON number, which must not begin with a zero.

    Return the position after them. NULL: there are none, or more, or they need more than 63 bits.
    """
    cdef const uint8_t* start = at
    cdef uint64_t sum = 0
    cdef uint8_t digit
    at = seven_digits_end(at, end, &sum)
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
