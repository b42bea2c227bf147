"""Sums of sines: every sample has the exact phase, for any cuts."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import tones
from tests.oracles import tones as oracle

RATES_HZ = (8000, 11025, 16000, 22050, 48000)
Tones = Sequence[tuple[int, float]]


@given(
    st.sampled_from(RATES_HZ),
    st.lists(st.tuples(st.integers(1, 4000), st.floats(0, 32768)), min_size=1, max_size=4),
    st.integers(0, 10**18),
)
def test_sines_equal_the_definition(rate_hz: int, pairs: Tones, position: int) -> None:
    pcm = array("h", tones.sines(pairs, rate_hz, position, 20))
    for place, sample in enumerate(pcm, position):
        exact = oracle.sum_of_sines(pairs, rate_hz, place)
        # Within rounding; another sine function may round one half differently.
        assert abs(sample - min(max(exact, -32768), 32767)) <= 0.5 + 1e-9


@given(st.lists(st.integers(0, 900), max_size=6))
def test_pieces_give_what_the_whole_gives(cuts: list[int]) -> None:
    pairs = ((697, 9000.0), (1209, 9000.0))
    places = [0, *sorted(cuts), 900]
    pieces = [tones.sines(pairs, 11025, start, end - start) for start, end in pairwise(places)]
    assert b"".join(pieces) == tones.sines(pairs, 11025, 0, 900)


def test_a_second_repeats_forever() -> None:
    pairs = ((941, 9000.0), (1633, 9000.0))
    first = tones.sines(pairs, 44100, 0, 44100)
    assert tones.sines(pairs, 44100, 44100 * 10**12, 44100) == first


def test_loud_sums_saturate() -> None:
    pcm = array("h", tones.sines([(2000, 32768), (2000, 32768)], 8000, 0, 4))
    assert pcm.tolist() == [0, 32767, 0, -32768]


def test_a_long_piece_equals_its_parts() -> None:
    pairs = [(440, 1000.0)]
    assert tones.sines(pairs, 8000, 0, 50_000) == b"".join(
        tones.sines(pairs, 8000, start, 1000) for start in range(0, 50_000, 1000)
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([(440, 1)], 7999, 0, 1), "rate_hz is 7999, 8000 to 192000 are allowed"),
        (([(440, 1)], 8000, -1, 1), "position is -1, it must be 0 or more"),
        (([(440, 1)], 8000, 0, -1), "samples is -1, 0 to 268435456 are allowed"),
        (([], 8000, 0, 1), "tones has 0 items, 1 to 8 are needed"),
        (([(440, 1)] * 9, 8000, 0, 1), "tones has 9 items, 1 to 8 are needed"),
        (([(4001, 1)], 8000, 0, 1), "frequency_hz is 4001, 1 to 4000 are allowed at 8000 Hz"),
        (([(0, 1)], 8000, 0, 1), "frequency_hz is 0, 1 to 4000 are allowed at 8000 Hz"),
        (([(440, -1)], 8000, 0, 1), "amplitude is -1, 0 to 32768 are allowed"),
        (([(440, float("nan"))], 8000, 0, 1), "amplitude is nan, 0 to 32768 are allowed"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: tuple[Tones, int, int, int], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        tones.sines(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [([(440.5, 1)], 8000, 0, 1), ([(440, 1)], 8000.5, 0, 1), ([(440, 1)], 8000, 0.5, 1), ([440], 8000, 0, 1)],
)
def test_fractions_are_refused(arguments: tuple[Tones, int, int, int]) -> None:
    with pytest.raises(TypeError):
        tones.sines(*arguments)
