"""Recordings for background sound."""

from __future__ import annotations

import pickle
from array import array
from pathlib import Path

import pytest

from rtpcodec.audio.files import WavWriter
from rtpcodec.errors import AudioWarning
from rtpcodec.stream.events import Audio
from rtpcodec.stream.speaking import background_source as module
from rtpcodec.stream.speaking.background_source import BackgroundSource, background_source
from tests.stream.sounds import dbov, noise, tone


def wav(path: Path, pcm: bytes, rate_hz: int) -> Path:
    with WavWriter(path, rate_hz) as writer:
        writer.write(pcm)
    return path


def test_a_wav_file_knows_its_rate(tmp_path: Path) -> None:
    pcm = tone(16000, 1600)
    path = wav(tmp_path / "office.wav", pcm, 16000)
    assert background_source(path) == background_source(str(path), 16000) == background_source(pcm, 16000)
    with pytest.raises(ValueError, match=r"^pcm_hz is 8000, office\.wav has 16000 Hz$"):
        background_source(path, 8000)


def test_a_wav_file_may_have_a_rate_of_its_own(tmp_path: Path) -> None:
    source = background_source(wav(tmp_path / "odd.wav", tone(37800, 37800), 37800))
    assert source.pcm_hz in (44100, 48000)
    assert len(source.pcm) == 2 * source.pcm_hz
    assert source.level_dbov == pytest.approx(dbov(tone(37800, 37800)), abs=0.1)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda pcm: array("h", pcm)])
def test_pcm_may_be_any_buffer_of_samples(kind: type[bytes]) -> None:
    pcm = noise(400)
    source = background_source(kind(pcm), 8000)
    assert (source.pcm, source.pcm_hz) == (pcm, 8000)
    assert source.level_dbov == pytest.approx(dbov(pcm))


def test_float32_has_full_scale_at_1() -> None:
    assert background_source(array("f", [0.25] * 200), 8000) == background_source(array("h", [8192] * 200), 8000)


def test_an_audio_knows_its_rate() -> None:
    pcm = noise(320)
    assert background_source(Audio("inbound", b"", pcm, 16000, 0.0, 20.0)) == background_source(pcm, 16000)


def test_a_source_is_a_value_that_processes_may_share() -> None:
    source = background_source(noise(400), 8000)
    assert pickle.loads(pickle.dumps(source)) == source
    assert repr(source) == f"BackgroundSource(pcm_hz=8000, level_dbov={source.level_dbov})"
    assert isinstance(source, BackgroundSource)


@pytest.mark.parametrize(
    ("pcm", "pcm_hz", "error", "text"),
    [
        (bytes(400), None, ValueError, "pcm_hz is missing, PCM does not say its rate"),
        (bytes(400), 8001, ValueError, "pcm_hz is 8001, allowed are "),
        (bytes(318), 8000, ValueError, "source lasts 19.875 ms, a background sound needs at least 20 ms"),
        (b"", 8000, ValueError, "source lasts 0 ms, a background sound needs at least 20 ms"),
        (bytes(401), 8000, ValueError, "source has 401 octets, 16-bit samples need an even number"),
        (array("d", [0.5]), 8000, TypeError, "source has items of format 'd'"),
        (array("f", [float("nan")] * 200), 8000, ValueError, "source is NaN at sample 0"),
    ],
)
def test_an_invalid_background_sound_is_refused(
    pcm: bytes, pcm_hz: int | None, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as raised:
        background_source(pcm, pcm_hz)
    assert str(raised.value).startswith(text)


def test_the_octets_of_a_file_are_refused_and_those_of_floats_are_warned_of(tmp_path: Path) -> None:
    octets = wav(tmp_path / "office.wav", tone(16000, 1600), 16000).read_bytes()
    with pytest.raises(ValueError, match=r"^source is a WAV file"):
        background_source(octets, 16000)
    with pytest.warns(AudioWarning, match="^source looks like 32-bit floats"):
        background_source(array("f", [one / 500 for one in range(-400, 400)]).tobytes(), 8000)


def test_a_source_is_limited_in_octets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.MAX_SOURCE_OCTETS >= 2 * 48000 * 600, "ten minutes at the highest rate"
    monkeypatch.setattr(module, "MAX_SOURCE_OCTETS", 1000)
    for source in (bytes(1002), wav(tmp_path / "long.wav", bytes(1002), 8000)):
        with pytest.raises(ValueError, match=r"^source has 1002 octets of samples, at most 1000 are held$"):
            background_source(source, 8000)
    assert len(background_source(bytes(1000), 8000).pcm) == 1000
