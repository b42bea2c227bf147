"""base64 block functions for other Cython code (RFC 4648 section 4). In and out must not overlap."""
from libc.stdint cimport uint8_t

# Encode n octets, with padding. Returns the number of characters, (n + 2) // 3 * 4.
cdef Py_ssize_t base64_encode_block(const uint8_t* octets, uint8_t* out, Py_ssize_t n) noexcept nogil

# Decode n characters. At most base64_octets(text, n) octets are written, so a buffer of n // 4 * 3 octets suffices.
# Returns the number of octets; -1: the text is not strict base64, and out is undefined.
cdef Py_ssize_t base64_decode_block(const uint8_t* text, uint8_t* out, Py_ssize_t n) noexcept nogil

# Return the number of octets of a text with this length and padding; -1: the length or padding is invalid.
cdef Py_ssize_t base64_octets(const uint8_t* text, Py_ssize_t n) noexcept nogil
