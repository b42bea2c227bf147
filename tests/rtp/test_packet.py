"""RTP packets: the worked examples, every rule with its error, and an oracle that reads bit by bit."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtpcodec import RtpPacket, codec, is_rtcp
from rtpcodec.errors import PacketError, RtpcodecError
from rtpcodec.rtp.header_extension import header_extension
from tests.oracles import rtp as oracle

EXAMPLE_A = bytes.fromhex("808003e80002710012345678ffffffff")
EXAMPLE_B = bytes.fromhex("b160ffffffffff60deadbeef11111111bede0002109e320102030000aabb0002")
FIELDS: dict[str, Any] = {"payload_type": 0, "sequence_number": 1000, "timestamp": 160000, "ssrc": 0x12345678}


def fields_of(packet: RtpPacket) -> oracle.Fields:
    return oracle.Fields(**{name: getattr(packet, name) for name in oracle.Fields._fields})


def test_example_a() -> None:
    packet = RtpPacket.parse(EXAMPLE_A)
    assert fields_of(packet) == oracle.Fields(0, 1000, 160000, 0x12345678, b"\xff" * 4, True, (), None, b"")
    assert (packet.version, packet.payload_octets, packet.extension_elements) == (2, 4, ())
    assert RtpPacket(**FIELDS, payload=b"\xff" * 4, marker=True).build() == EXAMPLE_A


def test_example_b() -> None:
    packet = RtpPacket.parse(EXAMPLE_B)
    assert fields_of(packet) == oracle.Fields(
        96,
        65535,
        0xFFFFFF60,
        0xDEADBEEF,
        b"\xaa\xbb",
        False,
        (0x11111111,),
        (0xBEDE, bytes.fromhex("109e320102030000")),
        b"\x00\x02",
    )
    assert packet.extension_elements == ((1, b"\x9e"), (3, b"\x01\x02\x03"))
    made = RtpPacket(
        payload_type=96,
        sequence_number=65535,
        timestamp=0xFFFFFF60,
        ssrc=0xDEADBEEF,
        csrcs=[0x11111111],
        extension=header_extension([(1, b"\x9e"), (3, b"\x01\x02\x03")]),
        payload=b"\xaa\xbb",
        padding=b"\x00\x02",
    )
    assert made.build() == EXAMPLE_B
    assert made == packet


@pytest.mark.parametrize(
    ("datagram", "message"),
    [
        ("", "RTP packet has 0 octets, a header needs 12"),
        ("800000000000000000", "RTP packet has 9 octets, a header needs 12"),
        ("400000000000000000000000", "RTP packet has version 1, 2 is needed"),
        ("80c800000000000000000000", "octets are RTCP of packet type 200, not an RTP packet"),
        ("80cc00000000000000000000", "octets are RTCP of packet type 204, not an RTP packet"),
        ("820000000000000000000000" + "00" * 7, "RTP packet has 19 octets, a header with 2 CSRCs needs 20"),
        ("900000000000000000000000bede00", "RTP packet has 15 octets, a header with an extension needs 16"),
        (
            "900000000000000000000000bede000200000000000000",
            "RTP packet has 23 octets, a header with an extension of 2 words needs 24",
        ),
        ("a00000000000000000000000", "RTP packet has the padding bit, but no octet after its header"),
        ("a00000000000000000000000ff00", "RTP packet has padding of 0 octets, 1 to 2 are allowed"),
        ("a00000000000000000000000ff03", "RTP packet has padding of 3 octets, 1 to 2 are allowed"),
    ],
)
def test_every_rule_has_its_error(datagram: str, message: str) -> None:
    with pytest.raises(PacketError) as caught:
        RtpPacket.parse(bytes.fromhex(datagram))
    assert str(caught.value) == message
    assert isinstance(caught.value, RtpcodecError)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(oracle.Broken):
        oracle.parse(bytes.fromhex(datagram))


@pytest.mark.parametrize(
    ("octets", "rtcp"),
    [
        ("80c80006", True),
        ("81c9", True),
        ("80bf", False),
        ("80c0", True),
        ("80df", True),
        ("80e0", False),
        ("40c8", False),
        ("80", False),
        ("", False),
        (EXAMPLE_A.hex(), False),
    ],
)
def test_rtcp_is_recognised(octets: str, rtcp: bool) -> None:
    assert is_rtcp(bytes.fromhex(octets)) is rtcp


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload_type": 128}, "payload_type is 128, 0 to 127 are allowed"),
        ({"payload_type": -1}, "payload_type is -1, 0 to 127 are allowed"),
        (
            {"payload_type": 72, "marker": True},
            "payload_type is 72 with the marker, which is RTCP (RFC 3551 section 6)",
        ),
        ({"sequence_number": 65536}, "sequence_number is 65536, 0 to 65535 are allowed"),
        ({"timestamp": 1 << 32}, "timestamp is 4294967296, 0 to 4294967295 are allowed"),
        ({"ssrc": 1 << 80}, f"ssrc is {1 << 80}, 0 to 4294967295 are allowed"),
        ({"csrcs": range(16)}, "csrcs has 16 entries, at most 15 are allowed"),
        ({"csrcs": [-1]}, "a CSRC is -1, 0 to 4294967295 are allowed"),
        ({"extension": (1, b"abc")}, "extension has 3 octets, a multiple of 4 up to 262140 is needed"),
        ({"extension": (1, bytes(262144))}, "extension has 262144 octets, a multiple of 4 up to 262140 is needed"),
        ({"extension": (65536, b"")}, "the profile of extension is 65536, 0 to 65535 are allowed"),
        (
            {"padding": b"\x00\x03"},
            "padding of 2 octets ends with 3, its last octet must count them (at most 255)",
        ),
    ],
)
def test_fields_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        RtpPacket(**(FIELDS | change))


@pytest.mark.parametrize(
    "change", [{"payload": "text"}, {"ssrc": "1"}, {"timestamp": 1.5}, {"padding": bytearray(b"\1")}, {"csrcs": ["1"]}]
)
def test_wrong_types_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        RtpPacket(**(FIELDS | change))


def test_a_packet_has_the_longest_of_all() -> None:
    packet = RtpPacket(
        **FIELDS, csrcs=range(15), extension=(7, bytes(262140)), payload=b"x", padding=bytes(254) + b"\xff"
    )
    assert len(packet.build()) == 12 + 60 + 4 + 262140 + 1 + 255
    assert RtpPacket.parse(packet.build()) == packet


def test_a_buffer_that_changes_does_not_change_the_packet() -> None:
    octets = bytearray(EXAMPLE_A)
    packet = RtpPacket.parse(octets)
    octets[:] = bytes(len(octets))
    assert packet.build() == EXAMPLE_A
    assert RtpPacket.parse(memoryview(b"." + EXAMPLE_A)[1:]) == packet
    with pytest.raises(TypeError):
        RtpPacket.parse("text")  # type: ignore[arg-type]


def test_bytes_are_kept_without_a_copy() -> None:
    assert RtpPacket.parse(EXAMPLE_A).build() is EXAMPLE_A


def test_the_payload_is_decoded_without_a_copy() -> None:
    info = codec("PCMU")
    packet = RtpPacket(**FIELDS, payload=bytes(range(160)), padding=b"\1")
    pcm = bytearray(320)
    assert packet.decode_into(info.decoder(), pcm) == 160
    assert pcm == info.decoder().decode(bytes(range(160)))
    with pytest.raises(ValueError, match=r"^out has room for 319 octets, the result needs 320$"):
        packet.decode_into(info.decoder(), bytearray(319))


def test_build_into() -> None:
    packet = RtpPacket.parse(EXAMPLE_B)
    room = bytearray(40)
    assert packet.build_into(room) == 32
    assert room == EXAMPLE_B + bytes(8)
    with pytest.raises(ValueError, match=r"^out has room for 31 octets, the result needs 32$"):
        packet.build_into(bytearray(31))
    with pytest.raises(BufferError):
        packet.build_into(bytes(32))


def test_packets_are_values() -> None:
    packet = RtpPacket.parse(EXAMPLE_A)
    assert {packet, RtpPacket.parse(bytearray(EXAMPLE_A))} == {packet}
    assert packet != RtpPacket.parse(EXAMPLE_B)
    assert packet != EXAMPLE_A
    assert pickle.loads(pickle.dumps(packet)) == packet
    with pytest.raises(AttributeError):
        packet.ssrc = 1  # type: ignore[misc]


def test_a_packet_cannot_be_made_twice() -> None:
    made, read = RtpPacket(**FIELDS), RtpPacket.parse(EXAMPLE_B)
    for packet in (made, read):
        before = packet.build(), fields_of(packet)
        for csrcs in ((), [1] * 14 + [-1]):  # the second is refused only after 14 of them were counted
            with pytest.raises(TypeError, match=r"^an RtpPacket never changes, make another one$"):
                packet.__init__(**FIELDS, csrcs=csrcs)
        assert (packet.build(), fields_of(packet)) == before


def test_refused_fields_leave_no_header() -> None:
    packet = RtpPacket.__new__(RtpPacket)
    with pytest.raises(ValueError, match=r"^a CSRC is -1, "):
        packet.__init__(**FIELDS, csrcs=[1] * 14 + [-1])
    assert packet.csrcs == ()
    assert packet.payload == b""
    assert packet.extension is None


def test_a_repr_shows_no_payload() -> None:
    packet = RtpPacket(**FIELDS, payload=b"\x05\x8a\x03\x20")
    assert repr(packet) == (
        "RtpPacket(payload_type=0, sequence_number=1000, timestamp=160000, ssrc=0x12345678, marker=False, "
        "payload=<4 octets>)"
    )


PROFILES = st.sampled_from([0xBEDE, 0x1000, 0x100F, 0, 0xFFFF])


@given(
    payload_type=st.integers(0, 127),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=40),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.none() | st.tuples(PROFILES, st.binary(max_size=24).map(lambda data: data + bytes(-len(data) % 4))),
    padding=st.binary(max_size=254).map(lambda front: front + bytes([len(front) + 1])) | st.just(b""),
)
def test_fields_come_back(**fields: Any) -> None:
    if fields["marker"] and 72 <= fields["payload_type"] <= 76:
        fields["payload_type"] = 0
    datagram = RtpPacket(**fields).build()
    assert oracle.parse(datagram) == oracle.Fields(**fields) == fields_of(RtpPacket.parse(datagram))


@given(st.binary(max_size=60), st.integers(0, 63))
@example(EXAMPLE_B[1:], 0x31)
def test_any_octets_are_read_as_the_oracle_reads_them(rest: bytes, low_bits: int) -> None:
    datagram = bytes([0x80 | low_bits]) + rest
    try:
        expected = oracle.parse(datagram)
    except oracle.Broken:
        with pytest.raises(PacketError):
            RtpPacket.parse(datagram)
        return
    packet = RtpPacket.parse(datagram)
    assert fields_of(packet) == expected
    assert RtpPacket(**expected._asdict()).build() == datagram
    if packet.extension is None:
        return
    try:
        elements = tuple(oracle.elements(*packet.extension))
    except oracle.Broken:
        with pytest.raises(PacketError):
            _ = packet.extension_elements
    else:
        assert packet.extension_elements == elements
