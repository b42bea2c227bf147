"""Prediction gain and the energy of a band, compared with NumPy's least squares and convolution."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels.bands import band_energy
from rtpcodec.kernels.prediction import prediction_gain_db

PCM = st.lists(st.integers(-32768, 32767), min_size=1, max_size=300)


def oracle_gain(pcm: list[int], step: int) -> float:
    """Return the gain by the autocorrelation method as a system of equations, which the recursion solves."""
    samples = np.array(pcm, float) - np.mean(pcm)
    lags = [float(samples[lag:] @ samples[: len(samples) - lag]) if lag < len(pcm) else 0.0 for lag in range(5)]
    used = lags[::step]
    order = 4 // step
    if not used[0] > 0:
        return 0.0
    matrix = np.array([[used[abs(row - column)] for column in range(order)] for row in range(order)])
    found, *_ = np.linalg.lstsq(matrix, np.array(used[1 : order + 1]), rcond=None)
    return float(10 * np.log10(used[0] / max(used[0] - found @ np.array(used[1 : order + 1]), used[0] * 1e-9)))


@given(PCM, st.sampled_from([1, 2]))
def test_the_gain_is_that_of_the_normal_equations(pcm: list[int], step: int) -> None:
    gain_db = prediction_gain_db(array("h", pcm), step)
    assert 0 <= gain_db <= 90.1
    if len(pcm) > 8 and np.std(pcm) > 1:
        assert gain_db == pytest.approx(oracle_gain(pcm, step), abs=0.05, rel=1e-3)


@given(PCM, st.integers(-100, 100))
def test_a_constant_offset_changes_little(pcm: list[int], offset: int) -> None:
    quiet = [sample // 4 for sample in pcm]
    moved = [sample + offset for sample in quiet]
    assert prediction_gain_db(array("h", moved)) == pytest.approx(prediction_gain_db(array("h", quiet)), abs=0.01)


def test_noise_cannot_be_predicted_and_a_tone_can() -> None:
    noise = np.random.default_rng(1).integers(-8000, 8000, 1600).astype(np.int16).tobytes()
    tone = (8000 * np.sin(np.arange(1600) / 3)).astype(np.int16).tobytes()
    assert prediction_gain_db(noise) < 0.1
    assert prediction_gain_db(tone) > 20


@pytest.mark.parametrize("value", [0, 1, -32768, 32767])
def test_a_constant_has_no_gain(value: int) -> None:
    assert prediction_gain_db(array("h", [value] * 160)) == pytest.approx(0, abs=1e-6)


def test_wrong_arguments_of_prediction() -> None:
    assert prediction_gain_db(b"") == 0
    with pytest.raises(ValueError, match=r"^step is 3, 1 or 2 is needed$"):
        prediction_gain_db(bytes(320), 3)
    with pytest.raises(ValueError, match=r"^pcm has 4097 samples, at most 4096 are allowed$"):
        prediction_gain_db(bytes(2 * 4097))
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        prediction_gain_db(bytes(3))


@given(PCM, st.lists(st.integers(-32768, 32767), min_size=1, max_size=40), st.integers(1, 8))
def test_the_band_is_that_of_a_convolution(pcm: list[int], taps: list[int], step: int) -> None:
    found = band_energy(array("h", pcm), array("h", taps), step)
    if len(taps) > len(pcm):
        assert found == 0
    else:
        outputs = np.correlate(np.array(pcm, float), np.array(taps, float) / 32768, "valid")[::step]
        assert found == pytest.approx(float(np.mean(outputs**2)), rel=1e-9, abs=1e-6)


def test_wrong_arguments_of_bands() -> None:
    with pytest.raises(ValueError, match=r"^step is 0, at least 1 is needed$"):
        band_energy(bytes(320), bytes(20), 0)
    with pytest.raises(ValueError, match=r"^taps has 3 octets, 16-bit samples need an even number$"):
        band_energy(bytes(320), bytes(3), 1)
