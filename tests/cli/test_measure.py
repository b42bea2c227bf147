"""The demo's judgement: exact is exact, a delay is no noise, a hole is."""

import array
import math
import random

import pytest

from rtpcodec.cli.demo.measure import fidelity, percentile

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


def test_percentile_of_nothing_is_none() -> None:
    assert percentile([], 50) is None
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
