"""White noise: the published generator's bits, a flat spectrum, the requested level, the same for the same seed."""

from __future__ import annotations

from array import array
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import noise
from tests.oracles import tones as oracle


def test_the_oracle_gives_the_published_sequence_of_the_generator() -> None:
    """The first outputs of SplitMix64 from seed 1234567."""
    golden = 0x9E3779B97F4A7C15
    outputs = [oracle.split_mix((1234567 + step * golden) % 2**64) for step in range(1, 4)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(-(2**70), 2**70), st.integers(0, 2**70), st.floats(0, 9459))
def test_noise_equals_the_definition(seed: int, position: int, rms: float) -> None:
    pcm = array("h", noise.white_noise(seed, position, 12, rms))
    assert pcm.tolist() == [oracle.noise(seed, place, rms) for place in range(position, position + 12)]


@given(st.lists(st.integers(0, 500), max_size=6))
def test_pieces_give_what_the_whole_gives(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), 500]
    pieces = [noise.white_noise(5, start, end - start, 100.0) for start, end in pairwise(places)]
    assert b"".join(pieces) == noise.white_noise(5, 0, 500, 100.0)


@pytest.mark.parametrize("rms", [3.0, 12.8, 1000.0, 9459.0])
def test_noise_is_white_at_its_level_and_clips_nothing(rms: float) -> None:
    pcm = np.frombuffer(noise.white_noise(1, 0, 1 << 18, rms), np.int16).astype(float)
    assert abs(20 * np.log10(pcm.std() / rms)) < 0.05
    assert abs(pcm.mean()) < 0.01 * rms
    assert np.abs(pcm).max() < 3.47 * rms
    # Eight bands of equal power.
    power = np.abs(np.fft.rfft(pcm))[1:] ** 2
    bands = [band.mean() for band in np.array_split(power, 8)]
    assert 10 * np.log10(max(bands) / min(bands)) < 0.3


def test_seeds_give_independent_noise() -> None:
    streams = [np.frombuffer(noise.white_noise(seed, 0, 1 << 16, 1000), np.int16).astype(float) for seed in range(6)]
    related = np.abs(np.corrcoef(streams) - np.eye(6))
    assert related.max() < 0.02


def test_rms_0_is_silence() -> None:
    assert noise.white_noise(1, 0, 20, 0) == bytes(40)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, 0, -1, 1), "samples is -1, 0 to 268435456 are allowed"),
        ((0, -1, 1, 1), "position is -1, it must be 0 or more"),
        ((0, 0, 1, -0.1), "rms is -0.1, 0 to 9459 are allowed"),
        ((0, 0, 1, 9460), "rms is 9460, 0 to 9459 are allowed"),
        ((0, 0, 1, float("nan")), "rms is nan, 0 to 9459 are allowed"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: tuple[int, int, int, float], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        noise.white_noise(*arguments)


@pytest.mark.parametrize("arguments", [(0.5, 0, 1, 1), (0, 0.5, 1, 1), (0, 0, 0.5, 1)])
def test_fractions_are_refused(arguments: tuple[int, int, int, float]) -> None:
    with pytest.raises(TypeError):
        noise.white_noise(*arguments)
