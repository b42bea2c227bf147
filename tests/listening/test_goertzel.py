"""The helper that detects keys in PCM detects each of them, and nothing in speech, noise, music and other tones."""

from __future__ import annotations

import array
import math
import random
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec import DualTone
from rtpcodec.codecs import codec
from tests.listening.goertzel import keys_in

ALL = "0123456789*#ABCD"
DATA = Path(__file__).parents[1] / "data" / "g722"


def keyed(keys: str, rate_hz: int, *, tone_ms: int = 80, pause_ms: int = 60, level_dbm0: float = -10.0) -> bytes:
    pause = bytes(2 * rate_hz * pause_ms // 1000)
    return pause + b"".join(
        DualTone(key, rate_hz, level_dbm0).samples(rate_hz * tone_ms // 1000) + pause for key in keys
    )


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
def test_every_key_at_every_rate(rate_hz: int) -> None:
    assert keys_in(keyed(ALL, rate_hz), rate_hz) == ALL


@pytest.mark.parametrize("level_dbm0", [-35.0, -20.0, -3.5])
@pytest.mark.parametrize("tone_ms", [50, 100, 1000])
def test_every_level_and_length(level_dbm0: float, tone_ms: int) -> None:
    assert keys_in(keyed(ALL, 8000, tone_ms=tone_ms, level_dbm0=level_dbm0), 8000) == ALL


def test_one_key_pressed_several_times() -> None:
    assert keys_in(keyed("5555", 8000, tone_ms=50, pause_ms=40), 8000) == "5555"


def test_a_key_in_noise() -> None:
    rng = random.Random(1)
    pcm = array.array("h", (sample + rng.randint(-300, 300) for sample in memoryview(keyed(ALL, 8000)).cast("h")))
    assert keys_in(pcm, 8000) == ALL


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722"])
def test_a_key_through_a_codec(name: str) -> None:
    info = codec(name)
    rate_hz = 16000 if name == "G722" else 8000
    payload = info.encoder().encode(keyed(ALL, rate_hz))
    assert keys_in(info.decoder().decode(payload), rate_hz) == ALL


def test_a_key_through_opus(opus: object) -> None:
    """A codec of speech blurs short keys: those of 100 ms are found."""
    info = codec("OPUS")
    encoder, decoder = info.encoder(48000), info.decoder(16000)
    pcm = keyed(ALL, 48000, tone_ms=100, pause_ms=100)
    frames = [pcm[at : at + 1920] for at in range(0, len(pcm) - 1919, 1920)]
    assert keys_in(b"".join(decoder.decode(encoder.encode(frame)) for frame in frames), 16000) == ALL


def test_one_channel_of_two() -> None:
    left, right = (memoryview(keyed(keys, 8000)).cast("h") for keys in ("12", "34"))
    both = array.array("h", (sample for pair in zip(left, right, strict=True) for sample in pair))
    assert (keys_in(both, 8000, 2, 0), keys_in(both, 8000, 2, 1)) == ("12", "34")


@pytest.mark.parametrize("path", sorted(DATA.glob("speech_*.in.s16le")), ids=lambda path: path.name)
def test_no_key_in_speech(path: Path) -> None:
    pcm = path.read_bytes()
    assert keys_in(pcm, 16000) == ""
    assert keys_in(rtpcodec.Resampler(16000, 8000).resample(pcm), 8000) == ""


@pytest.mark.parametrize(
    "hertz", [(350, 440), (440,), (440, 480), (480, 620), (1100,), (2100,), (697,), (1209,), (941, 1000)]
)
def test_no_key_in_other_tones(hertz: tuple[int, ...]) -> None:
    pcm = array.array(
        "h", (int(sum(9000 * math.sin(2 * math.pi * hz * n / 8000) for hz in hertz)) for n in range(8000))
    )
    assert keys_in(pcm, 8000) == ""


def test_no_key_in_noise_silence_and_nothing() -> None:
    rng = random.Random(2)
    assert keys_in(array.array("h", (rng.randint(-9000, 9000) for _ in range(80_000))), 8000) == ""
    assert keys_in(bytes(16_000), 8000) == ""
    assert keys_in(b"", 8000) == ""
