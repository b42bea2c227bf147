"""Fades: the exact factor of every sample, for any cuts of the stream."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import fading
from tests.kernels import kernel_contract
from tests.kernels.kernel_contract import Kernel
from tests.oracles import mixing as oracle


def fade_in(pcm: Any) -> bytes:
    return fading.fade(pcm, 3, 40, True)


def fade_in_into(pcm: Any, out: Any) -> int:
    return fading.fade_into(pcm, 3, 40, True, out)


def fade_out(pcm: Any) -> bytes:
    return fading.fade(pcm, 3, 40, False)


def fade_out_into(pcm: Any, out: Any) -> int:
    return fading.fade_into(pcm, 3, 40, False, out)


KERNELS = [Kernel(fade_in, fade_in_into, "pcm", 2, 2), Kernel(fade_out, fade_out_into, "pcm", 2, 2)]
positions = st.integers(0, 60) | st.integers(0, 2**30)
lengths = st.integers(1, 60) | st.integers(1, 2**30)


@given(st.lists(st.integers(-32768, 32767), max_size=50), positions, lengths, st.booleans())
def test_fade_equals_the_definition(pcm: list[int], position: int, length: int, rising: bool) -> None:
    expected = array("h", oracle.faded(pcm, position, length, rising=rising)).tobytes()
    assert fading.fade(array("h", pcm), position, length, rising) == expected
    room = bytearray(2 * len(pcm))
    assert fading.fade_into(array("h", pcm), position, length, rising, room) == len(pcm)
    assert room == expected


@pytest.mark.parametrize("sample", [-32768, -1, 1, 3, 32767])
@pytest.mark.parametrize("length", [1, 2, 3, 40, 240])
def test_a_fade_out_is_the_mirror_of_a_fade_in(sample: int, length: int) -> None:
    pcm = array("h", [sample] * length)
    rising, falling = (array("h", fading.fade(pcm, 0, length, up)).tolist() for up in (True, False))
    assert rising == falling[::-1]
    assert rising[0] == 0
    assert all(abs(a) <= abs(b) for a, b in pairwise(rising))


@given(st.lists(st.integers(0, 100), max_size=6), st.booleans())
def test_pieces_give_what_the_whole_gives(cuts: list[int], rising: bool) -> None:
    pcm = array("h", range(-5000, 5000, 100))
    places = [0, *sorted(cuts), len(pcm)]
    pieces = [fading.fade(pcm[start:end], start, 80, rising) for start, end in pairwise(places)]
    assert b"".join(pieces) == fading.fade(pcm, 0, 80, rising)


@pytest.mark.parametrize(
    ("position", "length", "text"),
    [
        (-1, 40, "position is -1, 0 to 1073741824 samples are allowed"),
        (2**30 + 1, 40, "position is 1073741825, 0 to 1073741824 samples are allowed"),
        (0, 0, "length is 0, 1 to 1073741824 samples are allowed"),
    ],
)
def test_other_positions_are_refused(position: int, length: int, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        fading.fade(b"12", position, length, True)


def test_positions_are_whole_numbers() -> None:
    with pytest.raises(TypeError):
        fading.fade(b"12", 0.5, 40, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)
