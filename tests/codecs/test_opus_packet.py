"""The parser of packets compared with libopus: the same packets are valid, with the same durations."""

from __future__ import annotations

import ctypes
import json
import random
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.codecs import CodecInfo, opus_packet
from rtpcodec.codecs.libraries import OPUS
from rtpcodec.errors import PayloadError

LARGEST = 5760 * 2
Parsed = Callable[[bytes], tuple[int, ...] | None]


@pytest.fixture(scope="module")
def by_library(opus: CodecInfo) -> Parsed:
    """Return frame lengths by the library's parser; None: not a valid packet."""
    library = ctypes.CDLL(OPUS.open().path)

    def parse(packet: bytes) -> tuple[int, ...] | None:
        toc, offset = ctypes.c_ubyte(), ctypes.c_int()
        frames, sizes = (ctypes.c_void_p * 48)(), (ctypes.c_int16 * 48)()
        count = library.opus_packet_parse(packet, len(packet), ctypes.byref(toc), frames, sizes, ctypes.byref(offset))
        if count < 0 or library.opus_packet_get_nb_samples(packet, len(packet), 48000) != count * (
            library.opus_packet_get_samples_per_frame(packet, 48000)
        ):
            return None
        return tuple(sizes[:count])

    return parse


def ours(packet: bytes) -> tuple[int, ...] | None:
    try:
        return opus_packet.parse(packet).frame_octets
    except PayloadError:
        return None


def length_code(octets: int) -> bytes:
    """Encode a length (RFC 6716 section 3.2.1)."""
    if octets < 252:
        return bytes([octets])
    return bytes([252 + (octets & 3), (octets - 252 - (octets & 3)) // 4])


def of_code_3(toc: int, lengths: list[int], padding: int | None, variable: bool) -> bytes:
    head = bytes([toc | 3, len(lengths) | (padding is not None) << 6 | variable << 7])
    if padding is not None:
        head += b"\xff" * (padding // 254) + bytes([padding % 254])
    if variable:
        head += b"".join(map(length_code, lengths[:-1]))
    return head + bytes(sum(lengths)) + bytes(padding or 0)


def packets_of_every_kind() -> Iterator[tuple[bytes, list[int]]]:
    """Yield all 32 configurations, both channel counts, all codes, every count of frames, and lengths."""
    rng = random.Random(6716)
    for toc in range(0, 256, 4):
        one = rng.choice((0, 1, 251, 252, 1275))
        yield bytes([toc]) + bytes(one), [one]
        yield bytes([toc | 1]) + bytes(2 * one), [one, one]
        other = rng.choice((0, 1, 255, 1275))
        yield bytes([toc | 2]) + length_code(one) + bytes(one + other), [one, other]
        for count in range(1, 64):
            for padding in (None, 0, 1, 253, 254, 255, 600):
                lengths = [rng.choice((0, 1, 7, 251, 252, 255, 256)) for _ in range(count)]
                yield of_code_3(toc, [lengths[0]] * count, padding, variable=False), [lengths[0]] * count
                yield of_code_3(toc, lengths, padding, variable=True), lengths


def test_all_configurations_codes_and_counts_are_as_the_library_has_them(by_library: Parsed) -> None:
    seen = 0
    for packet, lengths in packets_of_every_kind():
        frame_ticks = opus_packet.parse(bytes([packet[0] & 0xFC])).frame_ticks
        if len(lengths) * frame_ticks > opus_packet.MAX_TICKS:
            assert by_library(packet) is None
            with pytest.raises(PayloadError, match=rf"^Opus packet has {len(lengths)} frames of .*\(R5\)$"):
                opus_packet.parse(packet)
            continue
        parsed = opus_packet.parse(packet)
        assert list(parsed.frame_octets) == lengths == list(by_library(packet) or ())
        assert parsed.ticks == opus_packet.duration_ticks(packet) == len(lengths) * frame_ticks
        assert (parsed.config, parsed.stereo) == (packet[0] >> 3, bool(packet[0] & 4))
        seen += 1
    assert seen > 10_000


def test_cuts_of_valid_packets_are_judged_as_the_library_does(by_library: Parsed) -> None:
    rng, verdicts = random.Random(3), {True: 0, False: 0}
    for packet, _ in packets_of_every_kind():
        cut = packet[: rng.randrange(len(packet) + 1)]
        if cut and len(cut) < LARGEST:
            assert ours(cut) == by_library(cut), cut[:8].hex()
            verdicts[ours(cut) is None] += 1
    assert min(verdicts.values()) > 1000


@given(packet=st.binary(min_size=1, max_size=60))
def test_any_octets_are_judged_as_the_library_does(packet: bytes, by_library: Parsed) -> None:
    assert ours(packet) == by_library(packet)


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (b"", "Opus packet has 0 octets, at least 1 is needed (R1)"),
        (bytes(1277), "Opus frame has 1276 octets, at most 1275 are allowed (R2)"),
        (b"\x01" + bytes(2 * 1276), "Opus frame has 1276 octets, at most 1275 are allowed (R2)"),
        (b"\x01\x00", "Opus packet has 1 octets for two frames of equal length, an even number is needed (R3)"),
        (b"\x02", "Opus packet ends inside the length of a frame (R4)"),
        (b"\x02\xfc", "Opus packet ends inside the length of a frame (R4)"),
        (b"\x02\x05\x00", "Opus packet has 1 octets for frames, the first needs 5 (R4)"),
        (b"\x03", "Opus packet has 1 octet, a count of frames must follow (R6)"),
        (b"\x03\x00", "Opus packet has 0 frames of 10 ms, 1 to 12 are allowed (R5)"),
        (b"\x0b\x07", "Opus packet has 7 frames of 20 ms, 1 to 6 are allowed (R5)"),
        (b"\x03\x02\x00", "Opus packet has 1 octets for 2 frames of equal length (R6)"),
        (b"\x03\x41", "Opus packet ends inside the length of its padding (R6, R7)"),
        (b"\x03\x41\xff", "Opus packet ends inside the length of its padding (R6, R7)"),
        (b"\x03\x41\x02\x00", "Opus packet has 1 octets left, its padding needs 2 (R6, R7)"),
        (b"\x03\x82\x05\x00", "Opus packet has 1 octets for frames, all but the last need 5 (R7)"),
        (b"\x03\x82", "Opus packet ends inside the length of a frame (R7)"),
        (bytes(65536), "Opus packet has 65536 octets, at most 65535 are taken"),
    ],
)
def test_errors_have_rule_and_value(packet: bytes, text: str, opus: CodecInfo) -> None:
    with pytest.raises(PayloadError) as found:
        opus_packet.parse(packet)
    assert str(found.value) == text
    with pytest.raises(PayloadError) as found:
        opus.decoder().decode(packet)
    assert str(found.value) == text


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [("48", 960), ("4b03aabbcc", 2880), ("50", 1920), ("58", 2880), ("08", 960), ("78", 960), ("f8", 960), ("fc", 960)],
)
def test_worked_examples(packet: str, ticks: int) -> None:
    assert opus_packet.duration_ticks(bytes.fromhex(packet)) == ticks


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
def test_errors_name_the_rule_with_its_number(packet: bytes, rule: str, number: str) -> None:
    with pytest.raises(PayloadError) as caught:
        opus_packet.duration_ticks(packet)
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
def test_valid_packets(packet: bytes) -> None:
    assert opus_packet.duration_ticks(packet) in (960, 1920)


def test_octets_come_in_any_buffer_and_nothing_else() -> None:
    for packet in (bytearray(b"\x48\0"), memoryview(b"\x48\0"), array("B", b"\x48\0")):
        assert opus_packet.duration_ticks(packet) == 960
    for wrong in ("48", 72, None):
        with pytest.raises(TypeError):
            opus_packet.duration_ticks(wrong)  # type: ignore[arg-type]


def test_vectors_last_as_long_as_their_index_says(vectors: Path) -> None:
    for case in json.loads((vectors / "opus" / "index.json").read_text())["cases"]:
        octets = (vectors / "opus" / f"{case['name']}.opuspk").read_bytes()
        found = []
        while octets:
            size = int.from_bytes(octets[:2], "big")
            found.append(opus_packet.parse(octets[2 : 2 + size]))
            octets = octets[2 + size :]
        assert len(found) == case["packets"]
        assert {packet.ticks for packet in found} == {case["samples_48k_per_packet"]}
        assert sorted({packet.config for packet in found}) == sorted(case["config"])
        assert sorted({int(packet.stereo) for packet in found}) == sorted(case["stereo_bit"])
