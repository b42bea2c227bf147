"""docs/resampling.md is measured here, pair by pair, on the integer filter and on the samples that come out."""

from pathlib import Path

import numpy as np
import pytest

from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ, coefficients

PAIRS = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ if from_hz != to_hz]
PAGE = Path(__file__).parents[2] / "docs" / "resampling.md"
EDGE_HZ = 600  # the passband ends so far below half the lower rate, the stopband begins so far above


def gains_db(from_hz: int, to_hz: int) -> tuple[float, float]:
    """Of the integer filter: the largest deviation in the passband, the smallest attenuation in the stopband."""
    phases = coefficients(from_hz, to_hz)
    taps = np.array(phases).T.ravel()
    frequencies_hz = np.fft.rfftfreq(1 << 17, 1 / (from_hz * len(phases)))
    response = np.abs(np.fft.rfft(taps, 1 << 17)) / (16384 * len(phases))
    nyquist_hz = min(from_hz, to_hz) / 2
    passed = 20 * np.log10(response[frequencies_hz <= nyquist_hz - EDGE_HZ])
    stopped = 20 * np.log10(response[frequencies_hz >= nyquist_hz + EDGE_HZ].max())
    return float(np.abs(passed).max()), float(-stopped)


def sine_snr_db(from_hz: int, to_hz: int, sine_hz: float) -> float:
    """A sine of half scale through the resampler, against that sine delay_samples later; nothing is fitted."""
    resampler = Resampler(from_hz, to_hz)
    source = np.rint(16384 * np.sin(2 * np.pi * sine_hz / from_hz * np.arange(from_hz // 2))).astype(np.int16)
    heard = np.frombuffer(resampler.resample(source), np.int16)
    ideal = 16384 * np.sin(2 * np.pi * sine_hz / to_hz * (np.arange(heard.size) - resampler.delay_samples))
    settled = slice(4 * to_hz // 1000, None)
    error = heard[settled] - ideal[settled]
    return float(10 * np.log10(np.mean(ideal[settled] ** 2) / np.mean(error**2)))


def page_row(from_hz: int, to_hz: int) -> list[float]:
    """What the page says of a pair."""
    start = f"| {from_hz} | {to_hz} |"
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(start)]
    assert len(rows) == 1
    return [float(cell) for cell in rows[0].strip("| ").split(" | ")[2:]]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_quality_is_what_the_page_says(from_hz: int, to_hz: int) -> None:
    nyquist_hz = min(from_hz, to_hz) // 2
    ripple_db, attenuation_db = gains_db(from_hz, to_hz)
    snr_db = min(sine_snr_db(from_hz, to_hz, sine_hz) for sine_hz in np.linspace(50, nyquist_hz - EDGE_HZ, 40))
    said = page_row(from_hz, to_hz)
    assert said[:3] == [Resampler(from_hz, to_hz).delay_samples, nyquist_hz - EDGE_HZ, nyquist_hz + EDGE_HZ]
    assert said[3] == pytest.approx(ripple_db, abs=0.0006)
    assert said[4:] == pytest.approx([attenuation_db, snr_db], abs=0.06)
    assert ripple_db <= 0.01
    assert attenuation_db >= 64
    assert snr_db >= 62
