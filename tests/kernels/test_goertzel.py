"""The power at single frequencies, compared with sums in plain Python and Goertzel's recursion; properties; limits."""

from __future__ import annotations

import copy
import math
import pickle
from array import array
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.kernels.goertzel import ToneBank, ToneTables
from rtpcodec.kernels.noise import white_noise
from rtpcodec.kernels.tones import sines
from tests.kernels import buffers
from tests.oracles import goertzel as oracle

Measured = list[tuple[float, int, int, tuple[complex, ...] | None]]


def bank(frequencies_hz: tuple[float, ...] = (1000.0,), window: int = 40, hop: int = 10, **options: Any) -> ToneBank:
    settings_of = {"split": 1, "least_power": 0.0, "least_share": 0.0} | options
    return ToneBank(ToneTables(8000, frequencies_hz, window), hop, **settings_of)


def close(found: complex, expected: complex, error: float) -> bool:
    return abs(found - expected) <= error


SAMPLES = st.lists(st.one_of(st.integers(-32768, 32767), st.sampled_from((-32768, 32767))), min_size=2, max_size=130)


@given(SAMPLES, st.floats(1, 4000), st.sampled_from((8000, 11025, 48000)))
def test_a_window_is_what_its_definition_says(samples: list[int], frequency_hz: float, rate_hz: int) -> None:
    tables = ToneTables(rate_hz, (frequency_hz,), len(samples))
    made = ToneBank(tables, len(samples), split=1, least_power=-1.0, least_share=0.0)
    ((power, _, _, values),) = made.measure(array("h", samples))
    assert math.isclose(power, oracle.power(samples), rel_tol=1e-9, abs_tol=1e-3)
    assert values is not None
    # A weight at one half may be rounded either way if cos differs by one bit.
    scale = math.sqrt(2) / (oracle.WEIGHT * len(samples) / 2)
    assert close(values[0], oracle.tone(samples, frequency_hz, rate_hz), 32768 * 2 * scale)


@given(SAMPLES, st.floats(1, 4000))
def test_a_window_is_what_goertzels_recursion_gives(samples: list[int], frequency_hz: float) -> None:
    made = ToneBank(ToneTables(8000, (frequency_hz,), len(samples)), 1, split=1, least_power=-1.0, least_share=0.0)
    values = made.measure(array("h", samples))[0][3]
    assert values is not None
    # The error of each weight is at most half a step, in both parts.
    error = sum(map(abs, samples)) * math.sqrt(2) / (oracle.WEIGHT * len(samples) / 2) * 0.71 + 1e-6
    assert close(values[0], oracle.recursion(samples, frequency_hz, 8000), error)


@pytest.mark.parametrize("samples", [[-32768] * 1000, [32767, -32768] * 500, [32767] * 1000])
def test_the_loudest_samples_do_not_overflow(samples: list[int]) -> None:
    for frequency_hz in (1.0, 4000.0):
        made = ToneBank(ToneTables(8000, (frequency_hz,), 1000), 1, split=1, least_power=-1.0, least_share=0.0)
        ((power, _, _, values),) = made.measure(array("h", samples))
        assert values is not None
        assert math.isclose(power, oracle.power(samples), rel_tol=1e-9, abs_tol=1.0)
        assert close(values[0], oracle.tone(samples, frequency_hz, 8000), 1.0)


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(2, 90), st.data())
@settings(max_examples=60)
def test_windows_are_the_same_however_pcm_is_cut(cuts: list[int], window: int, data: st.DataObject) -> None:
    hop = data.draw(st.integers(1, window))
    pcm = white_noise(7, 0, 700, 3000)
    whole = bank((500.0, 1500.0), window, hop).measure(pcm)
    pieces = bank((500.0, 1500.0), window, hop)
    found: Measured = []
    for begin, end in pairwise([0, *sorted(cuts), 700]):
        found += pieces.measure(pcm[2 * begin : 2 * end])
    assert found == whole
    assert len(whole) == (700 - window) // hop + 1


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 44100, 48000, 192000])
def test_a_sine_has_its_power_and_its_phase(rate_hz: int) -> None:
    window = rate_hz // 50
    made = ToneBank(ToneTables(rate_hz, (941.0, 1336.0), window), window, split=1, least_power=0.0, least_share=0.0)
    pcm = sines([(941, 8000)], rate_hz, 0, window)
    ((power, _, _, values),) = made.measure(pcm)
    assert values is not None
    assert math.isclose(power, 8000**2 / 2, rel_tol=0.02)
    assert math.isclose(abs(values[0]) ** 2, 8000**2 / 2, rel_tol=0.002)
    assert abs(values[1]) < 0.01 * abs(values[0])
    assert close(values[0] / abs(values[0]), -1j, 0.01)  # a sine that begins at 0


def test_an_offset_is_not_power() -> None:
    ((power, _, _, values),) = bank().measure(array("h", [1000] * 40))
    assert power < 1e-3
    assert values is not None
    assert abs(values[0]) < 1.0


def test_values_of_windows_that_are_not_relevant_are_left_out() -> None:
    tone, noise = sines([(1000, 3000)], 8000, 0, 40), white_noise(3, 0, 40, 3000)
    assert bank(least_power=3000**2 / 2 * 1.1).measure(tone)[0][3] is None
    assert bank(least_power=3000**2 / 2 * 0.9).measure(tone)[0][3] is not None
    assert bank(least_share=0.9).measure(tone)[0][3] is not None
    assert bank(least_share=0.9).measure(noise)[0][3] is None
    # With two groups, the strongest frequency of each counts.
    both = sines([(700, 3000), (1400, 3000)], 8000, 0, 160)
    made = {
        split: bank((700.0, 1400.0), 160, 160, split=split, least_share=0.8).measure(both)[0][3] for split in (1, 2)
    }
    assert made[1] is not None
    assert made[2] is None


def test_the_strongest_frequency_of_each_group_is_named() -> None:
    pcm = sines([(700, 1000), (900, 3000), (1400, 3000), (1600, 1000)], 8000, 0, 160)
    frequencies_hz = (700.0, 900.0, 1400.0, 1600.0)
    assert bank(frequencies_hz, 160, split=2).measure(pcm)[0][1:3] == (1, 2)
    assert bank(frequencies_hz, 160, split=3).measure(pcm)[0][1:3] in {(1, 3), (2, 3)}
    assert bank(frequencies_hz[:2], 160, split=2).measure(pcm)[0][1:3] == (1, -1)
    assert bank(frequencies_hz, 160, split=2, least_share=2.0).measure(pcm)[0][1:] == (-1, -1, None)
    assert bank(frequencies_hz, 160, split=2).measure(bytes(320))[0][1:3] == (0, 2)


def test_a_reset_begins_a_window() -> None:
    pcm = white_noise(5, 0, 40, 3000)
    made = bank()
    assert not made.measure(pcm[:60])
    made.reset()
    assert made.measure(pcm) == bank().measure(pcm)


def test_every_buffer_of_samples() -> None:
    pcm = white_noise(5, 0, 50, 3000)
    expected = bank().measure(pcm)
    assert len(expected) == 2
    for name, make in buffers.BY_ITEM[2].items():
        assert bank().measure(make(pcm)) == expected, name
    for wrong, error, text in buffers.wrong_items("pcm", buffers.WANTED[2]):
        with pytest.raises(error) as caught:
            bank().measure(wrong)
        assert str(caught.value) == text
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        bank().measure(bytes(3))
    assert bank().measure(b"") == []


def test_a_long_piece_without_the_gil() -> None:
    pcm = white_noise(5, 0, 30_000, 3000)
    short = bank((500.0,), 800, 400)
    pieces = [window for at in range(0, 60_000, 1000) for window in short.measure(pcm[at : at + 1000])]
    assert bank((500.0,), 800, 400).measure(pcm) == pieces


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((7999, (1000.0,), 40), "rate_hz is 7999, 8000 to 192000 are allowed"),
        ((8000, (), 40), "frequencies_hz has 0 items, 1 to 64 are needed"),
        ((8000, (1.0,) * 65, 40), "frequencies_hz has 65 items, 1 to 64 are needed"),
        ((8000, (4000.5,), 40), "a frequency is 4000.5 Hz, above 0 and at most 4000 are allowed"),
        ((8000, (0.0,), 40), "a frequency is 0 Hz, above 0 and at most 4000 are allowed"),
        ((8000, (float("nan"),), 40), "a frequency is nan Hz, above 0 and at most 4000 are allowed"),
        ((8000, (1000.0,), 1), "window_samples is 1, 2 to 32768 are allowed"),
        ((8000, (1000.0,), 32769), "window_samples is 32769, 2 to 32768 are allowed"),
    ],
)
def test_tables_outside_their_limits(arguments: tuple[Any, ...], error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        ToneTables(*arguments)


def test_banks_outside_their_limits() -> None:
    with pytest.raises(ValueError, match=r"^hop_samples is 0, 1 to 40 are allowed$"):
        bank(hop=0)
    with pytest.raises(ValueError, match=r"^hop_samples is 41, 1 to 40 are allowed$"):
        bank(hop=41)
    for split in (0, 2):
        with pytest.raises(ValueError, match=f"^split is {split}, 1 to 1 are allowed$"):
            bank(split=split)
    with pytest.raises(TypeError):
        ToneBank(None, 10, split=1, least_power=0.0, least_share=0.0)  # type: ignore[arg-type]


def test_tables_show_their_parameters_and_cannot_be_pickled() -> None:
    tables = ToneTables(8000, (700, 800), 40)
    assert (tables.rate_hz, tables.frequencies_hz, tables.window_samples) == (8000, (700.0, 800.0), 40)
    assert bank().hop_samples == 10
    for live in (tables, bank()):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            pickle.dumps(live)
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copy.copy(live)
