"""WAV files of every coding, and headers of unfinished or careless writers, compared with ffmpeg, wave and struct."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.audio.files import WavReader, WavWriter, read_wav
from rtpcodec.audio.wav_reader import BLOCK_OCTETS
from rtpcodec.kernels.g711 import pcma_encode, pcmu_encode
from tests import ffmpeg
from tests.wav_files import (
    ALAW,
    EXTENSIBLE,
    FLOAT,
    MULAW,
    PCM,
    chunk,
    extensible,
    fmt,
    simple,
    speechlike,
    wav,
)

SAMPLES = (speechlike(4000) * 32768).astype(np.int16)
DATA = SAMPLES.tobytes()
ONE = SAMPLES[:1].tobytes()
DS64 = struct.pack("<QQQL", 0, len(DATA), len(SAMPLES), 0)


def read(content: bytes, channel: int | None = None) -> tuple[bytes, int]:
    with WavReader(io.BytesIO(content), channel=channel) as reader:
        return b"".join(reader), reader.sample_rate_hz


# Codings

CODINGS = ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_alaw"]


@pytest.mark.parametrize("form", ["wav", "rf64", "extensible"])
@pytest.mark.parametrize("coding", CODINGS)
def test_files_of_ffmpeg_are_read_as_ffmpeg_reads_them(coding: str, form: str) -> None:
    options = {"wav": [], "rf64": ["-rf64", "always"], "extensible": ["-ar", "96000"]}[form]
    made = ffmpeg.to_file(DATA, ffmpeg.pcm_input(16_000), ["-c:a", coding, *options], ".wav")
    assert made.startswith(b"RF64" if form == "rf64" else b"RIFF")
    pcm, rate_hz = read(made)
    assert rate_hz == (96_000 if form == "extensible" else 16_000)
    assert pcm == ffmpeg.decode(made, [])


@pytest.mark.parametrize("channels", [2, 3, 6])
@pytest.mark.parametrize("coding", CODINGS)
def test_each_channel_is_that_of_ffmpeg(coding: str, channels: int) -> None:
    several = DATA[: 2 * channels * 600]
    made = ffmpeg.to_file(several, ffmpeg.pcm_input(8000, channels), ["-c:a", coding], ".wav")
    every = np.frombuffer(ffmpeg.decode(made, []), np.int16).reshape(-1, channels)
    for channel in range(channels):
        assert read(made, channel)[0] == every[:, channel].tobytes()
    assert read(made)[0] == (every.sum(axis=1, dtype=np.int64) // channels).astype(np.int16).tobytes()


@pytest.mark.parametrize(
    ("data", "tag", "bits", "samples"),
    [
        (bytes([0, 1, 128, 255]), PCM, 8, [-32768, -32512, 0, 32512]),
        (bytes.fromhex("000080ffff7fffffff010000"), PCM, 24, [-32768, 32767, -1, 0]),
        (struct.pack("<4i", -(2**31), 2**31 - 1, 65536, -1), PCM, 32, [-32768, 32767, 1, -1]),
        (struct.pack("<6f", 0, 1, -1, 0.5, 2, 1.5 / 32768), FLOAT, 32, [0, 32767, -32768, 16384, 32767, 2]),
        (struct.pack("<4d", float("nan"), float("inf"), float("-inf"), 1e300), FLOAT, 64, [0, 32767, -32768, 32767]),
        (bytes.fromhex("010080ff0000c07f00000000"), FLOAT, 32, [0, 0, 0]),
        (b"\xff\x7f\x80\x00", MULAW, 8, [0, 0, 32124, -32124]),
        (b"\xd5\x55\xaa\x2a", ALAW, 8, [8, -8, 32256, -32256]),
    ],
    ids=["8", "24", "32", "float32", "float64", "not numbers", "mulaw", "alaw"],
)
def test_values_of_each_coding(data: bytes, tag: int, bits: int, samples: list[int]) -> None:
    assert np.frombuffer(read(simple(data, tag, bits))[0], np.int16).tolist() == samples


@pytest.mark.parametrize("bits", [9, 12, 16])
def test_bits_that_do_not_fill_their_octets_are_the_upper_ones(bits: int) -> None:
    body = chunk(b"fmt ", fmt(bits=bits, octets=2)), chunk(b"data", DATA)
    assert read(wav(*body))[0] == DATA


def test_24_bits_in_4_octets() -> None:
    wide = b"".join(b"\0\0" + DATA[at : at + 2] for at in range(0, 800, 2))
    assert read(wav(chunk(b"fmt ", fmt(bits=24, octets=4)), chunk(b"data", wide)))[0] == DATA[:800]
    assert read(wav(chunk(b"fmt ", extensible(bits=32, valid_bits=24)), chunk(b"data", wide)))[0] == DATA[:800]


@pytest.mark.parametrize("wrong", [0, 1, 3, 7, 65535])
def test_a_frame_size_that_contradicts_bits_and_channels_is_ignored(wrong: int) -> None:
    body = struct.pack("<HHLLHH", PCM, 2, 8000, 0, wrong, 16)
    assert read(wav(chunk(b"fmt ", body), chunk(b"data", DATA)), 0)[0] == SAMPLES[::2].tobytes()


def test_laws_are_8_bits_whatever_the_header_says() -> None:
    for bits in (0, 8, 14, 16):
        assert (
            read(wav(chunk(b"fmt ", fmt(MULAW, bits)), chunk(b"data", pcmu_encode(DATA))))[0]
            == (read(simple(pcmu_encode(DATA), MULAW, 8))[0])
        )


def test_extensible_laws_and_floats() -> None:
    assert (
        read(wav(chunk(b"fmt ", extensible(ALAW, 8, 8)), chunk(b"data", pcma_encode(DATA))))[0]
        == (read(simple(pcma_encode(DATA), ALAW, 8))[0])
    )
    floats = (SAMPLES / np.float32(32768)).astype("<f4").tobytes()
    assert read(wav(chunk(b"fmt ", extensible(FLOAT, 32, 32)), chunk(b"data", floats)))[0] == DATA


def test_big_endian() -> None:
    body = chunk(b"fmt ", fmt(order=">"), order=">"), chunk(b"data", SAMPLES.astype(">i2").tobytes(), order=">")
    made = wav(*body, form=b"RIFX", order=">")
    assert read(made) == (DATA, 8000)
    reread, _ = soundfile.read(io.BytesIO(made), dtype="int16")
    assert reread.tobytes() == DATA


# Sizes


@pytest.mark.parametrize("riff_size", [0, 36, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFDB, len(DATA) + 1])
def test_sizes_left_by_unfinished_writers(size: int, riff_size: int) -> None:
    made = wav(chunk(b"fmt ", fmt()), chunk(b"data", DATA, size), size=riff_size)
    assert read(made)[0] == DATA
    assert ffmpeg.decode(made, []) == DATA


def test_files_that_ffmpeg_writes_into_a_pipe_are_read() -> None:
    made = ffmpeg.run([*ffmpeg.pcm_input(8000), "-i", "pipe:0", "-f", "wav", "pipe:1"], DATA)
    assert b"data\xff\xff\xff\xff" in made
    assert read(made)[0] == DATA


@pytest.mark.parametrize("cut", [1, 2, 3, 4001])
def test_a_cut_file_gives_the_whole_samples_that_it_has(cut: int) -> None:
    assert read(simple(DATA)[:-cut])[0] == DATA[: (len(DATA) - cut) // 2 * 2]
    stereo = simple(DATA, channels=2)[:-cut]
    assert read(stereo, 0)[0] == SAMPLES[: (len(DATA) - cut) // 4 * 2 : 2].tobytes()


def test_no_samples_are_not_taken_for_unknown_ones() -> None:
    notes = chunk(b"LIST", b"INFOISFT\x05\0\0\0rtpc\0\0"), chunk(b"id3 ", b"ID3abc"), chunk(b"odd ", b"abc")
    for count in range(len(notes) + 1):
        assert read(wav(chunk(b"fmt ", fmt()), chunk(b"data", b""), *notes[:count]))[0] == b""


def test_chunks_behind_the_samples_are_not_samples() -> None:
    assert read(wav(chunk(b"fmt ", fmt()), chunk(b"data", DATA), chunk(b"LIST", b"INFO" + DATA)))[0] == DATA


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
@pytest.mark.parametrize("said", [len(DATA), 0, 2**40])
def test_sizes_of_64_bits(form: bytes, said: int) -> None:
    ds64 = struct.pack("<QQQL", 0, said, 0, 0)
    made = wav(chunk(b"ds64", ds64), chunk(b"fmt ", fmt()), chunk(b"data", DATA, 0xFFFFFFFF), form=form)
    assert read(made)[0] == DATA
    behind = made + chunk(b"LIST", b"INFO" + DATA)
    assert read(behind)[0] == (DATA if said == len(DATA) else DATA + behind[len(made) :])


def test_a_chunk_of_64_bits_before_the_samples() -> None:
    ds64 = DS64[:24] + struct.pack("<L4sQ", 1, b"junk", 5)
    junk = chunk(b"junk", b"12345", 0xFFFFFFFF)
    made = wav(chunk(b"ds64", ds64), chunk(b"fmt ", fmt()), junk, chunk(b"data", DATA, 0xFFFFFFFF), form=b"RF64")
    assert read(made)[0] == DATA


# Order and padding

NOTE = chunk(b"note", b"abc")
UNPADDED = b"note" + struct.pack("<L", 3) + b"abc"


@pytest.mark.parametrize(
    "chunks",
    [
        (NOTE, chunk(b"fmt ", fmt()), NOTE, chunk(b"data", DATA)),
        (UNPADDED, chunk(b"fmt ", fmt()), UNPADDED, chunk(b"data", DATA)),
        (chunk(b"data", DATA), chunk(b"fmt ", fmt())),
        (NOTE, chunk(b"data", DATA), UNPADDED, chunk(b"fmt ", fmt() + b"\0\0")),
        (chunk(b"fmt ", fmt()), chunk(b"fact", struct.pack("<L", 7)), chunk(b"data", DATA), chunk(b"data", ONE)),
    ],
    ids=["padded", "unpadded", "samples first", "samples in the middle", "two of samples"],
)
def test_chunks_in_any_order(chunks: tuple[bytes, ...]) -> None:
    assert read(wav(*chunks))[0] == DATA


# Refusals


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (wav(chunk(b"fmt ", b"\1\0\1\0"), chunk(b"data", DATA)), "its fmt chunk has 4 octets, at least 16 are needed"),
        (simple(b"ab", channels=0), "the file has 0 channels, at least 1 is needed"),
        (simple(b"ab", rate_hz=0), "the file has a rate of 0 Hz, 1 to 192000 are allowed"),
        (simple(b"ab", bits=0), "the file has pcm samples of 0 bits, PCM of 8 to 32 bits, float of"),
        (simple(b"ab", bits=64), "the file has pcm samples of 64 bits"),
        (simple(b"ab", FLOAT, 16), "the file has float samples of 16 bits"),
        (simple(b"ab", 0x55), "the file has format tag 85 (MP3), PCM of 8 to 32 bits"),
        (simple(b"ab", 0x1234), "the file has format tag 4660 (unknown)"),
        (simple(b"ab", EXTENSIBLE), "its extensible fmt chunk has 16 octets, 40 are needed"),
        (wav(chunk(b"fmt ", extensible()[:-1] + b"?"), chunk(b"data", DATA)), "the file has subformat 0100000000001"),
        (wav(chunk(b"fmt ", fmt())), "it ends without a data chunk (octet 36)"),
        (wav(chunk(b"data", DATA)), "it ends without a fmt chunk"),
        (wav(chunk(b"fmt ", fmt(), 0xFFFFFFF0), chunk(b"data", DATA)), "it ends without a data chunk"),
        (wav(*(1001 * [NOTE])), "1000 chunks come before its samples, fewer are needed"),
        (wav(chunk(b"ds64", bytes(8)), form=b"RF64"), "its ds64 chunk has 8 octets, at least 24 are needed"),
        (
            b"ID3\4\0\0\0\0\1\1",
            "the file is an MP3 file (ID3), a WAV file is needed; decode it with rtpcodec.audio.mp3",
        ),
        (b"OggS\0\2" + bytes(30), "the file is an Ogg file, a WAV file is needed; decode it to PCM first"),
        (b"<!DOCTYPE html><title>404", "the file is HTML or XML text, a WAV file is needed; it is probably"),
        (b'{"detail": "Not Found"}', "the file is JSON text, a WAV file is needed"),
    ],
)
def test_a_refusal_names_rule_and_number(content: bytes, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rule)):
        read(content)


def test_a_channel_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    path.write_bytes(simple(DATA, channels=2))
    for channel in (-1, 2):
        with pytest.raises(ValueError, match=rf"^channel is {channel}, two\.wav has channels 0 to 1$"):
            read_wav(path, channel=channel)
    assert read_wav(path, channel=1)[0] == SAMPLES[1::2].tobytes()


# Streams and memory


@pytest.mark.parametrize("samples", [1, 7, 160, 100_000])
def test_every_cut_gives_the_same_samples(samples: int) -> None:
    reader = WavReader(io.BytesIO(simple(DATA, channels=2)), channel=0)
    pieces = []
    while piece := reader.read(samples):
        pieces.append(piece)
    assert b"".join(pieces) == SAMPLES[::2].tobytes()
    assert all(len(piece) == 2 * samples for piece in pieces[:-1])
    assert reader.sample_count == len(SAMPLES) // 2


@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF])
def test_a_pipe_is_read(size: int | None) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(wav(NOTE, chunk(b"fmt ", fmt()), chunk(b"data", DATA, size)))

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        reader = WavReader(pipe)
        assert b"".join(reader) == DATA
        assert reader.sample_count == (None if size is not None else len(SAMPLES))
    thread.join()


def test_a_pipe_cannot_go_back() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    made = wav(chunk(b"data", DATA), chunk(b"fmt ", fmt()))
    with pytest.raises(ValueError, match="its fmt chunk comes behind its samples, which only a seekable file may have"):
        WavReader(Pipe(made))


@pytest.mark.parametrize(("tag", "bits", "channels"), [(PCM, 16, 1), (PCM, 24, 2), (FLOAT, 64, 6), (MULAW, 8, 1)])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, tag: int, bits: int, channels: int) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(simple(b"", tag, bits, channels, size=64 << 20))
        file.truncate(64 << 20)
    with WavReader(path) as reader:
        assert reader.read(160)
        tracemalloc.start()
        octets = sum(map(len, reader))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert octets > 10 << 20 or bits == 64
    assert peak < 20 * BLOCK_OCTETS


def test_memory_does_not_depend_on_the_header() -> None:
    made = wav(chunk(b"ds64", struct.pack("<QQQL", *(4 * (2**31,)))), chunk(b"fmt ", fmt(channels=65535, bits=32)),
               chunk(b"data", b"ab", 0xFFFFFFFF), form=b"RF64")  # fmt: skip
    tracemalloc.start()
    assert read(made)[0] == b""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@given(st.binary(max_size=300), st.integers(0, 60), st.integers(0, 255))
def test_nothing_but_a_value_error(noise: bytes, at: int, octet: int) -> None:
    made = bytearray(simple(noise, PCM, 24, 2))
    made[at % len(made)] = octet
    for content in (noise, b"RIFF\0\0\0\0WAVE" + noise, bytes(made)):
        try:
            pcm, rate_hz = read(content)
        except ValueError:
            continue
        assert len(pcm) % 2 == 0
        assert 0 < rate_hz <= 192_000


# The writer, checked by other readers


def test_the_header_is_true_after_every_write(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 8000) as writer:
        for second in range(5):
            for at in range(0, 8000, 160):
                writer.write(DATA[:320])
                on_disk, _ = read_wav(path)
                assert writer.samples_written - len(on_disk) // 2 < 8000
                assert len(on_disk) == 2 * 8000 * ((second * 8000 + at + 160) // 8000)
                with wave.open(str(path)) as reread:
                    assert reread.getnframes() == len(on_disk) // 2


RECORDER = """
import os, signal, sys
from rtpcodec.audio.files import WavWriter
wav = WavWriter(sys.argv[1], int(sys.argv[2]))
samples = int(sys.argv[2]) // 50
for piece in range(int(float(sys.argv[3]) * 50)):
    wav.write((piece + 1).to_bytes(2, "little") * samples)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 48_000])
@pytest.mark.parametrize("seconds", [10, 10.5, 0.5, 61.98])
def test_a_killed_recorder_leaves_a_file_that_players_play(tmp_path: Path, rate_hz: int, seconds: float) -> None:
    path = tmp_path / "call.wav"
    command = [sys.executable, "-c", RECORDER, str(path), str(rate_hz), str(seconds)]
    killed = subprocess.run(command, check=False, timeout=60)
    assert killed.returncode == -9
    pcm, found_hz = read_wav(path)
    assert found_hz == rate_hz
    assert int(seconds) * rate_hz <= len(pcm) // 2 <= seconds * rate_hz
    assert ffmpeg.decode(path.read_bytes(), []) == pcm if pcm else seconds < 1
    with wave.open(str(path)) as reread:
        assert reread.readframes(reread.getnframes()) == pcm


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_a_full_disk_is_reported() -> None:
    with pytest.raises(OSError, match="No space left"):
        WavWriter("/dev/full", 8000)
