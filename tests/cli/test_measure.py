"""The demo's measurement: equal recordings are exact, a delay does not count as noise, a gap does."""

import array
import math
import random

import numpy as np
import pytest

from rtpcodec.audio.files import read_wav
from rtpcodec.cli.demo.measure import fidelity, percentile
from rtpcodec.cli.demo.speech import SPEECH

RNG = random.Random(7)
SOURCE = array.array("h", (RNG.randint(-8000, 8000) for _ in range(16000)))


def test_an_equal_recording_is_exact() -> None:
    assert fidelity(SOURCE.tobytes(), SOURCE.tobytes(), 8000).snr_db is None


def test_a_delayed_recording_is_aligned() -> None:
    delayed = bytes(2 * 37) + SOURCE.tobytes()
    found = fidelity(SOURCE.tobytes(), delayed, 8000)
    assert (found.snr_db, found.lag_samples) == (None, 37)


def test_noise_is_measured() -> None:
    noisy = array.array("h", (sample + RNG.choice((-80, 80)) for sample in SOURCE))
    expected = 10 * math.log10(sum(sample**2 for sample in SOURCE) / (len(SOURCE) * 80**2))
    assert fidelity(SOURCE.tobytes(), noisy.tobytes(), 8000).snr_db == pytest.approx(expected)


def test_a_missing_end_counts_as_noise() -> None:
    found = fidelity(SOURCE.tobytes(), SOURCE[:8000].tobytes(), 8000)
    assert found.snr_db == pytest.approx(3, abs=0.5)


def test_silence_that_is_longer_than_the_source_is_noise_as_loud_as_the_source() -> None:
    found = fidelity(SOURCE[:800].tobytes(), bytes(2 * 4000), 8000, max_lag_ms=200)
    assert found.snr_db == 0.0


def filtered(most_hz: float) -> bytes:
    """Return the source without the part above a frequency."""
    spectrum = np.fft.rfft(SOURCE)
    spectrum[np.fft.rfftfreq(len(SOURCE), 1 / 8000) > most_hz] = 0
    return np.fft.irfft(spectrum, len(SOURCE)).astype(np.int16).tobytes()


def test_spectra_are_compared_in_db() -> None:
    quieter = array.array("h", (sample // 2 for sample in SOURCE))
    found = fidelity(SOURCE.tobytes(), quieter.tobytes(), 8000)
    assert found.lsd_db == pytest.approx(20 * math.log10(2), abs=0.1)
    assert fidelity(SOURCE.tobytes(), SOURCE.tobytes(), 8000).lsd_db == 0.0
    assert fidelity(SOURCE.tobytes(), filtered(3000), 8000).lsd_db > 15
    pause = bytes(16000)
    with_hum = array.array("h", (RNG.randint(-3, 3) for _ in range(8000))).tobytes()
    assert fidelity(SOURCE.tobytes() + pause, SOURCE.tobytes() + with_hum, 8000).lsd_db < 0.3, "pauses do not count"


def test_intelligibility_is_that_of_the_aligned_recording() -> None:
    speech, rate_hz = read_wav(SPEECH)
    assert fidelity(speech, bytes(2 * 500) + speech, rate_hz).stoi == pytest.approx(1.0, abs=1e-3)
    noise = np.random.default_rng(1).normal(0, 3000, len(speech) // 2)
    noisy = (np.frombuffer(speech, np.int16) + noise).clip(-32768, 32767).astype(np.int16).tobytes()
    assert fidelity(speech, noisy, rate_hz).stoi < 0.9


def test_percentile_of_nothing_is_none() -> None:
    assert percentile([], 50) is None
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
