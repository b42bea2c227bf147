"""The largest magnitude and the sum of squares, for every length and kind of buffer."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import levels
from tests.kernels import buffers

functions = pytest.mark.parametrize("function", [levels.peak, levels.energy], ids=["peak", "energy"])


@given(st.lists(st.integers(-32768, 32767), max_size=100))
def test_levels_equal_the_definition(pcm: list[int]) -> None:
    assert levels.peak(array("h", pcm)) == max(map(abs, pcm), default=0)
    assert levels.energy(array("h", pcm)) == sum(sample * sample for sample in pcm)


@pytest.mark.parametrize("n", [*range(40), 160, 960, 20000])
def test_full_scale_does_not_overflow(n: int) -> None:
    pcm = array("h", [-32768] * n)
    assert levels.peak(pcm) == (32768 if n else 0)
    assert levels.energy(pcm) == n << 30


def test_a_long_recording_equals_numpy() -> None:
    pcm: Any = np.random.default_rng(1).integers(-32768, 32768, 1_000_003).astype(np.int16)
    assert levels.peak(pcm) == np.abs(pcm.astype(np.int32)).max()
    assert levels.energy(pcm) == np.sum(pcm.astype(np.int64) ** 2)


@functions
def test_every_buffer_is_accepted_and_released(function: Callable[[Any], int]) -> None:
    pcm = bytes(range(100))
    for name, make in buffers.SAMPLES.items():
        assert function(make(pcm)) == function(pcm), name
    held = bytearray(pcm)
    function(held)
    held.append(0)
    with pytest.raises(ValueError, match=r"^pcm has 101 octets, 16-bit samples need an even number$"):
        function(held)
    held.append(0)
    for wrong, error, text in buffers.wrong_items("pcm", buffers.SAMPLES_WANTED):
        with pytest.raises(error) as caught:
            function(wrong)
        assert str(caught.value) == text
