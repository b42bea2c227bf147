"""Channels: interleaved, split, and mixed down to the exact mean."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.kernels import channels as kernels
from tests.kernels import buffers, kernel_contract
from tests.kernels.kernel_contract import Kernel
from tests.oracles import mixing as oracle

MAX_CHANNELS = 64


def mono(pcm: Any) -> bytes:
    return kernels.downmix(pcm, 1)


def mono_into(pcm: Any, out: Any) -> int:
    return kernels.downmix_into(pcm, 1, out)


def single(pcm: Any) -> bytes:
    return kernels.interleave((pcm,))


def single_into(pcm: Any, out: Any) -> int:
    return kernels.interleave_into((pcm,), out)


KERNELS = [Kernel(mono, mono_into, "pcm", 2, 2), Kernel(single, single_into, "a source", 2, 2)]


@given(st.integers(1, 8), st.integers(0, 70), st.integers(0, 2**32 - 1))
def test_frames_equal_numpy_and_split_undoes_them(channels: int, frames: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(-32768, 32768, (channels, frames)).astype(np.int16)
    sources = [row.tobytes() for row in rows]
    joined = kernels.interleave(sources)
    assert joined == rows.T.tobytes()
    assert kernels.split(joined, channels) == tuple(sources)
    room = bytearray(len(joined))
    assert kernels.interleave_into(sources, room) == frames
    assert room == joined


@given(st.integers(1, MAX_CHANNELS), st.lists(st.integers(-32768, 32767), max_size=200))
def test_downmix_is_the_mean(channels: int, samples: list[int]) -> None:
    samples = samples[: len(samples) // channels * channels]
    expected = array("h", oracle.downmixed(samples, channels)).tobytes()
    pcm = array("h", samples)
    assert kernels.downmix(pcm, channels) == expected
    room = bytearray(len(expected))
    assert kernels.downmix_into(pcm, channels, room) == len(samples) // channels
    assert room == expected


def test_stereo_mean_of_every_sum_goes_to_the_even_one() -> None:
    sums = np.arange(-65536, 65535)
    left = np.clip(sums, -32768, 32767)
    pairs: Any = np.stack([left, sums - left], axis=1).astype(np.int16)
    assert kernels.downmix(pairs.reshape(-1), 2) == np.rint(sums / 2).astype(np.int16).tobytes()


@pytest.mark.parametrize("frames", [160, 20000])
def test_long_audio_of_three_channels(frames: int) -> None:
    rows = np.random.default_rng(3).integers(-32768, 32768, (3, frames)).astype(np.int16)
    joined = kernels.interleave([row.tobytes() for row in rows])
    expected = np.rint(rows.sum(axis=0, dtype=np.int32) / 3).astype(np.int16)
    assert kernels.downmix(joined, 3) == expected.tobytes()


@pytest.mark.parametrize("kind", buffers.SAMPLES)
def test_every_buffer_is_split(kind: str) -> None:
    make = buffers.SAMPLES[kind]
    assert kernels.split(make(b"11332244"), 2) == (b"1122", b"3344")


@pytest.mark.parametrize("function", [kernels.split, kernels.downmix], ids=["split", "downmix"])
@pytest.mark.parametrize(
    ("pcm", "channels", "text"),
    [
        (b"123456", 2, "pcm has 3 samples, 2 channels need a multiple of 2"),
        (b"12", 0, "channels is 0, 1 to 64 are allowed"),
        (b"12", 65, "channels is 65, 1 to 64 are allowed"),
        (b"123", 1, "pcm has 3 octets, 16-bit samples need an even number"),
    ],
)
def test_part_of_a_frame_and_other_numbers_of_channels_are_refused(
    function: Callable[[Any, int], object], pcm: bytes, channels: int, text: str
) -> None:
    held = bytearray(pcm)
    with pytest.raises(ValueError, match=f"^{text}$"):
        function(held, channels)
    held.append(0)


def test_channels_are_a_whole_number() -> None:
    with pytest.raises(TypeError):
        kernels.split(b"12", 1.5)  # type: ignore[arg-type]


def test_out_over_any_channel_is_refused() -> None:
    room = bytearray(200)
    cases: list[list[Any]] = [[room[:40], memoryview(room)[80:120]], [memoryview(room)[60:100], room[:40]]]
    for sources in cases:
        with pytest.raises(ValueError, match=r"^out overlaps the source, the result would destroy its own input$"):
            kernels.interleave_into(sources, memoryview(room)[20:])


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("check", kernel_contract.CHECKS, ids=lambda check: check.__name__)
def test_kernel_contract(kernel: Kernel, check: Callable[[Kernel], None]) -> None:
    check(kernel)
