"""RTP packets (RFC 3550 section 5.1). A cdef class: a stream has fifty packets per second.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    |                           timestamp                           |
    |           synchronization source (SSRC) identifier            |
    |            contributing source (CSRC) identifiers ...         |
    |      extension's profile      |    extension's length         |
    |            header extension, if X is 1 ...                    |
    |            payload ...                        | padding, if P |

A packet stores its datagram and the offsets of these parts; `kernels/rtp_header` parses them. Properties create objects
on demand (docs/adr/0014-rtp-packets.md).
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_AsLongLong
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memset

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_room
from rtpcodec.kernels.rtp_header cimport (
    EXTENSION_HEADER_OCTETS, FIXED_OCTETS, HEADER_CSRCS, HEADER_EXTENSION, HEADER_EXTENSION_WORDS, HEADER_GOOD,
    HEADER_NO_PADDING, HEADER_RTCP, HEADER_SHORT, HEADER_VERSION, MAX_CSRCS, HeaderFault, RtpHeader,
    load_u32, read_header, store_u32, write_header,
)

from rtpcodec.errors import PacketError
from rtpcodec.rtp.header_extension import header_extension_elements

MAX_EXTENSION_OCTETS = 4 * 0xFFFF
"""A header extension's length is a number of 32-bit words in 16 bits."""
MAX_PADDING_OCTETS = 255
"""The last octet of a packet counts its padding."""


cdef object fault_of(HeaderFault fault, const uint8_t* octets, Py_ssize_t n, const RtpHeader* header):
    """Return the error of octets that are not a valid packet, with rule and number."""
    cdef Py_ssize_t fixed = FIXED_OCTETS
    if fault == HEADER_SHORT:
        return PacketError(f"RTP packet has {n} octets, a header needs {fixed}")
    if fault == HEADER_VERSION:
        return PacketError(f"RTP packet has version {octets[0] >> 6}, 2 is needed")
    if fault == HEADER_RTCP:
        return PacketError(f"octets are RTCP of packet type {octets[1]}, not an RTP packet")
    fixed += 4 * header.csrc_count
    if fault == HEADER_CSRCS:
        return PacketError(f"RTP packet has {n} octets, a header with {header.csrc_count} CSRCs needs {fixed}")
    fixed += EXTENSION_HEADER_OCTETS
    if fault == HEADER_EXTENSION:
        return PacketError(f"RTP packet has {n} octets, a header with an extension needs {fixed}")
    fixed += header.extension_octets
    if fault == HEADER_EXTENSION_WORDS:
        words = header.extension_octets // 4
        return PacketError(f"RTP packet has {n} octets, a header with an extension of {words} words needs {fixed}")
    if fault == HEADER_NO_PADDING:
        return PacketError("RTP packet has the padding bit, but no octet after its header")
    left = n - header.payload_at
    return PacketError(f"RTP packet has padding of {header.padding_octets} octets, 1 to {left} are allowed")


cdef uint32_t number(object value, str name, object largest) except? 0xFFFFFFFF:
    """Return an integer argument within its field. ValueError: it does not fit. TypeError: not an integer."""
    cdef long long taken
    try:
        taken = PyLong_AsLongLong(value)
    except OverflowError:
        taken = -1
    if not 0 <= taken <= <long long>largest:
        raise ValueError(f"{name} is {value}, 0 to {largest} are allowed")
    return <uint32_t>taken


@cython.final
cdef class RtpPacket:
    """One immutable RTP packet, built from its fields or parsed by `RtpPacket.parse`. Use from any thread.

    Args:
        payload_type: 0 to 127.
        sequence_number: 16 bits.
        timestamp: 32 bits, in ticks of the codec's RTP clock.
        ssrc: 32 bits.
        payload: octets of the payload.
        marker: in audio True on the first packet of a talk spurt (RFC 3551 section 4.1).
        csrcs: up to 15 contributing sources of 32 bits.
        extension: profile and data of the header extension, a multiple of 4 octets, as `header_extension` returns them.
        padding: octets after the payload; the last one is their number.

    Raises:
        ValueError: a field does not fit.
        TypeError: a field has the wrong type.

    >>> packet = RtpPacket(
    ...     payload_type=0, sequence_number=1000, timestamp=160000, ssrc=0x12345678, payload=b"\\xff" * 4, marker=True
    ... )
    >>> packet.build().hex()
    '808003e80002710012345678ffffffff'
    >>> packet
    RtpPacket(payload_type=0, sequence_number=1000, timestamp=160000, ssrc=0x12345678, marker=True, payload=<4 octets>)
    """

    cdef bytes _datagram
    cdef RtpHeader _header

    def __init__(
        self, *, payload_type, sequence_number, timestamp, ssrc, payload=b"", bint marker=False, csrcs=(),
        extension=None, bytes padding not None=b"",
    ):
        # A local header until all is checked: properties use self._header to find the parts.
        cdef RtpHeader made
        cdef RtpHeader* header = &made
        cdef bytes datagram
        cdef Py_buffer view
        cdef uint8_t* out
        cdef Py_ssize_t at = FIXED_OCTETS
        cdef bytes front = b""
        if self._datagram is not None:
            raise TypeError("an RtpPacket never changes, make another one")
        memset(header, 0, sizeof(RtpHeader))
        header.payload_type = <uint8_t>number(payload_type, "payload_type", 127)
        header.sequence_number = number(sequence_number, "sequence_number", 0xFFFF)
        header.timestamp = number(timestamp, "timestamp", 0xFFFFFFFF)
        header.ssrc = number(ssrc, "ssrc", 0xFFFFFFFF)
        header.marker = marker
        if marker and 72 <= header.payload_type <= 76:
            raise ValueError(f"payload_type is {payload_type} with the marker, which is RTCP (RFC 3551 section 6)")
        if csrcs or extension is not None:
            front = _front(header, csrcs, extension)
            at += len(front)
        if padding:
            _check_padding(header, padding)
        take_octets(payload, &view)
        try:
            header.payload_at = at
            header.payload_octets = view.len
            datagram = PyBytes_FromStringAndSize(NULL, at + view.len + header.padding_octets)
            out = <uint8_t*>PyBytes_AS_STRING(datagram)
            write_header(out, header)
            memcpy(out + FIXED_OCTETS, PyBytes_AS_STRING(front), at - FIXED_OCTETS)
            memcpy(out + at, view.buf, view.len)
            memcpy(out + at + view.len, PyBytes_AS_STRING(padding), header.padding_octets)
        finally:
            PyBuffer_Release(&view)
        with cython.critical_section(self):
            if self._datagram is not None:    # set by code of an argument, or by another thread
                raise TypeError("an RtpPacket never changes, make another one")
            self._header = made
            self._datagram = datagram

    @staticmethod
    def parse(datagram, /):
        """Parse a datagram. Bytes are kept without a copy; any other buffer is copied, because it may change.

        Raises:
            PacketError: not a valid RTP packet; the message names the broken rule of RFC 3550 section 5.1.
            TypeError: not a buffer of octets.
        """
        cdef RtpPacket packet = RtpPacket.__new__(RtpPacket)
        cdef Py_buffer view
        cdef HeaderFault fault
        take_octets(datagram, &view, "datagram")
        try:
            fault = read_header(<const uint8_t*>view.buf, view.len, &packet._header)
            if fault != HEADER_GOOD:
                raise fault_of(fault, <const uint8_t*>view.buf, view.len, &packet._header)
            packet._datagram = (
                <bytes>datagram if PyBytes_CheckExact(datagram)
                else PyBytes_FromStringAndSize(<const char*>view.buf, view.len)
            )
        finally:
            PyBuffer_Release(&view)
        return packet

    @property
    def version(self):
        """Always 2."""
        return 2

    @property
    def marker(self):
        """The marker bit; in audio, the first packet after silence has it (RFC 3551 section 4.1)."""
        return self._header.marker != 0

    @property
    def payload_type(self):
        """The payload type, 0 to 127."""
        return self._header.payload_type

    @property
    def sequence_number(self):
        """The sequence number, 16 bits, which increases by one per packet."""
        return self._header.sequence_number

    @property
    def timestamp(self):
        """The timestamp, 32 bits, in ticks of the codec's RTP clock."""
        return self._header.timestamp

    @property
    def ssrc(self):
        """The synchronization source, 32 bits, the sender's random identifier."""
        return self._header.ssrc

    # Header and datagram are read together: another thread may be in __init__ of a packet created by __new__.
    @property
    @cython.critical_section
    def csrcs(self):
        """The sources that a mixer has combined."""
        cdef const uint8_t* octets = <const uint8_t*>PyBytes_AS_STRING(self._datagram) + FIXED_OCTETS
        cdef int i
        return tuple([load_u32(octets + 4 * i) for i in range(self._header.csrc_count)])

    @property
    def extension(self):
        """The header extension, a profile and its data; None: the packet has no extension."""
        if not self._header.has_extension:
            return None
        end = self._header.payload_at
        return self._header.extension_profile, self._datagram[end - self._header.extension_octets:end]

    @property
    def extension_elements(self):
        """The elements of the header extension, pairs of id and data (RFC 8285 section 4); empty for another profile.

        Raises:
            PacketError: an element ends beyond the extension.
        """
        extension = self.extension
        return () if extension is None else header_extension_elements(*extension)

    @property
    @cython.critical_section
    def payload(self):
        """A copy of the octets between header and padding."""
        return PyBytes_FromStringAndSize(
            PyBytes_AS_STRING(self._datagram) + self._header.payload_at, self._header.payload_octets
        )

    @property
    def payload_octets(self):
        """The length of the payload in octets."""
        return self._header.payload_octets

    @property
    def padding(self):
        """The octets after the payload, the last of which is their number; usually empty."""
        return self._datagram[self._header.payload_at + self._header.payload_octets:]

    def decode_into(self, decoder, out, /):
        """Decode the payload without a copy. Return the number of samples. Errors are those of the decoder."""
        start = self._header.payload_at
        payload = memoryview(self._datagram)[start:start + self._header.payload_octets]
        return decoder.decode_into(payload, out)

    def build(self):
        """Return the datagram. It already exists, so this costs nothing."""
        return self._datagram

    def build_into(self, out, /):
        """Write the datagram to the start of a writable buffer. Return the number of octets.

        Raises:
            ValueError: the buffer is too short.
            TypeError: not a buffer of octets.
            BufferError: the buffer is read-only.
        """
        cdef Py_buffer source
        cdef Py_buffer room
        take_octets(self._datagram, &source, "datagram")
        try:
            take_room(out, &room, &source, source.len, samples=False)
            memcpy(room.buf, source.buf, source.len)
            PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&source)
        return source.len

    def __eq__(self, other):
        return self._datagram == (<RtpPacket>other)._datagram if isinstance(other, RtpPacket) else NotImplemented

    def __hash__(self):
        return hash(self._datagram)

    def __reduce__(self):
        return RtpPacket.parse, (self._datagram,)

    def __repr__(self):
        return (
            f"RtpPacket(payload_type={self.payload_type}, sequence_number={self.sequence_number}, "
            f"timestamp={self.timestamp}, ssrc=0x{self.ssrc:08X}, marker={self.marker}, "
            f"payload=<{self.payload_octets} octets>)"
        )


cdef bytes _front(RtpHeader* header, object csrcs, object extension):
    """Return CSRCs and header extension as octets, the part after the fixed header."""
    cdef Py_ssize_t at = 0
    cdef uint8_t* out
    sources = tuple(csrcs)
    if len(sources) > MAX_CSRCS:
        raise ValueError(f"csrcs has {len(sources)} entries, at most {MAX_CSRCS} are allowed")
    header.csrc_count = <uint8_t>len(sources)
    front = bytearray(4 * len(sources))
    out = front
    for source in sources:
        store_u32(out + at, number(source, "a CSRC", 0xFFFFFFFF))
        at += 4
    if extension is not None:
        profile, data = extension
        data = bytes(memoryview(data))
        if len(data) % 4 or len(data) > MAX_EXTENSION_OCTETS:
            raise ValueError(
                f"extension has {len(data)} octets, a multiple of 4 up to {MAX_EXTENSION_OCTETS} is needed"
            )
        header.has_extension = True
        header.extension_profile = number(profile, "the profile of extension", 0xFFFF)
        header.extension_octets = len(data)
        front += header.extension_profile.to_bytes(2, "big") + (len(data) // 4).to_bytes(2, "big") + data
    return bytes(front)


cdef int _check_padding(RtpHeader* header, bytes padding) except -1:
    octets = len(padding)
    last = <uint8_t>padding[octets - 1]
    if octets > MAX_PADDING_OCTETS or last != octets:
        raise ValueError(
            f"padding of {octets} octets ends with {last}, its last octet must count them (at most "
            f"{MAX_PADDING_OCTETS})"
        )
    header.has_padding = True
    header.padding_octets = octets
    return 0
