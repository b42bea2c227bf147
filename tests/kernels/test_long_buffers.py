"""Results above the size from which the AVX-512 form uses non-temporal stores, at positions of every kind."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rtpcodec.kernels import g711, g711_transcode

PAST_CACHES_OCTETS = 32 << 20
"""As in kernels/simd/g711_avx512.h; every form must give the same results below and above it."""
GUARD = 0xA5
ALL_CODES = bytes(range(256))
FUNCTIONS: dict[str, tuple[Callable[[bytes], bytes], Callable[[Any, Any], int], type[np.generic]]] = {
    "pcmu decode": (g711.pcmu_decode, g711.pcmu_decode_into, np.int16),
    "pcma decode": (g711.pcma_decode, g711.pcma_decode_into, np.int16),
    "pcmu to pcma": (g711_transcode.pcmu_to_pcma, g711_transcode.pcmu_to_pcma_into, np.uint8),
    "pcma to pcmu": (g711_transcode.pcma_to_pcmu, g711_transcode.pcma_to_pcmu_into, np.uint8),
}
ONE_OF_EACH = ((-1, 0), (0, 31), (77, 1))
"""More items than fit the caches, and the position of the first one, as a sample of all such pairs."""


@pytest.fixture(scope="module")
def codes() -> NDArray[np.uint8]:
    return np.random.default_rng(711).integers(0, 256, PAST_CACHES_OCTETS + 200, np.uint8)


@pytest.mark.parametrize(
    ("more_items", "place"),
    [
        pytest.param(*pair, marks=() if pair in ONE_OF_EACH else pytest.mark.long)
        for pair in product((-1, 0, 77), (0, 1, 31))
    ],
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_long_results_are_those_of_single_codes(
    name: str, more_items: int, place: int, codes: NDArray[np.uint8]
) -> None:
    function, function_into, item = FUNCTIONS[name]
    table = np.frombuffer(function(ALL_CODES), item)
    octets_an_item = np.dtype(item).itemsize
    items = PAST_CACHES_OCTETS // octets_an_item + more_items
    source = codes[place : place + items]
    block = np.full(items * octets_an_item + 128, GUARD, np.uint8)
    first = -block.ctypes.data % 64 + place
    room = block[first : first + items * octets_an_item]
    assert function_into(source, room) == items
    assert room.tobytes() == table[source].tobytes()
    assert np.all(block[:first] == GUARD)
    assert np.all(block[first + len(room) :] == GUARD)
