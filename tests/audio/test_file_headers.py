"""Files are recognised for any cuts, and audio is never taken for a file."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.audio.file_headers import FILE_STARTS, HEAD_OCTETS, MAX_CARRIED, HeaderWatch, kind_of
from rtpcodec.audio.files import read_wav
from rtpcodec.codecs import CodecInfo, codec_names
from rtpcodec.codecs.info import FrameEncoder
from tests.file_beginnings import files, more_files
from tests.wav_files import speechlike

SPEECH = Path(__file__).parents[2] / "src/rtpcodec/cli/demo/speech.wav"
KINDS = [*files().items(), *more_files()]


def found_in(chunks: list[bytes]) -> str | None:
    """Return what a caller finds who checks only where it is necessary."""
    watch = HeaderWatch()
    for piece in chunks:
        if watch.carried or piece[:2] in FILE_STARTS:
            kind = watch.look(piece)
            if kind is not None:
                return kind.name
    return None


def cut(data: bytes, octets: int) -> list[bytes]:
    return [data[at : at + octets] for at in range(0, len(data), octets)]


@pytest.mark.parametrize(("name", "data"), KINDS, ids=[name for name, _ in KINDS])
def test_each_kind_is_found_however_it_is_cut(name: str, data: bytes) -> None:
    kind = kind_of(data)
    assert kind is not None
    assert kind.name == name
    for octets in (1, 2, 3, 4, 7, 8, 11, 12, 20, 160, 320, 640, 5000):
        assert found_in(cut(data, octets)) == name


@pytest.mark.parametrize(("name", "data"), KINDS, ids=[name for name, _ in KINDS])
def test_each_kind_is_found_behind_audio(name: str, data: bytes) -> None:
    for before in (bytes(320), b"\xff" * 160, b"RI", b"RIFF\0\0", b"\xff\xfb", b'{"a', b"  "):
        assert found_in([before, *cut(data, 320)]) == name
        assert found_in([before, data[:6], data[6:]]) == name


@pytest.mark.parametrize(("name", "data"), KINDS, ids=[name for name, _ in KINDS])
def test_a_beginning_that_breaks_off_is_audio(name: str, data: bytes) -> None:
    for octets in (1, 2, 3):
        assert found_in([data[:octets], *10 * [bytes(320)]]) is None, name


@pytest.mark.parametrize(
    "data",
    [
        b"", b"RIFF\0\0\0\0AVI LIST", b"OggS\1\0", b"OggS\0\x08", b"fLaC\0\0\0\x23", b"FORM\0\0\0\x20ILBM",
        b".snd" + bytes(20), b"ID3\7\0\0\0\0\0\0", b"ID3\4\0\0\0\0\0\x80", b"{}" * 50, b"{ }  ", b"[1]", b"<3",
        b"< html>", b"<br>", b'{"' + 60 * b"a" + b'": 1}', b"    " * 40, b"\xff\xfb\x90\xc4" * 500, b"\xff" * 9000,
    ],
)  # fmt: skip
def test_data_that_resembles_a_file_is_not_a_file(data: bytes) -> None:
    assert kind_of(data) is None
    assert found_in(cut(data, 5)) is None


# Audio of every kind


def talk(rate_hz: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the shipped speech, as if at that rate, at several levels."""
    samples = np.frombuffer(read_wav(SPEECH)[0], np.int16)[: 4 * rate_hz]
    levels = [samples, samples // 16, np.clip(samples.astype(int) * 8, -32768, 32767)]
    return np.concatenate(levels).astype(np.int16)


def signals() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(12)
    time = np.arange(8000)
    yield "speech", talk(8000).tobytes()
    yield "silence", bytes(16_000)
    yield "minus one", b"\xff" * 16_000
    yield "noise", rng.integers(-32768, 32768, 200_000).astype(np.int16).tobytes()
    yield "soft noise", rng.normal(0, 3, 50_000).astype(np.int16).tobytes()
    yield "rising noise", (speechlike(50_000) * 32000).astype(np.int16).tobytes()
    for hz in (100, 111.11, 350, 440, 697, 1209, 2100, 3999):
        for level in (-1025, 50, 8000, 32767):
            yield f"{hz} Hz", (level * np.sin(2 * math.pi * hz * time / 8000)).astype(np.int16).tobytes()
            yield f"square {hz} Hz", (level * np.sign(np.sin(2 * math.pi * hz * time / 8000))).astype("<i2").tobytes()
    for value in range(-32768, 32768, 97):
        yield f"constant {value}", struct.pack("<h", value) * 2000


def assert_audio(chunks: list[bytes], name: str) -> None:
    assert found_in(chunks) is None, name
    # At any position where a stream may begin.
    for first in range(0, min(len(chunks), 100), 7):
        assert found_in(chunks[first:]) is None, name


def test_pcm_is_never_a_file() -> None:
    for name, pcm in signals():
        for octets in (2, 160, 320, 960, 32_000):
            pieces = cut(pcm, octets)
            assert found_in(pieces) is None, name
        assert all(kind_of(pcm[at : at + HEAD_OCTETS]) is None for at in range(0, min(4000, len(pcm)), 2)), name


@pytest.mark.parametrize("name", codec_names())
def test_payloads_are_never_a_file(name: str, usable_codec: Callable[[str], CodecInfo]) -> None:
    info = usable_codec(name)
    for label, pcm in signals():
        if label.startswith("constant") and name in ("OPUS", "AMR-WB"):
            continue
        for order in ("little", "big") if name == "L16" else (None,):
            encoder = info.encoder() if order is None else info.encoder(byte_order=order)
            if isinstance(encoder, FrameEncoder):
                size = 2 * encoder.frame_samples
                payloads = [encoder.encode(one) for one in cut(pcm[: 400 * size], size) if len(one) == size]
            else:
                payloads = cut(encoder.encode(pcm[: len(pcm) // 4 * 4]), 160)
            assert_audio(payloads, label)


@given(st.integers(0, 2**32), st.integers(1, 700))
def test_random_octets_are_never_a_file(seed: int, octets: int) -> None:
    assert found_in(cut(np.random.default_rng(seed).bytes(10_000), octets)) is None


@given(st.sampled_from(sorted(FILE_STARTS)), st.integers(0, 2**32), st.integers(1, 700))
def test_random_octets_behind_a_start_are_never_a_file(start: bytes, seed: int, octets: int) -> None:
    assert found_in(cut(start + np.random.default_rng(seed).bytes(700), octets)) is None


def test_mp3_frames_by_chance_need_several_headers() -> None:
    """Random octets after a valid header, a million times: one header is common, four in a row never occur."""
    rng = np.random.default_rng(3)
    for _ in range(2000):
        assert kind_of(b"\xff\xfb\x90\xc4" + rng.bytes(2000)) is None


def test_a_periodic_signal_that_holds_a_valid_header() -> None:
    """Frames of 128 kbit/s at 32 kHz have 576 octets: a tone of 288 samples repeats the header in each."""
    period = b"\xff\xfb\x98\xc4" + np.random.default_rng(1).bytes(572)
    assert kind_of(period * 20) is None
    assert found_in(cut(period * 20, 320)) is None


def test_carried_octets_are_bounded() -> None:
    watch = HeaderWatch()
    period = b"\xff\xfb\x98\xc4" + bytes(572)
    for piece in cut(period * 1000, 320):
        assert watch.look(piece) is None
        assert sum(map(len, watch.carried)) <= MAX_CARRIED * HEAD_OCTETS


def test_every_start_is_of_one_or_two_octets() -> None:
    assert {len(start) for start in FILE_STARTS} == {1, 2}
    assert all(data[:2] in FILE_STARTS and data[:1] in FILE_STARTS for _, data in KINDS)
    assert b"\0\0" not in FILE_STARTS
    assert b"\xff\xff" not in FILE_STARTS, "silence of PCMU"
    assert b"\xd5\xd5" not in FILE_STARTS, "silence of PCMA"
    assert len(FILE_STARTS) < 120
