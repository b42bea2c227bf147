"""How long an OPUS packet lasts, and rules R1 to R7 of RFC 6716 section 3.4."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.codecs.opus_packet import duration_ticks
from rtpcodec.errors import PayloadError

# RFC 6716 section 3.1, table 2, in ms.
FRAME_MS = 3 * [10, 20, 40, 60] + 2 * [10, 20] + 4 * [2.5, 5, 10, 20]


def packets_of(octets: bytes) -> Iterator[bytes]:
    """What an .opuspk file holds: a length of two octets before each packet."""
    place = 0
    while place < len(octets):
        end = place + 2 + int.from_bytes(octets[place : place + 2], "big")
        yield octets[place + 2 : end]
        place = end


@pytest.mark.parametrize("stereo", [0, 4])
@pytest.mark.parametrize("config", range(32))
def test_every_configuration_and_count(config: int, stereo: int) -> None:
    ticks = 48 * FRAME_MS[config]
    toc = config << 3 | stereo
    assert duration_ticks(bytes([toc])) == duration_ticks(bytes([toc, 1, 2])) == ticks
    for two_frames in ([toc | 1], [toc | 1, 7, 7], [toc | 2, 0], [toc | 2, 1, 7, 7]):
        assert duration_ticks(bytes(two_frames)) == 2 * ticks
    for count in range(64):
        packet = bytes([toc | 3, count])
        if 0 < count * FRAME_MS[config] <= 120:
            assert duration_ticks(packet) == count * ticks
        else:
            with pytest.raises(PayloadError, match=r"R5\)$"):
                duration_ticks(packet)


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [("48", 960), ("4b03aabbcc", 2880), ("50", 1920), ("58", 2880), ("08", 960), ("78", 960), ("f8", 960), ("fc", 960)],
)
def test_worked_examples(packet: str, ticks: int) -> None:
    assert duration_ticks(bytes.fromhex(packet)) == ticks


def test_recorded_packets(vectors: Path) -> None:
    cases = json.loads((vectors / "opus" / "index.json").read_text("utf-8"))["cases"]
    assert len(cases) == 7
    for case in cases:
        packets = list(packets_of((vectors / "opus" / f"{case['name']}.opuspk").read_bytes()))
        assert len(packets) == case["packets"]
        assert {duration_ticks(packet) for packet in packets} == {case["samples_48k_per_packet"]}


@pytest.mark.parametrize(
    ("packet", "rule", "number"),
    [
        (b"", "R1", "0 octets"),
        (b"\x48" + bytes(1276), "R2", "1276 octets"),
        (b"\x49" + bytes(2552), "R2", "1276 octets"),
        (b"\x4a\0" + bytes(1276), "R2", "1276 octets"),
        (b"\x4b\x02" + bytes(2552), "R2", "1276 octets"),
        (b"\x4b\x82\0" + bytes(1276), "R2", "1276 octets"),
        (b"\x49" + bytes(3), "R3", "3 octets"),
        (b"\x4a", "R4", "length of a frame"),
        (b"\x4a\xfc", "R4", "length of a frame"),
        (b"\x4a\x03" + bytes(2), "R4", "2 octets"),
        (b"\x4a\xfc\x01" + bytes(255), "R4", "256"),
        (b"\x4b\0", "R5", "0 frames"),
        (b"\x4b\x07", "R5", "20 ms"),
        (b"\x4b", "R6", "1 octet"),
        (b"\x4b\x02" + bytes(3), "R6", "3 octets"),
        (b"\x4b\x41", "R6", "padding"),
        (b"\x4b\x41\xff", "R6", "padding"),
        (b"\x4b\x41\x03" + bytes(2), "R6", "padding"),
        (b"\x4b\x82", "R7", "length of a frame"),
        (b"\x4b\x82\xfd", "R7", "length of a frame"),
        (b"\x4b\x83\x02\x03" + bytes(4), "R7", "4 octets"),
        (b"\x4b\xc2\x02\x01" + bytes(2), "R7", "0 octets"),
    ],
)
def test_each_rule_is_named_with_its_number(packet: bytes, rule: str, number: str) -> None:
    with pytest.raises(PayloadError) as caught:
        duration_ticks(packet)
    assert rule in str(caught.value).rpartition("(")[2]
    assert number in str(caught.value)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x48" + bytes(1275),
        b"\x4a\xfc\0" + bytes(252),
        b"\x4a\xff\xff" + bytes(1275),
        b"\x4b\x41\x02" + bytes(2),
        b"\x4b\x41\xff\x01" + bytes(255),
        b"\x4b\xc2\x02\x01" + bytes(3),
    ],
)
def test_what_the_rules_allow(packet: bytes) -> None:
    assert duration_ticks(packet) in (960, 1920)


@given(st.binary(max_size=1500))
def test_random_octets_give_a_duration_or_an_error(packet: bytes) -> None:
    try:
        ticks = duration_ticks(packet)
    except PayloadError:
        return
    assert 120 <= ticks <= 5760
    assert ticks % (48 * FRAME_MS[packet[0] >> 3]) == 0


def test_octets_come_in_any_buffer_and_nothing_else() -> None:
    for packet in (bytearray(b"\x48\0"), memoryview(b"\x48\0"), array("B", b"\x48\0")):
        assert duration_ticks(packet) == 960
    for wrong in ("48", 72, None):
        with pytest.raises(TypeError):
            duration_ticks(wrong)  # type: ignore[arg-type]
