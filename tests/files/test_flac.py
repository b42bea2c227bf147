"""FLAC files compared with ffmpeg: every depth, damaged and concatenated files, wrong headers, files and streams."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

import rtpcodec
from rtpcodec.errors import AudioFileError
from tests import ffmpeg
from tests.mp3_files import ID3V1, id3v2
from tests.wav_files import speechlike

SAMPLES = np.stack([(speechlike(30_000, seed) * 32768).astype(np.int16) for seed in (1, 2)], axis=1)


def flac(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16 | np.int32]], subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format="FLAC", subtype=subtype)
    return file.getvalue()


STEREO = flac(SAMPLES)


class Stream:
    """A file that can only be read."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, octets: int) -> bytes:
        return self._file.read(octets)


def channels_of(data: bytes) -> tuple[bytes, rtpcodec.files.facts.AudioFacts]:
    """Return the frames of a file, which equal those of a stream, and the facts."""
    found = []
    for source in (io.BytesIO(data), Stream(data)):
        with rtpcodec.open_audio(source) as audio:  # type: ignore[arg-type, unused-ignore]
            pieces = [np.stack([np.frombuffer(one, np.int16) for one in piece], 1) for piece in audio.channel_pieces()]
            found.append((b"".join(piece.tobytes() for piece in pieces), audio.facts))
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
def test_every_depth_is_read_as_ffmpeg_reads_it(subtype: str) -> None:
    deep = SAMPLES.astype(np.int32) << 16 | np.random.default_rng(3).integers(0, 65_536, SAMPLES.shape, np.int32)
    data = flac(deep, subtype)
    pcm, facts = channels_of(data)
    assert pcm == ffmpeg.decode(data, [])
    assert (facts.codec, facts.channels, facts.samples) == (f"FLAC {subtype[-2:].strip('S')}", 2, len(SAMPLES))


def total(samples: int) -> bytes:
    """Return the file with this number of samples in its header."""
    return STEREO[:21] + bytes((STEREO[21] & 0xF0,)) + struct.pack(">L", samples) + STEREO[26:]


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (total(0), ()),
        (total(1000), ()),
        (total(40_000), ("the header says 40000 samples, the file has 30000",)),
        (id3v2(3000) + STEREO, ()),
        (STEREO + ID3V1, ("octets that are not FLAC follow the last of 30000 samples",)),
        (STEREO[:42] + b"\x06\x0f\x42\x40" + bytes(1_000_000) + STEREO[42:], ()),
    ],
    ids=["unknown length", "short length", "long length", "ID3 before", "ID3 behind", "picture"],
)
def test_odd_files_return_all_samples(data: bytes, notes: tuple[str, ...]) -> None:
    pcm, facts = channels_of(data)
    assert pcm == SAMPLES.tobytes()
    assert (facts.samples, facts.notes) == (len(SAMPLES), notes)


def test_a_file_after_a_long_tag_is_recognised_by_its_octets_or_as_a_stream_by_its_name() -> None:
    data = id3v2(100_000) + STEREO
    assert rtpcodec.read_audio(io.BytesIO(data), channel=0)[0] == SAMPLES[:, 0].tobytes()
    stream = Stream(data)
    assert rtpcodec.read_audio(stream, channel=0, kind="flac")[0] == SAMPLES[:, 0].tobytes()  # type: ignore[arg-type, unused-ignore]


def test_a_truncated_file_returns_its_whole_frames() -> None:
    data = STEREO[: len(STEREO) // 2]
    pcm, facts = channels_of(data)
    assert pcm == ffmpeg.decode(data, [])
    assert facts.notes == (f"the header says 30000 samples, the file has {facts.samples}",)


def test_concatenated_files_are_read_one_after_the_other() -> None:
    assert channels_of(STEREO + STEREO)[0] == SAMPLES.tobytes() * 2
    with rtpcodec.open_audio(io.BytesIO(STEREO + flac(SAMPLES[:, 0]))) as audio:
        taken: list[bytes] = []
        with pytest.raises(
            AudioFileError, match="a FLAC file of 16000 Hz with 1 channels is concatenated to one of 16000"
        ):
            taken.extend(iter(audio))
    assert len(b"".join(taken)) == 2 * len(SAMPLES)


def test_a_broken_frame_is_an_error_after_the_samples_before_it() -> None:
    data = bytearray(STEREO)
    data[len(data) // 2] ^= 0x55
    taken: list[tuple[bytes, ...]] = []
    with (
        rtpcodec.open_audio(io.BytesIO(data), name="x.flac") as audio,
        pytest.raises(AudioFileError, match=r"^x.flac, octet \d+: libsndfile cannot decode the frames up to here: "),
    ):
        taken.extend(audio.channel_pieces())
    left = b"".join(piece[0] for piece in taken)
    assert 2 * 8192 <= len(left) < 2 * 20_000
    assert left == SAMPLES[: len(left) // 2, 0].tobytes()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (STEREO[:4], "it ends within its metadata"),
        (STEREO[:30], "it ends after 22 of the 34 octets of STREAMINFO"),
        (STEREO[:42], "it ends within its metadata"),
        (b"fLaC\x04" + STEREO[5:], "its first block is of type 4 with 34 octets, STREAMINFO"),
        (STEREO[:42] + b"\x7f" + bytes(100), "a block of its metadata is of type 127, which is forbidden"),
        (STEREO[:18] + bytes(2) + STEREO[20:], "its rate is 0 Hz, at least 1 is needed"),
        (STEREO[:20] + b"\x03\x30" + STEREO[22:], "its samples have 20 bits, of FLAC 8, 16, 24 are read"),
    ],
)
def test_headers_that_break_a_rule(data: bytes, rule: str) -> None:
    with pytest.raises(AudioFileError) as caught:
        rtpcodec.open_audio(io.BytesIO(data), name="x.flac")
    assert rule in caught.value.rule


def test_an_error_of_the_file_is_raised_through_libsndfile() -> None:
    class Failing(Stream):
        def read(self, octets: int) -> bytes:
            if self._file.tell() > 40_000:
                raise OSError("the disk is gone")
            return super().read(octets)

    with (
        rtpcodec.open_audio(Failing(STEREO)) as audio,  # type: ignore[arg-type, unused-ignore]
        pytest.raises(OSError, match="the disk is gone"),
    ):
        list(audio)
