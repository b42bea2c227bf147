"""G.711 checked in three ways: an oracle from the standard, tables of the G.191 reference, and properties."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typing_extensions import Buffer

from rtpcodec.kernels import g711
from tests.kernels import kernel_contract
from tests.kernels.kernel_contract import Kernel
from tests.oracles import g711 as oracle

ALL_SAMPLES = range(-32768, 32768)
ALL_PCM = array("h", ALL_SAMPLES)
ALL_CODES = bytes(range(256))


@dataclass(frozen=True)
class Law:
    name: str
    encode: Callable[[Buffer], bytes]
    decode: Callable[[Buffer], bytes]
    oracle_code: Callable[[int], int]
    oracle_sample: Callable[[int], int]
    silence: int

    def __str__(self) -> str:
        return self.name


PCMU = Law("pcmu", g711.pcmu_encode, g711.pcmu_decode, oracle.pcmu_code, oracle.pcmu_sample, 0xFF)
PCMA = Law("pcma", g711.pcma_encode, g711.pcma_decode, oracle.pcma_code, oracle.pcma_sample, 0xD5)
laws = pytest.mark.parametrize("law", [PCMU, PCMA], ids=str)

KERNELS = [
    Kernel(g711.pcmu_encode, g711.pcmu_encode_into, "pcm", 2, 1),
    Kernel(g711.pcmu_decode, g711.pcmu_decode_into, "payload", 1, 2),
    Kernel(g711.pcma_encode, g711.pcma_encode_into, "pcm", 2, 1),
    Kernel(g711.pcma_decode, g711.pcma_decode_into, "payload", 1, 2),
]


def samples(pcm: bytes) -> list[int]:
    return array("h", pcm).tolist()


@laws
def test_every_input_as_the_standard_says(law: Law) -> None:
    assert law.encode(ALL_PCM) == bytes(law.oracle_code(sample) for sample in ALL_SAMPLES)


@laws
def test_every_code_as_the_standard_says(law: Law) -> None:
    assert samples(law.decode(ALL_CODES)) == [law.oracle_sample(code) for code in range(256)]


@laws
def test_every_input_as_the_reference_says(law: Law, g711_tables: Path) -> None:
    assert law.encode(ALL_PCM) == (g711_tables / f"{law}_encode_stl.u8").read_bytes()


@laws
def test_every_code_as_the_reference_says(law: Law, g711_tables: Path) -> None:
    expected = struct.unpack("<256h", (g711_tables / f"{law}_decode_stl.s16le").read_bytes())
    assert samples(law.decode(ALL_CODES)) == list(expected)


@laws
def test_a_decoded_sample_keeps_its_value_for_ever(law: Law) -> None:
    once = law.decode(ALL_CODES)
    assert law.decode(law.encode(once)) == once


@laws
def test_a_code_comes_back_except_negative_zero_of_mu_law(law: Law) -> None:
    returned = law.encode(law.decode(ALL_CODES))
    # Mu-law has a code for negative zero, which 16-bit samples do not have.
    changed = {code: back for code, back in enumerate(returned) if code != back}
    assert changed == ({0x7F: 0xFF} if law is PCMU else {})


@laws
def test_louder_never_becomes_softer(law: Law) -> None:
    decoded = samples(law.decode(law.encode(ALL_PCM)))
    assert decoded == sorted(decoded)


@laws
def test_error_stays_below_a_half_interval(law: Law) -> None:
    # The clipping level of mu-law is 32,635 and its largest value 32,124; A-law's largest is 32,256.
    for sample, decoded in zip(ALL_SAMPLES, samples(law.decode(law.encode(ALL_PCM))), strict=True):
        assert abs(sample - decoded) <= max(8, abs(sample) / 31 + 4, abs(sample) - 32124)


@laws
def test_silence(law: Law) -> None:
    assert law.encode(bytes(320)) == bytes([law.silence]) * 160


def test_minus_one_is_where_other_encoders_differ() -> None:
    assert g711.pcmu_encode(array("h", [-1, 0, -3, -4, -5])).hex() == "7fff7f7f7e"


@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if kernel.takes_samples], ids=str)
def test_half_a_sample_is_refused(kernel: Kernel) -> None:
    kernel_contract.refuses_half_a_sample(kernel)
