from __future__ import annotations

import array
import base64
import random
import re
import subprocess
import sys
import wave
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_scan import parts_of
from tests import ffmpeg, mp3_files
from tests.mp3_files import TAGS_BEFORE, TAGS_BEHIND, frames, noise

RATES_HZ = sorted(mp3.DEFAULT_BIT_RATES_KBPS)
ONE = mp3.encode(noise(16_000, 8000), 16_000)
SHORT = mp3.encode(noise(16_000, 1, seed=4), 16_000)
POOL = [
    ONE,
    SHORT,
    mp3.encode(noise(16_000, 3000, seed=2), 16_000, 8),
    mp3.encode(noise(24_000, 5000, seed=3), 24_000),
    mp3.encode(noise(8000, 2000, seed=3), 8000),
]


def snr_db(pcm: bytes, decoded: bytes) -> float:
    signal, other = (np.frombuffer(one, np.int16).astype(float) for one in (pcm, decoded))
    return float(10 * np.log10(np.mean(signal**2) / np.mean((signal - other) ** 2)))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_encoded_samples_are_decoded_at_their_positions(rate_hz: int) -> None:
    """At every bit rate: the same number of samples, not shifted; at the default rate the difference is small."""
    for kbps in (None, *mp3.bit_rates_kbps(rate_hz)):
        for samples in (1, 575, rate_hz // 2):
            pcm = noise(rate_hz, samples)
            data = mp3.encode(pcm, rate_hz, kbps)
            (part,) = parts_of(data)
            assert part.header.bit_rate_kbps == kbps or mp3.DEFAULT_BIT_RATES_KBPS[rate_hz]
            assert not part.is_vbr
            assert mp3.duration_ms(data) == pytest.approx(1000 * samples / rate_hz)
            decoded, decoded_hz = mp3.decode(data)
            assert (len(decoded), decoded_hz) == (len(pcm), rate_hz)
            if samples == rate_hz // 2:
                bits = part.header.bit_rate_kbps * 1000 / rate_hz
                assert snr_db(pcm, decoded) > (20 if kbps is None else 10 if bits > 2 else 0)


def test_bit_rates_are_all_that_mp3_has() -> None:
    assert mp3.bit_rates_kbps(48_000)[-1] == 320
    assert mp3.bit_rates_kbps(16_000)[-1] == 160
    assert mp3.bit_rates_kbps(8000) == (8, 16, 24, 32, 40, 48, 56, 64)
    assert list(mp3.DEFAULT_BIT_RATES_KBPS) == RATES_HZ
    for rate_hz, kbps in mp3.DEFAULT_BIT_RATES_KBPS.items():
        assert kbps in mp3.bit_rates_kbps(rate_hz)


def test_wrong_arguments_of_encode() -> None:
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number from 2 on$"):
        mp3.encode(b"abc", 8000)
    with pytest.raises(ValueError, match=r"^pcm has 0 octets"):
        mp3.encode(b"", 8000)
    with pytest.raises(TypeError, match=r"^pcm has items of format 'f', 16-bit samples"):
        mp3.encode(array.array("f", [0.5]), 8000)
    with pytest.raises(
        ValueError, match=r"^sample_rate_hz is 8001, MP3 has 8000, 11025, 12000, 16000, 22050, 24000, 32"
    ):
        mp3.encode(bytes(10), 8001)
    with pytest.raises(ValueError, match=r"^bit_rate_kbps is 80, 8000 Hz has 8, 16, 24, 32, 40, 48, 56, 64$"):
        mp3.encode(bytes(10), 8000, 80)


def test_every_buffer_is_accepted() -> None:
    pcm = noise(8000, 3000)
    data = mp3.encode(pcm, 8000)
    others: list[Any] = [bytearray(pcm), memoryview(pcm), array.array("h", pcm), np.frombuffer(pcm, np.int16)]
    for same in others:
        assert mp3.encode(same, 8000) == data
    views: list[Any] = [bytearray(data), memoryview(data), np.frombuffer(data, np.uint8), array.array("B", data)]
    for view in views:
        assert mp3.decode(view) == mp3.decode(data)
        assert mp3.split(view) == mp3.split(data)
    assert mp3.decode(memoryview(bytes(b for pair in zip(data, data, strict=True) for b in pair))[::2]) == mp3.decode(
        data
    )


def test_loud_samples_are_clipped_and_do_not_wrap() -> None:
    loud = np.where(np.sin(np.arange(16_000) * 0.1) > 0, 32_767, -32_768).astype(np.int16)
    decoded = np.frombuffer(mp3.decode(mp3.encode(loud.tobytes(), 16_000))[0], np.int16)
    assert decoded.max() == 32_767
    assert decoded.min() == -32_768
    inside = np.abs(np.convolve(loud.astype(float), np.ones(9), "same")) > 8.9 * 32_767
    assert np.all(np.sign(decoded[inside]) == np.sign(loud[inside]))


def test_libsndfile_reads_only_the_first_of_glued_files() -> None:
    """This shows why our scanner exists. If it fails, much of the scanner may be removed."""
    import soundfile

    first, second = (mp3.encode(noise(16_000, samples), 16_000) for samples in (8000, 4000))
    for glued in (first + second, first + mp3_files.id3v2() + second):
        assert len(soundfile.read(BytesIO(glued))[0]) == 8000
        assert len(mp3.decode(glued)[0]) // 2 == 12_000
    varying = ffmpeg.to_file(noise(16_000, 48_000), ffmpeg.pcm_input(16_000), ["-q:a", "5", "-write_xing", "0"], ".mp3")
    assert parts_of(varying)[0].is_vbr
    assert abs(len(soundfile.read(BytesIO(varying))[0]) - parts_of(varying)[0].samples) > 5000
    assert len(mp3.decode(varying)[0]) // 2 == parts_of(varying)[0].samples


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_glued_files_are_decoded_whole(count: int) -> None:
    dice = random.Random(count)
    files = [
        mp3.encode(noise(24_000, dice.randrange(1, 9000), seed), 24_000, dice.choice((32, 64))) for seed in range(count)
    ]
    glued = b"".join(dice.choice(TAGS_BEFORE) + file + dice.choice(TAGS_BEHIND) for file in files)
    whole = b"".join(mp3.decode(file)[0] for file in files)
    for data in (b"".join(files), glued):
        assert mp3.decode(data) == (whole, 24_000)
        assert [pcm for pcm, _ in mp3.decode_parts(data)] == [mp3.decode(file)[0] for file in files]
        assert mp3.duration_ms(data) == pytest.approx(len(whole) / 2 / 24)


def test_parts_of_other_rates() -> None:
    at_16, at_24, at_44 = (mp3.encode(noise(rate_hz, rate_hz // 4), rate_hz) for rate_hz in (16_000, 24_000, 44_100))
    pcm, rate_hz = mp3.decode(at_16 + at_24)
    assert (len(pcm) // 2, rate_hz) == (8000, 16_000)
    assert snr_db(noise(16_000, 4000), pcm[:8000]) > 20
    pcm, rate_hz = mp3.decode(at_24 + at_16)
    assert (len(pcm) // 2, rate_hz) == (12_000, 24_000)
    pcm, rate_hz = mp3.decode(at_16 + at_44)
    assert (len(pcm) // 2, rate_hz) == (8000, 16_000)
    assert [(len(pcm) // 2, rate_hz) for pcm, rate_hz in mp3.decode_parts(at_44 + at_16)] == [
        (11_025, 44_100),
        (4000, 16_000),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(range(len(POOL))), st.booleans(), st.sampled_from(range(7))), max_size=5, min_size=1
    )
)
def test_gluing_keeps_all_frames(pieces: list[tuple[int, bool, int]]) -> None:
    files = [POOL[index] for index, _, _ in pieces]
    data = b"".join(
        (TAGS_BEFORE[tag % 5] if before else b"") + POOL[index] + (b"" if before else TAGS_BEHIND[tag])
        for index, before, tag in pieces
    )
    parts = mp3.split(data)
    assert [frames(part) for part in parts] == [frames(file) for file in files]
    assert [mp3.split(part) for part in parts] == [[part] for part in parts]
    assert mp3.split(b"".join(parts)) == parts
    assert mp3.duration_ms(data) == pytest.approx(sum(map(mp3.duration_ms, files)))
    streams = {parts_of(file)[0].header.stream for file in files}
    if len(streams) == 1:
        joined = mp3.join([data])
        assert frames(joined) == b"".join(map(frames, files))
        assert mp3.join(parts) == mp3.join(files) == joined
        assert mp3.split(joined) == [joined]
    else:
        with pytest.raises(ValueError, match=r"^MP3 part \d is MPEG-[\d.]+, \d+ Hz, mono, part 1 is MPEG-"):
            mp3.join([data])


def test_join_needs_something() -> None:
    with pytest.raises(ValueError, match=r"^there are no MP3 parts to join$"):
        mp3.join([])
    with pytest.raises(ValueError, match=r"^data is text, an MP3 is needed$"):
        mp3.join([ONE, b"no MP3"])


def test_a_joined_file_is_whole_for_libsndfile_and_begins_and_ends_where_its_parts_do() -> None:
    import soundfile

    first, second = (mp3.encode(noise(16_000, samples), 16_000) for samples in (8000, 4000))
    joined = mp3.join([first, second])
    pcm = soundfile.read(BytesIO(joined), dtype="int16")[0].tobytes()
    inside = sum(parts_of(file)[0].frames * 576 for file in (first, second)) - 12_000 - 576
    end = parts_of(second)[0].delays
    assert end is not None
    assert len(pcm) // 2 == 12_000 + inside - end[1]
    assert snr_db(noise(16_000, 8000)[:15_000], pcm[:15_000]) > 20
    assert snr_db(noise(16_000, 4000)[1000:7000], pcm[-7000:-1000]) > 20
    ours = np.frombuffer(mp3.decode(joined)[0], np.int16).astype(int)
    assert np.abs(ours - np.frombuffer(pcm, np.int16)).max() <= 1  # libmpg123's own rounding


def test_truncated_files_are_decoded_up_to_the_cut() -> None:
    whole = mp3.decode(ONE)[0]
    for octets in (len(ONE) - 1, len(ONE) // 2, 216 * 5):
        pcm = mp3.decode(ONE[:octets])[0]
        kept = min(len(pcm), len(whole)) - 2 * 1152
        assert len(pcm) // 2 == (octets // 216 - 1) * 576 - 576
        assert pcm[:kept] == whole[:kept]


def test_damaged_files_are_decoded_in_full_length_or_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """libsndfile gets only whole frames; it conceals errors inside them."""
    dice = random.Random(3)
    decoded = 0
    for _ in range(300):
        damaged = bytearray(dice.choice(POOL[:1] + POOL[3:]))
        for _ in range(dice.randrange(1, 8)):
            at, octets = dice.randrange(len(damaged)), dice.randrange(40)
            damaged[at : at + dice.randrange(40)] = dice.choice((dice.randbytes(octets), damaged[:octets], b""))
        try:
            parts = parts_of(bytes(damaged))
            samples = [len(pcm) // 2 for pcm, _ in mp3.decode_parts(damaged)]
        except ValueError:
            continue
        assert samples == [part.samples for part in parts]
        decoded += 1
    assert decoded > 250
    capfd.readouterr()  # libmpg123's warnings


def test_one_frame_is_enough() -> None:
    """libsndfile alone does not open a file of one frame."""
    pcm, rate_hz = mp3.decode(frames(ONE)[:216])
    assert (len(pcm) // 2, rate_hz) == (576, 16_000)


def wav() -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(noise(8000, 1000))
    return file.getvalue()


TAG = mp3_files.id3v2()
OTHERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "data is empty"),
    "WAV": (wav(), "data is a WAV file (RIFF)"),
    "WAV around MP3": (wav() + ONE, "data is a WAV file (RIFF)"),
    "RIFF": (b"RIFF\x10\0\0\0AVI LIST", "data is a RIFF file"),
    "OGG": (
        ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), ["-c:a", "libopus"], ".ogg"),
        "data is an OGG file",
    ),
    "FLAC": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".flac"), "data is a FLAC file"),
    "FLAC behind a tag": (
        TAG + ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".flac"),
        "data is a FLAC file",
    ),
    "M4A": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".m4a"), "data is an MP4 or M4A file"),
    "AAC": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".aac"), "data is AAC in ADTS frames"),
    "MP2": (ffmpeg.to_file(noise(16_000, 3000), ffmpeg.pcm_input(16_000), [], ".mp2"), "data is MPEG audio layer II"),
    "AIFF": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".aiff"), "data is an AIFF file"),
    "AU": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".au"), "data is an AU file"),
    "WebM": (ffmpeg.to_file(noise(8000, 800), ffmpeg.pcm_input(8000), [], ".webm"), "data is a Matroska or WebM file"),
    "AMR-WB": (b"#!AMR-WB\n\x04", "data is an AMR-WB file"),
    "AMR": (b"#!AMR\n\x04", "data is an AMR file"),
    "gzip": (b"\x1f\x8b\x08" + ONE, "data is compressed by gzip"),
    "ZIP": (b"PK\x03\x04" + ONE, "data is a ZIP file"),
    "layer I": (b"\xff\xff\x14\xc4" + bytes(100), "data is MPEG audio layer I"),
    "HTML": (b"\n<!DOCTYPE html><html>502 Bad Gateway</html>", "data is HTML or XML text"),
    "JSON": (b'{"error": "quota exceeded"}', "data is JSON text"),
    "text": (b"Too Many Requests", "data is text"),
    "long text": (b"so much of it " * 100_000, "data is text"),
    "base64": (base64.b64encode(ONE), "data is base64 text of an MP3 (decode it first)"),
    "base64 in lines": (base64.encodebytes(TAG + ONE), "data is base64 text of an MP3 (decode it first)"),
    "data URL": (
        b"data:audio/mpeg;base64," + base64.b64encode(ONE),
        "data is base64 text of an MP3 (decode it first)",
    ),
    "hexadecimal": (ONE.hex().encode(), "data is hexadecimal text of an MP3 (decode it first)"),
    "PCM": (noise(8000, 8000), "data is nothing known, it begins with octets 96 02 46 08 c8 fe 83 f8"),
    "silence": (bytes(1000), "data is nothing known, it begins with octets 00 00 00 00 00 00 00 00"),
    "a header": (ONE[:4], "data is cut within its only frame: 216 octets are needed, 4 are there"),
    "less": (ONE[:3], "data is nothing known, it begins with octets ff f3 68"),
    "cut": (ONE[:215], "data is cut within its only frame: 216 octets are needed, 215 are there"),
    "cut behind a tag": (TAG + ONE[:100], "data is cut within its only frame: 216 octets are needed, 100 are there"),
    "tag": (TAG, f"data is {len(TAG)} octets of tags without a frame"),
    "tags": (TAG + mp3_files.ID3V1, f"data is {len(TAG) + 128} octets of tags without a frame"),
    "cut tag": (TAG[:99], f"data is cut within a tag: {len(TAG)} octets are needed, 99 are there"),
    "damaged": (ONE[:220] + bytes(100), "data is damaged, no 3 MP3 frames follow each other"),
    "header frame": (ONE[:216], "data is a header frame (Xing, Info or VBRI) without the frames that it describes"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_data_is_refused_by_name(name: str) -> None:
    data, words = OTHERS[name]
    for function in (mp3.require_mp3, mp3.split, mp3.duration_ms, mp3.decode, mp3.decode_parts):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}, an MP3 is needed$"):
            function(data)


def test_free_format_is_refused_by_name() -> None:
    free = b"\xff\xf3\x08\xc4".ljust(300, b"\0")
    with pytest.raises(
        ValueError, match=r"^the MP3 frames from octet 0 on are of free format, which does not name its bit rate$"
    ):
        mp3.require_mp3(free * 5)
    with pytest.raises(
        ValueError, match=r"^data is MP3 of free format, which does not name its bit rate, an MP3 is needed$"
    ):
        mp3.require_mp3(free)


def test_real_mp3_passes_and_the_limit_is_that_of_a_message() -> None:
    for data in (*POOL, ONE + TAG + SHORT, ONE[:-1], TAG + frames(ONE)):
        mp3.require_mp3(data)
    many = frames(ONE) * (mp3.MAX_MESSAGE_MP3_OCTETS // len(frames(ONE)))
    mp3.require_mp3(many)
    with pytest.raises(ValueError, match=r"^MP3 has \d+ octets, at most 3144704 are allowed$"):
        mp3.require_mp3(many + frames(ONE))
    with pytest.raises(ValueError, match=f"^MP3 has {len(ONE)} octets, at most {len(ONE) - 1} are allowed$"):
        mp3.require_mp3(ONE, max_octets=len(ONE) - 1)


def test_the_limit_fits_a_message() -> None:
    from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS

    octets = 4 * -(-mp3.MAX_MESSAGE_MP3_OCTETS // 3)
    assert MAX_MESSAGE_OCTETS - 2048 < octets < MAX_MESSAGE_OCTETS - 256


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "options", [["-b:a", "64k"], ["-q:a", "4"], ["-q:a", "4", "-write_xing", "0"], ["-b:a", "32k", "-write_id3v1", "1"]]
)
def test_files_of_ffmpeg_are_decoded_as_ffmpeg_decodes_them(rate_hz: int, channels: int, options: list[str]) -> None:
    left, right = (np.frombuffer(noise(rate_hz, rate_hz // 2, seed), np.int16) for seed in (1, 2))
    pcm = left.tobytes() if channels == 1 else np.stack([left, right], axis=1).tobytes()
    data = ffmpeg.to_file(pcm, ffmpeg.pcm_input(rate_hz, channels), ["-metadata", "title=x", *options], ".mp3")
    assert data.startswith(b"ID3")
    theirs = np.frombuffer(ffmpeg.decode(data, ["-f", "mp3"]), np.int16).reshape(-1, channels).astype(np.int32)
    expected = theirs[:, 0] if channels == 1 else theirs.sum(axis=1) >> 1
    decoded, decoded_hz = mp3.decode(data)
    ours = np.frombuffer(decoded, np.int16)
    assert decoded_hz == rate_hz
    if "-write_xing" in options:  # the encoder's delay is unknown; ffmpeg leaves its own 529 samples too
        ours, expected = ours[:-529], expected[529:]
    assert len(ours) == len(expected)
    assert np.abs(ours - expected).max() <= 2


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ffmpeg_decodes_our_files_in_their_place(rate_hz: int) -> None:
    for kbps in (None, mp3.bit_rates_kbps(rate_hz)[0]):
        data = mp3.encode(noise(rate_hz, rate_hz // 2), rate_hz, kbps)
        theirs = np.frombuffer(ffmpeg.decode(data, ["-f", "mp3"]), np.int16)
        ours = np.frombuffer(mp3.decode(data)[0], np.int16)
        assert len(theirs) == len(ours)
        assert np.abs(theirs.astype(int) - ours).max() <= 2


def test_ffmpeg_counts_the_same_samples_in_joined_files() -> None:
    joined = mp3.join([ONE, SHORT, ONE])
    theirs = ffmpeg.decode(joined, ["-f", "mp3"])
    assert len(theirs) // 2 == mp3.duration_ms(joined) * 16
    assert len(theirs) == len(mp3.decode(joined)[0])


def test_without_soundfile_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['soundfile'] = None\n"
        "from rtpcodec.audio import mp3\n"
        "from rtpcodec.errors import MissingExtra\n"
        "try: mp3.encode(bytes(100), 8000)\n"
        "except MissingExtra as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "MP3 needs soundfile: pip install 'rtpcodec[mp3]'\n"


def test_borders_do_not_depend_on_what_follows() -> None:
    """Parts of longer data begin with the parts of shorter data, whatever was appended."""
    glued = b"".join(POOL)
    ends = [0]
    for file in POOL:
        ends.append(ends[-1] + len(file))
    for (start, end), file in zip(pairwise(ends), POOL, strict=True):
        assert frames(glued[start:end]) == frames(file)
        assert [frames(part) for part in mp3.split(glued[:end])] == [frames(one) for one in POOL[: ends.index(end)]]
