"""Packets of a stream: numbers, timestamps by the RTP clock, the marker, and payloads that are split."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import Packetizer, RtpPacket, codec, payload_format
from rtpcodec.errors import PayloadError

START: dict[str, Any] = {"sequence_number": 65535, "timestamp": 0xFFFFFF60, "ssrc": 7}
SID = bytes.fromhex("4c1234567890")
SID_THEN_SPEECH = bytes.fromhex("fcc11234567890031425364758697a8b9cadbecfe0f10210")


def summary(packets: list[RtpPacket]) -> list[tuple[int, int, bool, int]]:
    return [(packet.sequence_number, packet.timestamp, packet.marker, packet.payload_octets) for packet in packets]


@pytest.mark.parametrize(
    ("name", "rate_hz", "payload", "step"),
    [
        ("PCMU", 8000, bytes(160), 160),
        ("PCMA", 8000, bytes(160), 160),
        ("G722", 16000, bytes(160), 160),
        ("L16", 16000, bytes(640), 320),
        ("AMR-WB", 16000, bytes.fromhex("f4c48d159e2400"), 320),
        ("OPUS", 16000, bytes.fromhex("48aabbcc"), 960),
    ],
)
def test_a_timestamp_counts_the_rtp_clock(name: str, rate_hz: int, payload: bytes, step: int) -> None:
    packetizer = Packetizer(payload_format(codec(name), rate_hz), 96, **START)
    first, second = packetizer.packetize(payload) + packetizer.packetize(payload)
    assert (first.sequence_number, first.timestamp, first.ssrc, first.payload_type) == (65535, 0xFFFFFF60, 7, 96)
    assert (second.sequence_number, second.timestamp) == (0, (0xFFFFFF60 + step) & 0xFFFFFFFF)
    assert first.payload == second.payload == payload


def test_the_marker_is_on_the_first_packet_of_a_talk_spurt() -> None:
    packetizer = Packetizer(payload_format(codec("PCMU")), 0, **START, max_octets=100)
    assert summary(packetizer.packetize(bytes(160))) == [(65535, 0xFFFFFF60, True, 100), (0, 0xFFFFFFC4, False, 60)]
    assert summary(packetizer.packetize(bytes(80))) == [(1, 0, False, 80)]
    packetizer.silence(8000)
    assert summary(packetizer.packetize(bytes(160))) == [(2, 8080, True, 100), (3, 8180, False, 60)]
    packetizer.silence()
    assert summary(packetizer.packetize(bytes(1))) == [(4, 8240, True, 1)]


def test_starts_are_random_and_repeat_with_the_source() -> None:
    def starts(seed: int | None) -> tuple[int, int, int]:
        source = None if seed is None else random.Random(seed)
        made = Packetizer(payload_format(codec("PCMU")), 0, random=source)
        return made.sequence_number, made.timestamp, made.ssrc

    assert starts(7) == starts(7) != starts(8)
    assert starts(None) != starts(None)


def test_pieces_are_whole_units_with_their_own_time() -> None:
    packetizer = Packetizer(payload_format(codec("L16"), 16000), 96, sequence_number=0, timestamp=0, max_octets=101)
    packets = packetizer.packetize(bytes(250))
    assert [(packet.timestamp, packet.payload_octets) for packet in packets] == [(0, 100), (50, 100), (100, 50)]
    assert packetizer.timestamp == 125


def test_amrwb_is_split_between_frames() -> None:
    made = payload_format(codec("AMR-WB"), packing="octet-aligned", cmr=2)
    packetizer = Packetizer(made, 96, sequence_number=0, timestamp=0, max_octets=14)
    packets = packetizer.packetize(made.payload([SID] * 5))
    assert [packet.timestamp for packet in packets] == [0, 640, 1280]
    reader = payload_format(codec("AMR-WB"), packing="octet-aligned")
    assert [len(reader.frames(packet.payload)) for packet in packets] == [2, 2, 1]
    assert all(packet.payload[0] == 0x20 for packet in packets)


@pytest.mark.parametrize(
    ("name", "payload", "max_octets", "message"),
    [
        ("L16", bytes(4), 1, "max_octets is 1, a unit of L16 has 2"),
        ("L16", bytes(3), 1, "L16 payload has 3 octets, a multiple of 2 is needed"),
        ("OPUS", bytes.fromhex("48aabbcc"), 3, "OPUS packet has 4 octets, it cannot be cut to 3"),
        ("AMR-WB", bytes.fromhex("f4c48d159e2400"), 6, "AMR-WB payload of one frame has 7 octets, max_octets is 6"),
        # A SID fits, the frame of 6.60 kbit/s after it does not.
        ("AMR-WB", SID_THEN_SPEECH, 10, "AMR-WB payload of one frame has 18 octets, max_octets is 10"),
    ],
)
def test_payloads_that_cannot_be_split_are_refused_without_a_change(
    name: str, payload: bytes, max_octets: int, message: str
) -> None:
    packetizer = Packetizer(payload_format(codec(name)), 96, **START, max_octets=max_octets)
    with pytest.raises(PayloadError) as caught:
        packetizer.packetize(payload)
    assert str(caught.value) == message
    assert (packetizer.sequence_number, packetizer.timestamp) == (65535, 0xFFFFFF60)
    assert packetizer.packet(b"").marker


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.integers(1, 64), st.integers(0, 0xFFFF))
def test_packets_joined_are_the_payloads(payloads: list[bytes], max_octets: int, start: int) -> None:
    packetizer = Packetizer(payload_format(codec("PCMA")), 8, sequence_number=start, timestamp=0, max_octets=max_octets)
    packets = [packet for payload in payloads for packet in packetizer.packetize(payload)]
    assert b"".join(packet.payload for packet in packets) == b"".join(payloads)
    assert [packet.sequence_number for packet in packets] == [(start + i) & 0xFFFF for i in range(len(packets))]
    at = 0
    for packet in packets:
        assert packet.timestamp == at
        at += packet.payload_octets


def test_a_repr_shows_where_the_stream_is() -> None:
    packetizer = Packetizer(payload_format(codec("PCMU")), 0, **START)
    assert repr(packetizer) == (
        "<Packetizer payload type 0, ssrc 0x00000007, next sequence number 65535, timestamp 4294967136>"
    )
