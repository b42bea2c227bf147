"""Conversion between the laws equals decoding and then encoding."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rtpcodec.kernels import g711, g711_transcode
from tests.kernels import kernel_contract
from tests.kernels.kernel_contract import Kernel

ALL_CODES = bytes(range(256))
KERNELS = [
    Kernel(g711_transcode.pcmu_to_pcma, g711_transcode.pcmu_to_pcma_into, "payload", 1, 1),
    Kernel(g711_transcode.pcma_to_pcmu, g711_transcode.pcma_to_pcmu_into, "payload", 1, 1),
]


def test_every_code_as_decoding_and_encoding_give_it() -> None:
    assert g711_transcode.pcmu_to_pcma(ALL_CODES) == g711.pcma_encode(g711.pcmu_decode(ALL_CODES))
    assert g711_transcode.pcma_to_pcmu(ALL_CODES) == g711.pcmu_encode(g711.pcma_decode(ALL_CODES))


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_every_length_as_code_by_code(kernel: Kernel) -> None:
    table = kernel.function(ALL_CODES)
    for length in range(301):
        payload = bytes((7 * at + length) % 256 for at in range(length))
        assert kernel.function(payload) == payload.translate(table)


@pytest.mark.parametrize(("kernel", "file"), [(KERNELS[0], "u2a"), (KERNELS[1], "a2u")], ids=str)
def test_every_code_as_the_reference_says(kernel: Kernel, file: str, vectors: Path) -> None:
    expected = (vectors / "g711" / f"transcode_{file}_via_linear.u8").read_bytes()
    assert kernel.function(ALL_CODES) == expected


@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)
