"""Measures the table of docs/resampling.md, pair by pair, on the integer filter and on the output samples.

`python -m tests.audio.test_resample_quality` prints the rows of the page's table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ, coefficients
from tests.oracles import resample as oracle

PAIRS = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ if from_hz != to_hz]
PAGE = Path(__file__).parents[2] / "docs" / "resampling.md"
BLOCK = 200
EDGE_HZ = 600  # between the rates of the first release the passband ends this far below half the lower rate
FIRST_FIGURES = {
    (8000, 16000): (31, 0.003, 70.1, 69.0),
    (8000, 24000): (47, 0.002, 74.9, 71.9),
    (8000, 48000): (95, 0.002, 72.8, 71.2),
    (16000, 8000): (15, 0.002, 72.0, 71.5),
    (16000, 24000): (47, 0.002, 72.1, 70.0),
    (16000, 48000): (95, 0.002, 72.1, 70.0),
    (24000, 8000): (15, 0.004, 69.8, 66.3),
    (24000, 16000): (31, 0.002, 70.6, 70.3),
    (24000, 48000): (95, 0.003, 70.8, 69.4),
    (48000, 8000): (15, 0.006, 64.4, 62.8),
    (48000, 16000): (31, 0.005, 66.3, 65.2),
    (48000, 24000): (47, 0.004, 67.3, 67.4),
}
"""Delay, ripple, attenuation and sine SNR of the first release: none may get worse."""

Floats = npt.NDArray[np.float64]


def edges_hz(from_hz: int, to_hz: int) -> tuple[float, float]:
    """Return the end of the passband and the start of the stopband."""
    low_hz = min(from_hz, to_hz)
    if (from_hz, to_hz) in FIRST_FIGURES:
        return low_hz / 2 - EDGE_HZ, low_hz / 2 + EDGE_HZ
    return 0.425 * low_hz, 0.575 * low_hz


def gains_db(from_hz: int, to_hz: int) -> tuple[float, float]:
    """Return the largest deviation in the passband and the smallest attenuation in the stopband of the filter."""
    phases = np.array(coefficients(from_hz, to_hz))
    taps = phases.T.ravel()
    points = max(1 << 17, 1 << (8 * taps.size - 1).bit_length())
    frequencies_hz = np.fft.rfftfreq(points, 1 / (from_hz * len(phases)))
    response = np.abs(np.fft.rfft(taps, points)) / taps.sum()
    pass_hz, stop_hz = edges_hz(from_hz, to_hz)
    passed = 20 * np.log10(response[frequencies_hz <= pass_hz])
    stopped = 20 * np.log10(response[frequencies_hz >= stop_hz].max())
    return float(np.abs(passed).max()), float(-stopped)


def sines(rate_hz: int, pass_hz: float, delay_samples: int) -> Floats:
    """Return half a second of 40 half-scale sines, from 50 Hz to the end of the passband, delayed by some samples."""
    steps = 2j * np.pi / rate_hz * np.linspace(50, pass_hz, 40)
    # A sample is the product of the first one of its block and its position there, so fewer sines are computed.
    firsts = np.exp(np.outer(steps, np.arange(0, rate_hz // 2, BLOCK) - delay_samples))
    places = np.exp(np.outer(steps, np.arange(BLOCK)))
    waves: Floats = (firsts[:, :, None] * places[:, None, :]).imag.reshape(len(steps), -1)
    return 16384 * waves[:, : rate_hz // 2]


def sine_snr_db(from_hz: int, to_hz: int) -> float:
    """Return the worst SNR of 40 sines through the resampler, compared with the sine delay_samples later."""
    pass_hz, _ = edges_hz(from_hz, to_hz)
    resampler = Resampler(from_hz, to_hz)
    sources = np.rint(sines(from_hz, pass_hz, 0)).astype(np.int16)
    count = resampler.output_samples(sources.shape[1])
    heard = np.empty((*sources.shape[:1], count), np.int16)
    for source, room in zip(sources, heard, strict=True):
        resampler.reset()
        resampler.resample_into(source, room)
    settled = slice(4 * to_hz // 1000, None)
    ideal = sines(to_hz, pass_hz, resampler.delay_samples)[:, :count][:, settled]
    error = heard[:, settled] - ideal
    return float(10 * np.log10((ideal**2).mean(axis=1) / (error**2).mean(axis=1)).min())


def figures(from_hz: int, to_hz: int) -> list[float]:
    """Return the measured cells of a pair's row: delay, edges, ripple, attenuation, sine SNR."""
    delay = Resampler(from_hz, to_hz).delay_samples
    return [delay, *edges_hz(from_hz, to_hz), *gains_db(from_hz, to_hz), sine_snr_db(from_hz, to_hz)]


def row_of(from_hz: int, to_hz: int) -> str:
    """Return the row of a pair in the format of the page."""
    delay, pass_hz, stop_hz, ripple_db, attenuation_db, snr_db = figures(from_hz, to_hz)
    cells = [f"{from_hz}", f"{to_hz}", f"{delay:.0f}", f"{pass_hz:.0f}", f"{stop_hz:.0f}"]
    return f"| {' | '.join([*cells, f'{ripple_db:.3f}', f'{attenuation_db:.1f}', f'{snr_db:.1f}'])} |"


def page_row(from_hz: int, to_hz: int) -> list[float]:
    """Return the page's row of a pair."""
    start = f"| {from_hz} | {to_hz} |"
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(start)]
    assert len(rows) == 1
    return [float(cell) for cell in rows[0].strip("| ").split(" | ")[2:]]


@pytest.mark.parametrize("from_hz", RATES_HZ)
def test_quality_is_what_the_page_says(from_hz: int) -> None:
    for to_hz in RATES_HZ:
        if to_hz == from_hz:
            continue
        said, found = page_row(from_hz, to_hz), figures(from_hz, to_hz)
        delay, _, _, ripple_db, attenuation_db, snr_db = found
        assert said[:1] == [delay]
        assert said[1:3] == pytest.approx(found[1:3], abs=0.5)
        assert said[3] == pytest.approx(ripple_db, abs=0.0006)
        assert said[4:] == pytest.approx([attenuation_db, snr_db], abs=0.06)
        assert ripple_db <= 0.01
        assert delay <= to_hz // 500 - 1
        if first := FIRST_FIGURES.get((from_hz, to_hz)):
            assert delay == first[0]
            assert ripple_db <= first[1] + 0.0005
            assert attenuation_db >= first[2] - 0.05
            assert snr_db >= first[3] - 0.05
        else:
            assert attenuation_db >= 70
            assert snr_db >= 62


def test_the_passband_of_all_pairs_is_flat_and_the_stopband_empty_at_the_edges_of_new_pairs() -> None:
    for pair in FIRST_FIGURES:
        low_hz = min(pair)
        pass_hz, stop_hz = edges_hz(*pair)
        assert pass_hz >= 0.425 * low_hz
        assert stop_hz <= 0.575 * low_hz


@pytest.mark.parametrize("pair", [(44100, 8000), (8000, 44100), (32000, 11025), (48000, 44100), (24000, 16000)])
def test_the_definition_in_plain_integers_has_the_same_filter(pair: tuple[int, int]) -> None:
    impulse = [0] * 400 + [16384] + [0] * 400
    assert oracle.resampled(impulse, *pair) == oracle.resampled_array(impulse, *pair)


if __name__ == "__main__":
    sys.stdout.writelines(f"{row_of(*pair)}\n" for pair in PAIRS)
