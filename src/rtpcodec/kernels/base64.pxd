"""base64 block functions for other Cython code (RFC 4648 section 4). In and out must not overlap."""
from libc.stdint cimport uint8_t

# Encode n octets, with padding. Returns: the characters written, (n + 2) // 3 * 4.
cdef Py_ssize_t base64_encode_block(const uint8_t* octets, uint8_t* out, Py_ssize_t n) noexcept nogil

# Decode n characters. Nothing is written beyond base64_octets(text, n), so that room for n // 4 * 3 octets is enough.
# Returns: the octets decoded; -1: the text is not strict base64, and out is not defined.
cdef Py_ssize_t base64_decode_block(const uint8_t* text, uint8_t* out, Py_ssize_t n) noexcept nogil

# Returns: the octets that a text of this length and padding decodes to; -1: there is no such length or padding.
cdef Py_ssize_t base64_octets(const uint8_t* text, Py_ssize_t n) noexcept nogil
