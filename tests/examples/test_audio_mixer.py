"""examples/audio_mixer.py: keys that start, lower and stop sounds on a simulated call."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from rtpcodec.audio.files import WavWriter
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport
from tests.examples.service_calls import MAX_LINES, call_to, errors_of, example, lines_of, speech


def pressed(*keys: tuple[float, str]) -> CallReport:
    module = example("audio_mixer")
    return run_virtual(call_to(module.mix, module.PLAN, speech((6000, 0)), nullcontext(), dtmf=keys))


def level_db(report: CallReport, pitch_hz: float, at_ms: int) -> float:
    """The level of a pitch in the 400 ms that begin at at_ms: dB below a full sine."""
    samples = np.frombuffer(report.heard_pcm, np.int16).astype(float)[at_ms * 8 :][:3200]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4
    return float(20 * np.log10(spectrum[round(pitch_hz * len(samples) / 8000)] / 32768 + 1e-6))


def test_keys_start_and_stop_sounds(caplog: pytest.LogCaptureFixture) -> None:
    report = pressed((500, "1"), (1500, "2"), (2500, "1"), (3500, "*"), (4000, "7"))
    first, second = (440, 200)
    assert level_db(report, first, 1000) == pytest.approx(-30, abs=4)
    assert level_db(report, second, 1000) < -60
    assert level_db(report, second, 2000) == pytest.approx(-28, abs=4)
    assert level_db(report, first, 2000) == pytest.approx(-30, abs=4)
    assert level_db(report, first, 3000) < -60
    assert level_db(report, second, 3000) == pytest.approx(-28, abs=4)
    assert not any(report.heard_pcm[16 * 4000 :])
    assert errors_of(caplog) == []


def test_the_announcement_lowers_the_sounds() -> None:
    report = pressed((500, "1"), (2000, "0"))
    assert level_db(report, 440, 2400) == pytest.approx(level_db(report, 440, 1200) - 12, abs=1)
    assert level_db(report, 1000, 2400) > -20
    assert level_db(report, 440, 4000) == pytest.approx(level_db(report, 440, 1200), abs=1)


def test_own_recordings_are_played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with WavWriter(tmp_path / "music.wav", 8000) as writer:
        writer.write((9000 * np.sin(np.arange(16_000) * 2 * np.pi * 700 / 8000)).astype(np.int16).tobytes())
    monkeypatch.setenv("SOUNDS", str(tmp_path / "music.wav"))
    assert level_db(pressed((500, "1"), (600, "2")), 700, 2000) == pytest.approx(-27, abs=4)


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("audio_mixer") <= MAX_LINES
