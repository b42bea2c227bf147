"""MP3 files read in segments: the samples equal those of one decode in memory, also with concatenation and tags."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

import numpy as np
import pytest

import rtpcodec
from rtpcodec.audio import mp3, mp3_scan
from rtpcodec.audio.mp3_frames import FrameHeader
from rtpcodec.audio.mp3_scan import Window, parts_of, walk
from rtpcodec.errors import AudioFileError
from rtpcodec.files.formats import mp3_segments
from tests import ffmpeg
from tests.mp3_files import ID3V1, LYRICS_1, TAGS_BEFORE, TAGS_BEHIND, id3v2, noise, vbri_frame

SHORT = mp3.encode(noise(16_000, 16_000), 16_000)
LONG = mp3.encode(noise(44_100, 88_200), 44_100, 320)
RANDOM = random.Random(5)


def in_a_window(data: bytes) -> Iterator[tuple[int, FrameHeader | None]]:
    window = Window(b"", io.BytesIO(data).read)
    for at, header in walk(window):
        yield window.begins + at, header


def outcome(walked: Iterator[tuple[int, FrameHeader | None]]) -> list[tuple[int, FrameHeader | None]] | str:
    try:
        return list(walked)
    except ValueError as error:
        return str(error)


def changed(data: bytes, octets: int) -> bytes:
    several = bytearray(data)
    for _ in range(octets):
        several[RANDOM.randrange(len(several))] = RANDOM.randrange(256)
    return bytes(several)


SCANNED = [
    b"",
    SHORT,
    SHORT + LONG + SHORT,
    SHORT + id3v2(300_000) + LONG + ID3V1 + SHORT,
    SHORT + id3v2(200_000)[:100_000],
    LYRICS_1 + SHORT,
    b"LYRICSBEGIN" + bytes(500_000) + b"LYRICSEND" + SHORT,
    SHORT + b"LYRICSBEGIN" + bytes(1_500_000) + SHORT,
    SHORT[:3000] + bytes(60_000) + LONG,
    SHORT + bytes(70_000),
    LONG + bytes(70_000) + SHORT,
    SHORT + RANDOM.randbytes(60_000) + LONG + RANDOM.randbytes(3000) + SHORT,
    *(SHORT + tag + LONG + tag + SHORT for tag in TAGS_BEFORE + TAGS_BEHIND),
    *(changed(SHORT + LONG, octets) for octets in (1, 5, 50, 500)),
]


@pytest.mark.parametrize("data", SCANNED, ids=range(len(SCANNED)))
def test_a_window_that_moves_shows_the_same_frames(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mp3_scan, "FILL_OCTETS", 3000)
    assert outcome(in_a_window(data)) == outcome(walk(data))


@pytest.mark.parametrize("options", [["-b:a", "8k"], ["-q:a", "2"], ["-b:a", "64k", "-write_xing", "0"]])
@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (16_000, 2), (22_050, 1), (44_100, 1), (48_000, 2)])
def test_segments_have_the_samples_of_one_decode(
    rate_hz: int, channels: int, options: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mp3_segments, "SEGMENT_FRAMES", 16)
    pcm = noise(rate_hz, rate_hz * 2 * channels)
    data = ffmpeg.to_file(pcm, ffmpeg.pcm_input(rate_hz, channels), ["-c:a", "libmp3lame", *options], ".mp3")
    got, facts = rtpcodec.read_audio(io.BytesIO(data))
    assert got == mp3.decode(data)[0]
    assert facts.samples == len(got) // 2
    assert (facts.container, facts.codec, facts.channels, facts.sample_rate_hz) == ("mp3", "MP3", channels, rate_hz)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("data", "parts"),
    [(SHORT + ID3V1 + SHORT, 2), (id3v2(300_000) + SHORT + id3v2(300_000) + SHORT + SHORT, 3), (SHORT * 2, 2)],
)
def test_concatenated_files_are_all_read(data: bytes, parts: int) -> None:
    pcm, facts = rtpcodec.read_audio(io.BytesIO(data))
    assert pcm == mp3.decode(data)[0]
    assert facts.notes == (f"{parts} MP3 files are concatenated",)


def test_concatenated_files_are_converted_to_rate_and_channels_of_the_first() -> None:
    stereo = ffmpeg.to_file(noise(44_100, 2 * 44_100), ffmpeg.pcm_input(44_100, 2), ["-c:a", "libmp3lame"], ".mp3")
    pcm, facts = rtpcodec.read_audio(io.BytesIO(SHORT + stereo))
    assert (facts.sample_rate_hz, facts.channels, len(pcm)) == (16_000, 1, 2 * 32_000)
    with rtpcodec.open_audio(io.BytesIO(stereo + SHORT)) as audio:
        left, right = map(b"".join, zip(*audio.channel_pieces(), strict=True))
        assert (audio.facts.sample_rate_hz, audio.facts.channels) == (44_100, 2)
    assert len(left) == len(right) == 2 * 88_200
    assert left[2 * 44_100 :] == right[2 * 44_100 :]
    assert left != right


def test_an_error_is_raised_after_all_samples_before_it() -> None:
    data = SHORT + bytes(mp3_scan.MAX_JUNK_OCTETS + 10) + SHORT
    taken: list[bytes] = []
    with rtpcodec.open_audio(io.BytesIO(data)) as audio:
        assert audio.facts.samples is None
        with pytest.raises(
            AudioFileError, match=r"^the file, octet 6696: more than 65536 octets are neither MP3 frame"
        ):
            taken.extend(iter(audio))
    assert b"".join(taken) == mp3.decode(SHORT)[0]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (id3v2(500), r"^x.mp3, octet 0: it is 510 octets of tags without a frame, an MP3 is needed$"),
        (id3v2(500_000), r"^x.mp3, octet 0: it is 500010 octets without an MP3 frame, an MP3 is needed$"),
        (SHORT[:100], r"^x.mp3, octet 0: it is cut within its only frame: .* an MP3 is needed$"),
        (b"", r"^x.mp3, octet 0: it is empty, an MP3 is needed$"),
        (bytes(8), r"^x.mp3, octet 0: it is nothing known, it begins with octets 00 00 00 00"),
    ],
)
def test_files_that_are_not_mp3_are_refused(data: bytes, rule: str) -> None:
    with pytest.raises(AudioFileError, match=rule):
        rtpcodec.open_audio(io.BytesIO(data), name="x.mp3", kind="mp3")


def test_a_part_that_ends_within_its_delays_is_kept_whole() -> None:
    (part,) = parts_of(SHORT)
    frames = part.raw(SHORT)[: 2 * 216]
    header = mp3.join([frames])
    assert rtpcodec.read_audio(io.BytesIO(header))[0] == mp3.decode(header)[0]


def test_the_number_of_samples_is_kept() -> None:
    samples = np.frombuffer(rtpcodec.read_audio(io.BytesIO(LONG))[0], np.int16)
    assert len(samples) == 88_200


def encoded(*options: str) -> bytes:
    return ffmpeg.to_file(noise(16_000, 32_000), ffmpeg.pcm_input(16_000, 1), ["-c:a", "libmp3lame", *options], ".mp3")


def vbri(told: int, frames: bytes) -> bytes:
    return vbri_frame(told, 216 + told * 216) + frames


CUT = {
    "info": lambda: encoded("-b:a", "48k"),
    "xing": lambda: encoded("-q:a", "2"),
    "vbri": lambda: vbri(len(SHORT) // 216 - 1, SHORT[216:]),
}


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("lost_octets", [1, 500, 3000])
def test_a_truncated_file_has_a_note_with_its_frames(kind: str, lost_octets: int) -> None:
    data = CUT[kind]()
    whole, cut = parts_of(data)[0], parts_of(data[:-lost_octets])[0]
    assert cut.frames < whole.frames
    _, facts = rtpcodec.read_audio(io.BytesIO(data[:-lost_octets]))
    assert facts.notes == (f"the header frame says {whole.frames} frames, the file has {cut.frames}",)
    assert rtpcodec.read_audio(io.BytesIO(data))[1].notes == ()


def test_concatenated_files_of_which_one_is_truncated_have_both_notes() -> None:
    (whole,), (cut,) = parts_of(SHORT), parts_of(SHORT[:-1000])
    _, facts = rtpcodec.read_audio(io.BytesIO(SHORT[:-1000] + id3v2(20) + SHORT))
    assert facts.notes == (
        "2 MP3 files are concatenated",
        f"the header frame says {whole.frames} frames, the file has {cut.frames}",
    )


def test_a_header_frame_that_counts_itself_causes_no_note() -> None:
    frames = SHORT[216:]
    count = len(frames) // 216
    data = vbri_frame(count + 1, 216 + len(frames)) + frames
    assert rtpcodec.read_audio(io.BytesIO(data))[1].notes == ()
