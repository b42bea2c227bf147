"""Dual tones: the frequencies of ITU-T Q.23, exact at every rate, at their level."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec.audio import levels, tones
from rtpcodec.audio.tones import DualTone

Q23_HZ = {
    "1": (697, 1209), "2": (697, 1336), "3": (697, 1477), "A": (697, 1633),
    "4": (770, 1209), "5": (770, 1336), "6": (770, 1477), "B": (770, 1633),
    "7": (852, 1209), "8": (852, 1336), "9": (852, 1477), "C": (852, 1633),
    "*": (941, 1209), "0": (941, 1336), "#": (941, 1477), "D": (941, 1633),
}  # fmt: skip
RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def spectrum(pcm: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the amplitude of each whole frequency of a second of samples."""
    samples = np.frombuffer(pcm, np.int16)
    return np.asarray(2 * np.abs(np.fft.rfft(samples)) / samples.size)


def test_the_keys_are_those_of_q23() -> None:
    assert tones.KEY_FREQUENCIES_HZ == Q23_HZ


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("key", ["1", "5", "D", "#"])
def test_a_key_has_its_two_frequencies_and_no_other(key: str, rate_hz: int) -> None:
    amplitudes = spectrum(DualTone(key, rate_hz, -10).samples(rate_hz))
    expected = 32768 * 10 ** ((-10 - 6.15) / 20)
    for frequency_hz in Q23_HZ[key]:
        assert amplitudes[frequency_hz] == pytest.approx(expected, abs=0.1)
        amplitudes[frequency_hz] = 0
    assert amplitudes.max() < 0.1


@pytest.mark.parametrize("level_dbm0", [0.0, -3.0, -10.0, -40.0])
@pytest.mark.parametrize("twist_db", [-4.0, 0.0, 2.0])
def test_the_level_is_that_of_both_sines_together(level_dbm0: float, twist_db: float) -> None:
    pcm = DualTone("8", 16000, level_dbm0 - abs(twist_db), twist_db=twist_db).samples(16000)
    assert levels.dbm0_of_dbov(levels.rms_dbov(pcm)) == pytest.approx(level_dbm0 - abs(twist_db), abs=0.02)
    low, high = (spectrum(pcm)[frequency_hz] for frequency_hz in Q23_HZ["8"])
    assert 20 * np.log10(high / low) == pytest.approx(twist_db, abs=0.05)


def test_pieces_and_a_new_start_give_the_same_samples() -> None:
    whole = DualTone("7", 11025).samples(1000)
    tone = DualTone("7", 11025)
    assert b"".join(tone.samples(n) for n in (0, 1, 160, 339, 500)) == whole
    tone.reset()
    assert tone.samples(1000) == whole


def test_other_keys_rates_and_levels_are_refused() -> None:
    for key in ("", "a", "12", "E", " "):
        with pytest.raises(ValueError, match=r"0 to 9, A to D, \* and # are allowed$"):
            DualTone(key, 8000)
    with pytest.raises(ValueError, match=r"^rate_hz is 4000, 8000 to 192000 are allowed$"):
        DualTone("1", 4000)
    with pytest.raises(ValueError, match=r"^level_dbm0 is 0.2, above 0.13 the signal of two sines clips$"):
        DualTone("1", 8000, 0.2)
    with pytest.raises(ValueError, match=r"^samples is -1, "):
        DualTone("1", 8000).samples(-1)


def test_the_key_is_not_shown() -> None:
    assert repr(DualTone("5", 8000)) == "DualTone(rate_hz=8000, level_dbm0=-10)"


def test_no_sample_of_a_key_is_so_near_to_a_half_that_another_sine_function_rounds_it_otherwise() -> None:
    amplitude = levels.rms_of_dbov(levels.dbov_of_dbm0(tones.DEFAULT_LEVEL_DBM0))
    for rate_hz in RATES_HZ:
        places = np.arange(rate_hz, dtype=np.int64)
        for pair in Q23_HZ.values():
            exact = sum(amplitude * np.sin(2 * np.pi * (places * one_hz % rate_hz) / rate_hz) for one_hz in pair)
            nearest = np.abs(np.abs(exact % 1) - 0.5).min()
            assert nearest > 1e-10, (rate_hz, pair)
