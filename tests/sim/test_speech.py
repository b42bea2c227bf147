"""The speech of the caller: files, PCM and generators, cut and resampled."""

from __future__ import annotations

import re
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtpcodec import Resampler
from rtpcodec.sim.media.speech import Speech, SpeechSource, open_speech
from tests.sim.streams import ramp


def all_of(speech: Speech, samples: int = 160) -> bytes:
    said = b""
    while not speech.ended:
        said += speech.take(samples)
    return said


def write_wav(path: Path, pcm: bytes, rate_hz: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm)
    return path


@pytest.mark.parametrize("samples", [1, 7, 160, 5000])
def test_every_cut_gives_the_same_speech(samples: int) -> None:
    pcm = ramp(1000)
    assert all_of(open_speech(pcm, None, 8000), samples) == pcm


@pytest.mark.parametrize(
    "source",
    [
        ramp(480),
        bytearray(ramp(480)),
        memoryview(ramp(480)),
        array("h", ramp(480)),
        np.frombuffer(ramp(480), np.int16),
        [ramp(480)[:100], bytearray(ramp(480)[100:500]), memoryview(ramp(480)[500:])],
        iter([ramp(480)]),
    ],
)
def test_pcm_comes_in_any_form(source: SpeechSource) -> None:
    assert all_of(open_speech(source, None, 8000)) == ramp(480)


def test_a_wav_file_brings_its_rate(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", ramp(1600), 16000)
    speech = open_speech(path, None, 8000)
    assert speech.sample_rate_hz == 16000
    assert all_of(open_speech(str(path), None, 8000)) == ramp(1600)


def test_speech_is_resampled_to_the_end(tmp_path: Path) -> None:
    pcm = ramp(3200)
    speech = open_speech(write_wav(tmp_path / "speech.wav", pcm, 16000), None, 8000)
    speech.tune(8000)
    reference = Resampler(16000, 8000)
    assert all_of(speech) == reference.resample(pcm) + reference.flush()


def test_a_pair_that_is_not_offered_is_named() -> None:
    speech = open_speech(ramp(10), 44000, 8000)
    for way in (speech.tune, speech.require_way_to):
        with pytest.raises(
            ValueError, match=r"^speech has 44000 Hz, the stream 8000 Hz: speech_hz is 44000, allowed are"
        ):
            way(8000)
    speech.tune(44000)
    assert all_of(speech) == ramp(10)


def test_a_generator_is_asked_no_more_than_a_chunk_ahead() -> None:
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(10):
            asked += 1
            yield ramp(160)

    speech = open_speech(pieces(), None, 8000)
    assert asked == 0
    assert speech.take(160) == ramp(160)
    assert asked == 1


def test_an_empty_piece_is_a_pause_not_the_end() -> None:
    speech = open_speech(iter([ramp(100), b"", ramp(60)]), None, 8000)
    assert speech.take(160) == ramp(100)
    assert not speech.ended
    assert speech.take(160) == ramp(60)
    assert speech.ended


def test_no_speech_ends_at_once() -> None:
    silent: tuple[SpeechSource, ...] = (b"", [])
    for source in silent:
        speech = open_speech(source, None, 8000)
        assert speech.take(160) == b""
        assert speech.ended


@pytest.mark.parametrize(
    ("source", "speech_hz", "error", "rule"),
    [
        ("speech.wav", 8000, ValueError, "speech_hz is 8000, but the WAV file says its rate itself"),
        (
            b"RIFF\0\0\0\0WAVEfmt ",
            None,
            ValueError,
            "speech is a WAV file (RIFF), samples are needed; read it with rtpcodec.audio.files.read_wav",
        ),
        (b"abc", None, ValueError, "samples has 3 octets, 16-bit samples need an even number"),
        (np.zeros(4), None, TypeError, "samples has items of format 'd'"),
        (b"ab", 0, ValueError, "speech_hz is 0, at least 1 is needed"),
        (7, None, TypeError, "'int' object is not iterable"),
    ],
)
def test_invalid_speech_is_refused(source: Any, speech_hz: int | None, error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=re.escape(rule)):
        open_speech(source, speech_hz, 8000)


def test_an_odd_piece_of_a_generator_is_refused_where_it_comes() -> None:
    speech = open_speech(iter([ramp(160), b"abc"]), None, 8000)
    assert speech.take(160) == ramp(160)
    with pytest.raises(ValueError, match="samples has 3 octets"):
        speech.take(160)
