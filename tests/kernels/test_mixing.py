"""Gain and mixing: every sample equals the exact definition, saturated once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import mixing
from tests.kernels import buffers, kernel_contract
from tests.kernels.kernel_contract import Kernel
from tests.oracles import mixing as oracle
from tests.traced_memory import peak_octets, traced

EVERY_SAMPLE: Any = np.arange(-32768, 32768).astype(np.int16)
FACTORS = [0, 1, 0.5, 0.25, 1 / 3, 0.7079, 1.9999999, 2, 63.99999, 64, 2**-15, 2**-16, 2**-16 * 0.99, 1e-300, 5e-324]
samples = st.lists(st.integers(-32768, 32767), max_size=60)
factors = st.floats(0, 64)


def half(pcm: Any) -> bytes:
    return mixing.gain(pcm, 0.5)


def half_into(pcm: Any, out: Any) -> int:
    return mixing.gain_into(pcm, 0.5, out)


def twice(pcm: Any) -> bytes:
    return mixing.mix([pcm, pcm])


def twice_into(pcm: Any, out: Any) -> int:
    return mixing.mix_into([pcm, pcm], out)


KERNELS = [Kernel(half, half_into, "pcm", 2, 2), Kernel(twice, twice_into, "a source", 2, 2)]


@pytest.mark.parametrize("factor", FACTORS)
def test_gain_of_every_sample(factor: float) -> None:
    exact = EVERY_SAMPLE.astype(float) * float(oracle.rounded_factor(factor))
    expected = np.clip(np.rint(exact), -32768, 32767).astype(np.int16)
    assert mixing.gain(EVERY_SAMPLE, factor) == expected.tobytes()


def test_gain_1_changes_nothing_and_0_is_silence() -> None:
    assert mixing.gain(EVERY_SAMPLE, 1) == EVERY_SAMPLE.tobytes()
    assert mixing.gain(EVERY_SAMPLE, 0) == bytes(2 * 65536)


@given(samples, factors)
def test_gain_equals_the_definition(pcm: list[int], factor: float) -> None:
    expected = array("h", oracle.gain(pcm, factor)).tobytes()
    assert mixing.gain(array("h", pcm).tobytes(), factor) == expected
    room = bytearray(2 * len(pcm))
    assert mixing.gain_into(array("h", pcm), factor, room) == len(pcm)
    assert room == expected


@given(st.floats(2**-15, 64))
def test_a_factor_is_stored_within_0_0003_db(factor: float) -> None:
    assert abs(20 * math.log10(oracle.rounded_factor(factor) / factor)) < 0.0003


@given(st.lists(factors, min_size=1, max_size=5), st.booleans(), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_mix_equals_the_definition(gains: list[float], scaled: bool, n: int, seed: int) -> None:
    sources = np.random.default_rng(seed).integers(-32768, 32768, (len(gains), n)).tolist()
    expected = array("h", oracle.mix(sources, gains if scaled else [1] * len(gains))).tobytes()
    pcms = [array("h", source).tobytes() for source in sources]
    assert mixing.mix(pcms, gains if scaled else None) == expected
    room = bytearray(2 * n)
    assert mixing.mix_into(pcms, room, gains if scaled else None) == n
    assert room == expected


@pytest.mark.parametrize("n", [*range(35), 160, 255, 256, 257, 960, 20000])
def test_mix_equals_numpy_at_every_length(n: int) -> None:
    generator = np.random.default_rng(n)
    pcms: list[Any] = [generator.integers(-32768, 32768, n).astype(np.int16) for _ in range(3)]
    expected = np.clip(np.sum([pcm.astype(np.int32) for pcm in pcms], axis=0), -32768, 32767).astype(np.int16)
    assert mixing.mix(pcms) == expected.tobytes()


def test_sources_that_cancel_each_other_are_not_distorted() -> None:
    loud = array("h", [30000, -32768] * 20)
    other = array("h", [30000, -32768] * 20)
    against = array("h", [-30000, 32767] * 20)
    assert array("h", mixing.mix((loud, other, against))).tolist() == [30000, -32768] * 20


def test_64_sources_at_the_highest_gain_saturate_and_do_not_wrap() -> None:
    for sample in (-32768, 32767):
        pcms = [array("h", [sample] * 40)] * 64
        assert array("h", mixing.mix(pcms, [64] * 64)).tolist() == [sample] * 40


@pytest.mark.parametrize("kind", buffers.SAMPLES)
def test_sources_are_any_buffers_in_any_iterable(kind: str) -> None:
    pcm = array("h", range(-50, 50))
    make = buffers.SAMPLES[kind]
    expected = array("h", [3 * sample for sample in pcm]).tobytes()
    for sources in ((pcm, make(pcm.tobytes())), iter([pcm, make(pcm.tobytes())])):
        assert mixing.mix(sources, iter([1, 2])) == expected


@pytest.mark.parametrize(
    ("sources", "gains", "text"),
    [
        ([], None, "sources has 0 items, 1 to 64 are needed"),
        ([b""] * 65, None, "sources has 65 items, 1 to 64 are needed"),
        ([b"", b""], [1], "gains has 1 factors, 2 sources need one each"),
        ([b"1234", b"12"], None, "source 1 has 1 samples, source 0 has 2; all must have the same number"),
        ([b"12", b"123"], None, "a source has 3 octets, 16-bit samples need an even number"),
        ([b"12"], [-0.5], "gain is -0.5, a factor of 0 to 64 is needed"),
        ([b"12"], [64.1], "gain is 64.1, a factor of 0 to 64 is needed"),
        ([b"12"], [math.nan], "gain is nan, a factor of 0 to 64 is needed"),
        ([b"12"], [math.inf], "gain is inf, a factor of 0 to 64 is needed"),
    ],
)
def test_sources_that_cannot_be_mixed_are_refused(sources: list[bytes], gains: list[float] | None, text: str) -> None:
    for call in (lambda: mixing.mix(sources, gains), lambda: mixing.mix_into(sources, bytearray(99), gains)):
        with pytest.raises(ValueError, match=f"^{text}$"):
            call()


@pytest.mark.parametrize("factor", [-1e-9, 64.000001, math.nan, math.inf])
def test_gains_out_of_range_are_refused(factor: float) -> None:
    for call in (lambda: mixing.gain(b"12", factor), lambda: mixing.gain_into(b"12", factor, bytearray(2))):
        with pytest.raises(ValueError, match=rf"^gain is {factor!r}, a factor of 0 to 64 is needed$"):
            call()
    with pytest.raises(TypeError):
        mixing.gain(b"12", "loud")  # type: ignore[arg-type]


def test_every_source_is_released_after_an_error() -> None:
    held = [bytearray(4), bytearray(4), bytearray(2)]
    with pytest.raises(ValueError, match="same number"):
        mixing.mix(held)
    with pytest.raises(TypeError):
        mixing.mix([held[0], "text"])  # type: ignore[list-item]
    for one in held:
        one.append(0)


def test_out_over_any_source_is_refused() -> None:
    room = bytearray(100)
    apart = bytes(40)
    cases: list[list[Any]] = [[room[:40], memoryview(room)[20:60]], [memoryview(room)[20:60], apart]]
    for sources in cases:
        with pytest.raises(ValueError, match=r"^out overlaps the source, the result would destroy its own input$"):
            mixing.mix_into(sources, memoryview(room)[:40])
    assert mixing.mix_into([memoryview(room)[60:100], apart], memoryview(room)[:40]) == 20


def test_mix_allocates_its_result_only() -> None:
    pcm = bytes(320)
    sources = (pcm, pcm)
    gains = (1.0, 0.5)
    with traced():
        assert peak_octets(mixing.mix, sources, gains) == pcm.__sizeof__()
        assert peak_octets(mixing.mix_into, sources, bytearray(320), gains) == 0


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_half_a_sample_is_refused(kernel: Kernel) -> None:
    kernel_contract.refuses_half_a_sample(kernel)
