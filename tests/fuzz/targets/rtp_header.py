"""Fuzz RTP packets: any octets are a packet that its fields build again, or a PacketError.

Layout of an input: one octet that modifies the first octet, then the datagram; most pass the check of the version.
COMPARED counts the octets of packets that were built again.
"""

from rtpcodec import RtpPacket, codec, is_rtcp
from rtpcodec.errors import PacketError
from rtpcodec.rtp.header_extension import header_extension, header_extension_elements

COMPARED = 0
DECODER = codec("PCMU").decoder()
KEEP_FIRST = 0x80
"""With this bit the datagram is unchanged; otherwise its version is 2, and the input gives the rest of the octet."""


def run(data: bytes) -> int:
    """Parse from two kinds of buffers, read every part, build and write."""
    head, datagram = data[:1], data[1:]
    if head and datagram and not head[0] & KEEP_FIRST:
        datagram = bytes((0x80 | head[0] & 0x3F,)) + datagram[1:]
    rtcp = is_rtcp(datagram)
    assert rtcp == is_rtcp(memoryview(b"." + datagram)[1:])
    refusal = _refusal(datagram)
    assert refusal == _refusal(bytearray(datagram))
    if refusal:
        return 4
    packet = RtpPacket.parse(datagram)
    assert packet == RtpPacket.parse(memoryview(b"." + datagram)[1:])
    assert not (rtcp and 72 <= packet.payload_type <= 76)
    _again(packet, datagram)
    room = memoryview(bytearray(len(datagram) + 1))[1:]
    assert packet.build_into(room) == len(datagram)
    assert room == datagram
    pcm = memoryview(bytearray(2 * packet.payload_octets + 1))[1:]
    assert packet.decode_into(DECODER, pcm) == packet.payload_octets
    assert pcm == DECODER.decode(packet.payload)
    return 8 + _elements(packet)


def _refusal(datagram: bytes | bytearray) -> str:
    """Return the text of the error; "" for a packet."""
    try:
        RtpPacket.parse(datagram)
    except PacketError as error:
        return str(error)
    return ""


def _again(packet: RtpPacket, datagram: bytes) -> None:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    again = RtpPacket(
        payload_type=packet.payload_type,
        sequence_number=packet.sequence_number,
        timestamp=packet.timestamp,
        ssrc=packet.ssrc,
        payload=packet.payload,
        marker=packet.marker,
        csrcs=packet.csrcs,
        extension=packet.extension,
        padding=packet.padding,
    )
    assert again == packet
    assert again.build() == datagram
    COMPARED += len(datagram)


def _elements(packet: RtpPacket) -> int:
    """Check that parsed elements can be written and parsed again."""
    try:
        elements = packet.extension_elements
    except PacketError:
        return 1
    assert header_extension_elements(*header_extension(elements)) == elements
    return 3
