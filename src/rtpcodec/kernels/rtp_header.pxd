"""The header of an RTP packet for other Cython code (RFC 3550 section 5.1)."""
from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum:
    FIXED_OCTETS = 12
    EXTENSION_HEADER_OCTETS = 4
    MAX_CSRCS = 15

cdef enum HeaderFault:
    HEADER_GOOD
    HEADER_SHORT
    HEADER_VERSION
    HEADER_RTCP
    HEADER_CSRCS
    HEADER_EXTENSION
    HEADER_EXTENSION_WORDS
    HEADER_NO_PADDING
    HEADER_PADDING

cdef struct RtpHeader:
    uint32_t timestamp
    uint32_t ssrc
    uint16_t sequence_number
    uint16_t extension_profile
    uint8_t payload_type
    uint8_t csrc_count
    bint marker
    bint has_extension
    bint has_padding
    Py_ssize_t extension_octets
    Py_ssize_t payload_at
    Py_ssize_t payload_octets
    Py_ssize_t padding_octets

cdef HeaderFault read_header(const uint8_t* octets, Py_ssize_t n, RtpHeader* header) noexcept nogil
cdef void write_header(uint8_t* out, const RtpHeader* header) noexcept nogil
cdef uint16_t load_u16(const uint8_t* octets) noexcept nogil
cdef uint32_t load_u32(const uint8_t* octets) noexcept nogil
cdef void store_u16(uint8_t* out, uint16_t value) noexcept nogil
cdef void store_u32(uint8_t* out, uint32_t value) noexcept nogil
