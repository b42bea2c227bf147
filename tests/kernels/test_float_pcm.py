"""Conversion between int16 and float32: exact to float32, rounded and clipped to int16."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import float_pcm
from tests.kernels import kernel_contract
from tests.kernels.kernel_contract import Kernel
from tests.oracles import mixing as oracle

TO_FLOAT = Kernel(float_pcm.int16_to_float32, float_pcm.int16_to_float32_into, "pcm", 2, 4)
TO_INT16 = Kernel(float_pcm.float32_to_int16, float_pcm.float32_to_int16_into, "samples", 4, 2)
EVERY_SAMPLE = array("h", range(-32768, 32768))


def test_every_sample_divided_by_32768_and_back() -> None:
    floats = array("f", float_pcm.int16_to_float32(EVERY_SAMPLE))
    assert floats.tolist() == [sample / 32768 for sample in EVERY_SAMPLE]
    assert float_pcm.float32_to_int16(floats) == EVERY_SAMPLE.tobytes()


def test_every_half_goes_to_the_even_sample_and_its_neighbours_do_not() -> None:
    halves: Any = ((np.arange(-32768, 32767) + 0.5) / 32768).astype(np.float32)
    for values in (halves, np.nextafter(halves, np.float32(2)), np.nextafter(halves, np.float32(-2))):
        # A double represents the product exactly, and NumPy rounds half to even.
        expected = np.clip(np.rint(values.astype(float) * 32768), -32768, 32767).astype(np.int16)
        assert float_pcm.float32_to_int16(values) == expected.tobytes()


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=80))
def test_float32_equals_the_definition(values: list[float]) -> None:
    expected = array("h", map(oracle.int16_of_float, values)).tobytes()
    assert float_pcm.float32_to_int16(array("f", values)) == expected
    room = bytearray(2 * len(values))
    assert float_pcm.float32_to_int16_into(array("f", values), room) == len(values)
    assert room == expected


@given(st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_float32_of_any_bits_equals_numpy(seed: int, n: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2**32, n, np.uint32).view(np.float32)
    values: Any = np.where(np.isnan(bits), np.float32(0.1), bits)
    with np.errstate(over="ignore"):
        expected = np.clip(np.rint(values * np.float32(32768)), -32768, 32767).astype(np.int16)
    assert float_pcm.float32_to_int16(values.astype(np.float32)) == expected.tobytes()


@pytest.mark.parametrize("n", [1, 2, 7, 15, 16, 17, 31, 32, 33, 300, 20000])
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "signalling"])
def test_a_nan_is_refused_by_its_first_place(n: int, quiet: bool) -> None:
    bits = 0x7FC00000 if quiet else 0xFF800001
    for place in {0, n // 2, n - 1}:
        values: Any = np.zeros(n, np.float32)
        values.view(np.uint32)[place] = bits
        values.view(np.uint32)[n - 1] = bits
        with pytest.raises(ValueError, match=rf"^sample {place} is NaN, a number is needed$"):
            float_pcm.float32_to_int16(values)
        room = bytearray(2 * n)
        with pytest.raises(ValueError, match=rf"^sample {place} is NaN, a number is needed$"):
            float_pcm.float32_to_int16_into(values, room)
        room.append(0)


@pytest.mark.parametrize("octets", [1, 2, 3, 5, 641])
def test_octets_of_part_of_a_float32_are_refused(octets: int) -> None:
    text = f"^samples has {octets} octets, float32 samples need a multiple of 4$"
    with pytest.raises(ValueError, match=text):
        float_pcm.float32_to_int16(bytes(octets))
    held = bytearray(octets)
    with pytest.raises(ValueError, match=text):
        float_pcm.float32_to_int16_into(held, bytearray(9999))
    held.append(0)


@pytest.mark.parametrize("kernel", [TO_FLOAT, TO_INT16], ids=str)
@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)


def test_half_a_sample_is_refused() -> None:
    kernel_contract.refuses_half_a_sample(TO_FLOAT)


def test_infinities_are_clipped() -> None:
    assert (
        array("h", float_pcm.float32_to_int16(array("f", [math.inf, -math.inf] * 20))).tolist()
        == [
            32767,
            -32768,
        ]
        * 20
    )
