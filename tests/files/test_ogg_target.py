"""Ogg Opus files of our writer, read by an oracle of the standard, by ffmpeg and by our reader."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rtpcodec.codecs import opus_packet
from rtpcodec.files.formats.ogg_opus_target import open_target
from tests.files.ogg_files import pcm_of, read, read_by_ffmpeg, written
from tests.oracles.ogg import packets_of, pages_of

pytestmark = pytest.mark.usefixtures("opus")


@pytest.mark.parametrize(
    ("rate_hz", "channels", "options"),
    [
        (8000, 1, {}),
        (12_000, 1, {"bitrate": 24_000}),
        (16_000, 1, {"frame_ms": 60, "dtx": True}),
        (16_000, 2, {"frame_ms": 40}),
        (24_000, 1, {"application": "audio", "vbr": False}),
        (48_000, 1, {"frame_ms": 2.5, "application": "lowdelay"}),
        (48_000, 2, {"bitrate": 510_000}),
    ],
)
def test_ffmpeg_and_our_reader_return_all_samples(rate_hz: int, channels: int, options: dict[str, Any]) -> None:
    samples = rate_hz // 2 + 7
    octets = written(pcm_of(samples, rate_hz, channels), rate_hz, channels, **options)
    pcm, facts = read(octets)
    assert (facts.container, facts.codec, facts.sample_rate_hz) == ("ogg", "OPUS", 48_000)
    assert (facts.channels, facts.samples, facts.notes) == (channels, samples * 48_000 // rate_hz, ())
    assert len(pcm) == 2 * channels * samples * 48_000 // rate_hz
    assert read_by_ffmpeg(octets) == pcm


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_keep_their_places(channels: int) -> None:
    pcm = pcm_of(24_000, 48_000, channels)
    heard, _ = read(written(pcm, 48_000, channels, bitrate=256_000, application="audio"))
    given, got = (np.frombuffer(one, np.int16).reshape(-1, channels)[:, -1].astype(float) for one in (pcm, heard))
    right = np.corrcoef(given[100:-100], got[100:-100])[0, 1]
    assert right > 0.97
    for shift in (-48, 48):  # 1 ms
        assert np.corrcoef(given[100:-100], got[100 + shift : len(got) - 100 + shift])[0, 1] < right


def test_pages_are_those_of_the_standards() -> None:
    octets = written(pcm_of(3 * 16_000 + 5, 16_000), 16_000)
    pages = pages_of(octets)
    packets = packets_of(pages)
    assert [page.flags for page in pages] == [2, 0, 0, 0, 0, 4]
    assert [page.sequence for page in pages] == list(range(6))
    assert {page.serial for page in pages} == {zlib.crc32(packets[2])}
    pre_skip = 312
    assert packets[0] == b"OpusHead" + struct.pack("<BBHIhB", 1, 1, pre_skip, 16_000, 0, 0)
    assert packets[1] == b"OpusTags" + struct.pack("<I", 8) + b"rtpcodec" + struct.pack("<I", 0)
    assert [page.position for page in pages] == [0, 0, 48_000, 96_000, 144_000, 3 * (3 * 16_000 + 5) + pre_skip]
    ticks = [opus_packet.duration_ticks(packet) for packet in packets[2:]]
    assert sum(ticks) - pages[-1].position in range(960)


def test_no_page_is_longer_than_a_second_or_has_too_many_segments() -> None:
    octets = written(pcm_of(48_000 * 4), bitrate=300_000, application="audio", vbr=False, frame_ms=2.5)
    pages = pages_of(octets)
    assert all(later.position - earlier.position <= 48_000 for earlier, later in pairwise(pages[1:]))
    assert max(len(page.segments) for page in pages) <= 255
    assert read(octets)[1].samples == 48_000 * 4


def test_the_file_does_not_depend_on_how_the_pcm_is_cut() -> None:
    pcm = pcm_of(20_000, 16_000, 2)
    file = io.BytesIO()
    target = open_target(file, 16_000, 2)
    for begin in range(0, len(pcm), 4 * 333):
        target.write(memoryview(pcm)[begin : begin + 4 * 333])
        target.write(b"")
    target.finish()
    target.finish()
    assert file.getvalue() == written(pcm, 16_000, 2) == written(pcm, 16_000, 2)
    assert not file.closed


def test_at_most_a_page_is_held_back() -> None:
    """At most a second of audio is held back, because the last page has a flag."""
    file = io.BytesIO()
    target = open_target(file, 8000, 1)
    target.write(bytes(2 * 8000 * 10))
    assert pages_of(file.getvalue())[-1].position >= 48_000 * 8


def test_a_file_without_samples_is_valid() -> None:
    octets = written(b"", 16_000)
    assert [page.flags for page in pages_of(octets)] == [2, 0, 4]
    pcm, facts = read(octets)
    assert (pcm, facts.samples, facts.notes) == (b"", 0, ())


@pytest.mark.parametrize(
    ("rate_hz", "channels", "options", "message"),
    [
        (44_100, 1, {}, "sample_rate_hz is 44100, Opus has 8000, 12000, 16000, 24000, 48000"),
        (16_000, 3, {}, "channels is 3, 1 or 2 are allowed"),
        (16_000, 1, {"bitrate": 300_001}, "bitrate is 300001, 6000 to 300000 bit/s are allowed"),
        (16_000, 2, {"bitrate": 510_001}, "bitrate is 510001, 6000 to 510000 bit/s are allowed"),
        (16_000, 1, {"frame_ms": 30}, "frame_ms is 30, allowed are 2.5, 5, 10, 20, 40, 60"),
    ],
)
def test_impossible_options_of_opus_are_refused(
    rate_hz: int, channels: int, options: dict[str, Any], message: str
) -> None:
    file = io.BytesIO()
    with pytest.raises(ValueError, match=" ") as caught:
        open_target(file, rate_hz, channels, **options)
    assert str(caught.value) == message
    assert file.getvalue() == b""


def test_pcm_that_ends_inside_a_frame_and_pcm_after_the_end_are_refused() -> None:
    target = open_target(io.BytesIO(), 16_000, 2)
    with pytest.raises(ValueError, match=r"^pcm has 6 octets, frames of 4 octets are needed$"):
        target.write(bytes(6))
    target.finish()
    with pytest.raises(ValueError, match=r"^the file is finished$"):
        target.write(bytes(4))
