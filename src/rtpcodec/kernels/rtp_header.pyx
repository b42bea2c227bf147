"""Parser and writer of the RTP header: numbers in network byte order at any address, without objects.

The header of a packet (RFC 3550 section 5.1):

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +---+-+-+-------+-+-------------+-------------------------------+
   | V |P|X|  CC   |M|     PT      |        sequence number        |
   +---+-+-+-------+-+-------------+-------------------------------+
   |                           timestamp                           |
   +---------------------------------------------------------------+
   |                             SSRC                              |
   +---------------------------------------------------------------+
   |                   CSRC, CC times 4 octets                     |
   +---------------------------------------------------------------+

   V   version, 2                               M   marker
   P   1: the packet ends in padding            PT  payload type; with M, 200 to 204 are RTCP
   X   1: a header extension follows            CC  number of CSRCs, 0 to 15

The header extension follows the CSRCs (RFC 3550 section 5.3.1):

   +-------------------------------+-------------------------------+
   |      defined by profile       |    length in 32-bit words     |
   +-------------------------------+-------------------------------+
   |                 extension, length times 4 octets              |
   +---------------------------------------------------------------+

Then the payload follows. The last octet of the padding is the number of its octets, itself included.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets


cdef uint16_t load_u16(const uint8_t* octets) noexcept nogil:
    """Read a number of two octets."""
    return <uint16_t>(octets[0] << 8 | octets[1])


cdef uint32_t load_u32(const uint8_t* octets) noexcept nogil:
    """Read a number of four octets."""
    return <uint32_t>octets[0] << 24 | <uint32_t>octets[1] << 16 | <uint32_t>octets[2] << 8 | octets[3]


cdef void store_u16(uint8_t* out, uint16_t value) noexcept nogil:
    """Write a number of two octets."""
    out[0] = <uint8_t>(value >> 8)
    out[1] = <uint8_t>(value & 0xFF)


cdef void store_u32(uint8_t* out, uint32_t value) noexcept nogil:
    """Write a number of four octets."""
    store_u16(out, <uint16_t>(value >> 16))
    store_u16(out + 2, <uint16_t>(value & 0xFFFF))


cdef HeaderFault read_header(const uint8_t* octets, Py_ssize_t n, RtpHeader* header) noexcept nogil:
    """Check n octets, and find the parts of a packet. After a fault the header has the fields before it.

    The checks are those of RFC 3550 section 5.1 and appendix A.1, in the order of the octets; RTCP is recognised by RFC
    3551 section 6. padding_octets is the value of the last octet.
    """
    cdef Py_ssize_t at = FIXED_OCTETS
    cdef uint8_t first, second
    if n < FIXED_OCTETS:
        return HEADER_SHORT
    # 1. The first 12 octets.
    first, second = octets[0], octets[1]
    if first >> 6 != 2:
        return HEADER_VERSION
    header.has_padding = first >> 5 & 1
    header.has_extension = first >> 4 & 1
    header.csrc_count = first & 0x0F
    header.marker = second >> 7
    header.payload_type = second & 0x7F
    if 200 <= second <= 204:
        return HEADER_RTCP
    header.sequence_number = load_u16(octets + 2)
    header.timestamp = load_u32(octets + 4)
    header.ssrc = load_u32(octets + 8)
    header.extension_profile = 0
    header.extension_octets = header.padding_octets = 0
    # 2. CSRCs.
    at += 4 * header.csrc_count
    if at > n:
        return HEADER_CSRCS
    # 3. Header extension.
    if header.has_extension:
        if at + EXTENSION_HEADER_OCTETS > n:
            return HEADER_EXTENSION
        header.extension_profile = load_u16(octets + at)
        header.extension_octets = 4 * load_u16(octets + at + 2)
        at += EXTENSION_HEADER_OCTETS + header.extension_octets
        if at > n:
            return HEADER_EXTENSION_WORDS
    # 4. Payload and padding.
    header.payload_at = at
    header.payload_octets = n - at
    if header.has_padding:
        if at == n:
            return HEADER_NO_PADDING
        header.padding_octets = octets[n - 1]
        if header.padding_octets == 0 or header.padding_octets > n - at:
            return HEADER_PADDING
        header.payload_octets -= header.padding_octets
    return HEADER_GOOD


cdef void write_header(uint8_t* out, const RtpHeader* header) noexcept nogil:
    """Write the first 12 octets of a packet; CSRCs and an extension follow them."""
    out[0] = <uint8_t>(0x80 | header.has_padding << 5 | header.has_extension << 4 | header.csrc_count)
    out[1] = <uint8_t>(header.marker << 7 | header.payload_type)
    store_u16(out + 2, header.sequence_number)
    store_u32(out + 4, header.timestamp)
    store_u32(out + 8, header.ssrc)


def is_rtcp(datagram, /):
    """Report whether a datagram is RTCP, on a socket for RTP and RTCP: version 2 and a packet type of 192 to 223.

    These values are payload types 64 to 95 with the marker, which RTP must not use on such a socket (RFC 5761 section
    4). RtpPacket.parse refuses only 200 to 204, which RTP must not use anywhere (RFC 3551 section 6). TypeError: not a
    buffer of octets.

    >>> is_rtcp(bytes.fromhex("80c80006")), is_rtcp(bytes.fromhex("808003e8"))
    (True, False)
    """
    cdef Py_buffer view
    cdef const uint8_t* octets
    take_octets(datagram, &view, "datagram")
    octets = <const uint8_t*>view.buf
    rtcp = view.len >= 2 and octets[0] >> 6 == 2 and 192 <= octets[1] <= 223
    PyBuffer_Release(&view)
    return rtcp
