from __future__ import annotations

import itertools
import random

import pytest

from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import (
    BIT_RATES_KBPS,
    MAX_FRAME_OCTETS,
    RATES_HZ,
    Info,
    crc16,
    info_frame,
    read_header,
    read_info,
    silent_frame,
)
from tests import mp3_files
from tests.oracles import mp3 as oracle


def expected(octets: bytes) -> oracle.Header | None:
    header = read_header(octets, 0)
    if header is None:
        return None
    return oracle.Header(
        *header.stream[:2],
        header.bit_rate_kbps,
        header.stream.channels,
        header.padded,
        header.has_crc,
        header.samples,
        header.octets,
    )


def test_all_headers_are_those_of_the_formulas() -> None:
    """Test all values of the 2nd and 3rd octet, with every mode and emphasis and random other bits in the 4th."""
    dice = random.Random(5)
    valid = 0
    longest = 0
    for second, third in itertools.product(range(0xE0, 0x100), range(256)):
        octets = bytes([0xFF, second, third, dice.randrange(256)])
        assert expected(octets) == oracle.read(octets), octets.hex()
        header = read_header(octets, 0)
        valid += header is not None
        longest = max(longest, header.octets if header else 0)
    assert longest == MAX_FRAME_OCTETS
    assert 6 * 15 * 3 * 4 * 0.7 < valid < 6 * 15 * 3 * 4
    for fourth in range(256):
        octets = bytes([0xFF, 0xFB, 0x90, fourth])
        assert expected(octets) == oracle.read(octets), octets.hex()


def test_other_octets_and_ends_are_not_a_header() -> None:
    good = b"\xff\xfb\x90\x00"
    assert read_header(b"x" + good, 1) == read_header(good, 0) is not None
    for bad in (b"\xfe\xfb\x90\x00", b"\xff\x1b\x90\x00", good[:3], b""):
        assert read_header(bad, 0) is None
    assert read_header(good, 1) is None
    assert read_header(good, 9) is None


def test_tables_are_those_of_the_formulas() -> None:
    for version, rates in BIT_RATES_KBPS.items():
        assert rates == tuple(oracle.bit_rate_kbps(version, index) for index in range(1, 15))
    assert [hz for rates_hz in RATES_HZ.values() for hz in rates_hz] == [
        hz >> halvings for halvings in range(3) for hz in (44_100, 48_000, 32_000)
    ]


@pytest.mark.parametrize("rate_hz", mp3.DEFAULT_BIT_RATES_KBPS)
def test_the_header_frame_of_lame_is_read_and_has_our_check(rate_hz: int) -> None:
    data = mp3.encode(mp3_files.noise(rate_hz, rate_hz // 4), rate_hz)
    header = read_header(data, 0)
    assert header is not None
    info = read_info(data, 0, header)
    assert info is not None
    assert info.octets == len(data)
    assert info.frames is not None
    assert info.delay_samples == 576
    assert info.padding_samples is not None
    assert info.frames * header.samples - 576 - info.padding_samples == rate_hz // 4
    at = data.index(b"LAME") + 34
    assert crc16(data[:at]) == int.from_bytes(data[at : at + 2], "big")


@pytest.mark.parametrize("version", BIT_RATES_KBPS)
@pytest.mark.parametrize("fourth", [0x00, 0xC0])
@pytest.mark.parametrize("crc", [0, 1])
def test_our_header_frame_has_the_right_fields(version: str, fourth: int, crc: int) -> None:
    first = {"1": 0xFA, "2": 0xF2, "2.5": 0xE2}[version]
    for third in (0x10, 0x14, 0x1A, 0xE2):
        like = bytes([0xFF, first | (1 - crc), third, fourth])
        frame = info_frame(like, Info(7, 1000, 576, 4095), is_vbr=False)
        header, model = read_header(frame, 0), read_header(like, 0)
        assert header is not None
        assert model is not None
        assert header.stream is model.stream
        assert header.octets == len(frame)
        assert read_info(frame, 0, header) == Info(7, 1000 + len(frame), 576, 4095)
        unknown = info_frame(like, Info(7, 1000, None, None), is_vbr=True)
        assert b"Xing" in unknown
        assert read_info(unknown, 0, header) == Info(7, 1000 + len(frame), None, None)


def test_a_header_frame_needs_a_frame_to_be_like() -> None:
    with pytest.raises(ValueError, match=r"^octets 00000000 are not a header of an MP3 frame$"):
        info_frame(bytes(4), Info(1, 1, None, None), is_vbr=False)
    with pytest.raises(ValueError, match=r"^octets 00000000 are not a header of an MP3 frame$"):
        silent_frame(bytes(4))


def test_vbri_is_read() -> None:
    frame = mp3_files.vbri_frame(frames=12, octets=3456)
    header = read_header(frame, 0)
    assert header is not None
    assert read_info(frame, 0, header) == Info(12, 3456, None, None)


def test_xing_behind_a_crc_and_without_any_member() -> None:
    header = read_header(b"\xff\xfa\x90\x00", 0)
    assert header is not None
    frame = (b"\xff\xfa\x90\x00" + bytes(2 + 32) + b"Xing" + bytes(4)).ljust(header.octets, b"\0")
    assert read_info(frame, 0, header) == Info(None, None, None, None)
    cut = (b"\xff\xfa\x90\x00" + bytes(header.octets - 4 - 6)) + b"Xing\0\0"
    assert read_info(cut, 0, header) is None
