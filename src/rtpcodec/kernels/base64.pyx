"""base64 of payloads on the wire: the standard alphabet, padded, without white space (RFC 4648 section 4).

Decoding is strict: another character, and missing, surplus or misplaced padding are errors. Pad bits other than zero
are ignored, as in the standard library and msgspec (RFC 4648 section 3.5 permits both).
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_room
from rtpcodec.kernels._simd cimport avx2_chosen

cdef extern from "rtpcodec/kernels/simd/base64_avx2.h":
    void base64_encode_groups_avx2(const uint8_t* octets, uint8_t* out, Py_ssize_t groups) noexcept nogil
    bint base64_decode_groups_avx2(const uint8_t* text, uint8_t* out, Py_ssize_t groups) noexcept nogil

cdef extern from "Python.h":
    Py_UCS4 PyUnicode_MAX_CHAR_VALUE(object text)

cdef enum:
    NOT_IN_ALPHABET = 0x80    # above every value of a character
    LAST_OF_ASCII = 0x7F
    AVX2_GROUPS = 8           # a step of the AVX2 form

cdef bint USES_AVX2 = avx2_chosen()
cdef const uint8_t* ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
cdef uint8_t VALUE_OF[256]    # index: a character


cdef void fill_values() noexcept:
    cdef int value
    memset(VALUE_OF, NOT_IN_ALPHABET, sizeof(VALUE_OF))
    for value in range(64):
        VALUE_OF[ALPHABET[value]] = <uint8_t>value


fill_values()


cdef inline uint32_t group_of(const uint8_t* text) noexcept nogil:
    """Return the 24 bits of four characters; a larger value: one is not in the alphabet."""
    cdef uint32_t first = VALUE_OF[text[0]], second = VALUE_OF[text[1]]
    cdef uint32_t third = VALUE_OF[text[2]], fourth = VALUE_OF[text[3]]
    cdef uint32_t wrong = (first | second | third | fourth) & NOT_IN_ALPHABET
    return wrong << 24 | first << 18 | second << 12 | third << 6 | fourth


cdef void encode_groups_portable(const uint8_t* octets, uint8_t* out, Py_ssize_t groups) noexcept nogil:
    """Encode three octets per group."""
    cdef Py_ssize_t i
    cdef uint32_t bits
    for i in range(groups):
        bits = <uint32_t>octets[3 * i] << 16 | <uint32_t>octets[3 * i + 1] << 8 | octets[3 * i + 2]
        out[4 * i] = ALPHABET[bits >> 18]
        out[4 * i + 1] = ALPHABET[bits >> 12 & 63]
        out[4 * i + 2] = ALPHABET[bits >> 6 & 63]
        out[4 * i + 3] = ALPHABET[bits & 63]


cdef bint decode_groups_portable(const uint8_t* text, uint8_t* out, Py_ssize_t groups) noexcept nogil:
    """Decode four characters per group. False: one is not in the alphabet."""
    cdef Py_ssize_t i
    cdef uint32_t bits
    for i in range(groups):
        bits = group_of(text + 4 * i)
        if bits >> 24:
            return False
        out[3 * i] = <uint8_t>(bits >> 16)
        out[3 * i + 1] = <uint8_t>(bits >> 8 & 0xFF)
        out[3 * i + 2] = <uint8_t>(bits & 0xFF)
    return True


cdef Py_ssize_t base64_encode_block(const uint8_t* octets, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t groups = n // 3
    cdef Py_ssize_t left = n - 3 * groups
    cdef uint8_t last[3]
    if USES_AVX2 and groups >= AVX2_GROUPS:
        base64_encode_groups_avx2(octets, out, groups)
    else:
        encode_groups_portable(octets, out, groups)
    if left:
        # The last group is incomplete: zeros replace the missing octets, padding replaces their characters.
        out += 4 * groups
        octets += 3 * groups
        last[0], last[1], last[2] = octets[0], octets[1] if left == 2 else 0, 0
        encode_groups_portable(last, out, 1)
        out[3] = c"="
        if left == 1:
            out[2] = c"="
        groups += 1
    return 4 * groups


cdef Py_ssize_t base64_octets(const uint8_t* text, Py_ssize_t n) noexcept nogil:
    if n & 3:
        return -1
    if n == 0 or text[n - 1] != c"=":
        return n // 4 * 3
    return n // 4 * 3 - (2 if text[n - 2] == c"=" else 1)


cdef Py_ssize_t base64_decode_block(const uint8_t* text, uint8_t* out, Py_ssize_t n) noexcept nogil:
    return decode_to(text, out, n, base64_octets(text, n))


cdef Py_ssize_t decode_to(const uint8_t* text, uint8_t* out, Py_ssize_t n, Py_ssize_t octets) noexcept nogil:
    """Decode n characters to the number of octets that base64_octets has returned, and write no more than these.

    Another thread may change the text, and with it the padding, after base64_octets; the octets still fit.
    """
    cdef Py_ssize_t groups = octets // 3
    cdef uint8_t last[4]
    cdef uint8_t decoded[3]
    if octets < 0:
        return -1
    if USES_AVX2 and groups >= AVX2_GROUPS:
        if not base64_decode_groups_avx2(text, out, groups):
            return -1
    elif not decode_groups_portable(text, out, groups):
        return -1
    if 4 * groups < n:
        # The padded group: the value of "A" is zero.
        text += 4 * groups
        out += 3 * groups
        last[0], last[1], last[2], last[3] = text[0], text[1], c"A" if text[2] == c"=" else text[2], c"A"
        if not decode_groups_portable(last, decoded, 1):
            return -1
        out[0] = decoded[0]
        if octets > 3 * groups + 1:
            out[1] = decoded[1]
    return octets


cdef inline Py_ssize_t run_encode(const Py_buffer* octets, void* out) noexcept:
    """Encode octets, a long piece without the GIL."""
    cdef Py_ssize_t written
    if octets.len < GIL_FREE_SAMPLES:
        return base64_encode_block(<const uint8_t*>octets.buf, <uint8_t*>out, octets.len)
    with nogil:
        written = base64_encode_block(<const uint8_t*>octets.buf, <uint8_t*>out, octets.len)
    return written


cdef inline Py_ssize_t run_decode(const Py_buffer* text, void* out, Py_ssize_t octets) noexcept:
    """Decode a text to a number of octets, a long one without the GIL."""
    cdef Py_ssize_t written
    if text.len < GIL_FREE_SAMPLES:
        return decode_to(<const uint8_t*>text.buf, <uint8_t*>out, text.len, octets)
    with nogil:
        written = decode_to(<const uint8_t*>text.buf, <uint8_t*>out, text.len, octets)
    return written


cdef int take_text(object text, Py_buffer* view) except -1:
    """Export the characters of a text for reading; the caller releases the view. ValueError: not ASCII."""
    if not isinstance(text, str):
        return take_octets(text, view, "text")
    if PyUnicode_MAX_CHAR_VALUE(text) > LAST_OF_ASCII:
        raise fault(str(text))
    memset(view, 0, sizeof(Py_buffer))
    view.buf = PyUnicode_1BYTE_DATA(text)
    view.len = PyUnicode_GET_LENGTH(text)
    return 0


cdef object fault_of_view(const Py_buffer* view):
    """Return the error for a text that cannot be decoded."""
    return fault((<const char*>view.buf)[:view.len].decode("latin-1"))


cdef object fault(str text):
    """Return the error for a text that cannot be decoded: the first broken rule, by position."""
    cdef Py_ssize_t length = len(text)
    cdef Py_ssize_t at = 0
    cdef Py_UCS4 character
    for character in text:
        if character >= 256 or VALUE_OF[<uint8_t>character] == NOT_IN_ALPHABET:
            break
        at += 1
    else:
        return ValueError(f"text has {length} characters, base64 needs a multiple of 4")
    if text[at] != "=":
        return ValueError(f"position {at} is {text[at]!r}, base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end")
    if text[at:].strip("="):
        return ValueError(f"position {at} is '=', but padding must end the text")
    needed = (0, 3, 2, 1)[at & 3]
    if needed == 3:
        return ValueError(f"position {at} is '=', but one character beyond a multiple of 4 is not base64")
    return ValueError(f"position {at} is '=', {at} characters need {needed} of them, not {length - at}")


def encode(octets, /):
    """Encode octets as base64, with padding and without line breaks.

    Returns:
        The characters as ASCII octets.

    Raises:
        TypeError: not a buffer of octets.

    >>> encode(b"\\xff\\x7f")
    b'/38='
    """
    cdef Py_buffer view
    cdef bytes out
    take_octets(octets, &view, "octets")
    try:
        out = PyBytes_FromStringAndSize(NULL, (view.len + 2) // 3 * 4)
        run_encode(&view, PyBytes_AS_STRING(out))
    finally:
        PyBuffer_Release(&view)
    return out


def encode_into(octets, out, /):
    """Encode octets as base64 into the start of a writable buffer of octets.

    Returns:
        The number of characters.

    Raises:
        TypeError: as for encode.
        ValueError: the buffer is too small, or overlaps the octets.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    cdef Py_ssize_t written
    take_octets(octets, &view, "octets")
    try:
        take_room(out, &room, &view, (view.len + 2) // 3 * 4, samples=False)
        written = run_encode(&view, room.buf)
        PyBuffer_Release(&room)
    finally:
        PyBuffer_Release(&view)
    return written


def decode(text, /):
    """Decode strict base64.

    Args:
        text: a str, or a buffer of ASCII octets.

    Returns:
        The octets.

    Raises:
        TypeError: neither a str nor a buffer of octets.
        ValueError: not strict base64, with the position.

    >>> decode("/38=").hex()
    'ff7f'
    """
    cdef Py_buffer view
    cdef Py_ssize_t octets
    cdef bytes out
    take_text(text, &view)
    try:
        octets = base64_octets(<const uint8_t*>view.buf, view.len)
        if octets < 0:
            raise fault_of_view(&view)
        out = PyBytes_FromStringAndSize(NULL, octets)
        if run_decode(&view, PyBytes_AS_STRING(out), octets) < 0:
            raise fault_of_view(&view)
    finally:
        PyBuffer_Release(&view)
    return out


def decode_into(text, out, /):
    """Decode strict base64 into the start of a writable buffer of octets; after an error its content is undefined.

    Returns:
        The number of octets.

    Raises:
        TypeError: as for decode.
        ValueError: as for decode; the buffer is too small, or overlaps the text.
    """
    cdef Py_buffer view
    cdef Py_buffer room
    cdef Py_ssize_t octets
    take_text(text, &view)
    try:
        octets = base64_octets(<const uint8_t*>view.buf, view.len)
        if octets < 0:
            raise fault_of_view(&view)
        take_room(out, &room, &view, octets, samples=False)
        octets = run_decode(&view, room.buf, octets)
        PyBuffer_Release(&room)
        if octets < 0:
            raise fault_of_view(&view)
    finally:
        PyBuffer_Release(&view)
    return octets
