"""Byte swap and checked copy of 16-bit samples."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import pcm
from tests.kernels import kernel_contract
from tests.kernels.kernel_contract import Kernel

KERNELS = [
    Kernel(pcm.swap_bytes, pcm.swap_bytes_into, "samples", 2, 2),
    Kernel(pcm.copy_samples, pcm.copy_samples_into, "samples", 2, 2),
]
kernels = pytest.mark.parametrize("kernel", KERNELS, ids=str)


def test_every_sample_swapped() -> None:
    little = struct.pack("<65536h", *range(-32768, 32768))
    assert pcm.swap_bytes(little) == struct.pack(">65536h", *range(-32768, 32768))


@given(st.binary().map(lambda octets: octets[: len(octets) // 2 * 2]))
def test_swap_equals_the_array_module_and_undoes_itself(octets: bytes) -> None:
    expected = array("h", octets)
    expected.byteswap()
    assert pcm.swap_bytes(octets) == expected.tobytes()
    assert pcm.swap_bytes(pcm.swap_bytes(octets)) == octets


@given(st.binary().map(lambda octets: octets[: len(octets) // 2 * 2]))
def test_copy_changes_nothing(octets: bytes) -> None:
    assert pcm.copy_samples(octets) == octets


@kernels
@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)


@kernels
def test_half_a_sample_is_refused(kernel: Kernel) -> None:
    kernel_contract.refuses_half_a_sample(kernel)
