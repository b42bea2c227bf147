"""PCM on 20 ms chunks: mixing, gain and float32 both ways, against NumPy doing the same to arrays.

NumPy has its arrays ready, also those for what lies between two steps, and may give the result back in one that it
reuses; we read octets and return fresh ones. Both give the same samples. NumPy does not look for NaNs, we do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import speech
from benchmarks.peers.reading import samples
from rtpcodec.kernels import float_pcm, mixing

RATES_HZ: Final = (8000, 16000, 48000)
CHUNKS_PER_S: Final = 50
BAR: Final = Bar(5.0)
HALF: Final = 16422 / 32768
"""-6 dB, in as many bits as a gain keeps, so that both multiply by the same number."""
BACKGROUND: Final = 0.1259765625
"""-18 dB, likewise."""
LOWEST: Final = -32768
HIGHEST: Final = 32767
Samples = NDArray[np.int16]
Floats = NDArray[np.float32]


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every row of this group by name, with the function that sets its race up."""
    for rate_hz in RATES_HZ:
        n = rate_hz // CHUNKS_PER_S
        yield f"pcm mix {rate_hz // 1000} kHz", partial(mix, n)
        yield f"pcm mix background {rate_hz // 1000} kHz", partial(mix_background, n)
        yield f"pcm gain {rate_hz // 1000} kHz", partial(gain, n)
        yield f"pcm to float32 {rate_hz // 1000} kHz", partial(to_float32, n)
        yield f"pcm from float32 {rate_hz // 1000} kHz", partial(from_float32, n)


def loud(n: int, seed: int) -> Samples:
    """Return speech at a level at which a sum sometimes saturates."""
    return np.clip(speech(n, seed=seed).astype(np.int32) * 4, LOWEST, HIGHEST).astype(np.int16)


def float_bits(result: Any) -> NDArray[np.int32]:
    """Return the bits of native float32 values."""
    return np.frombuffer(result, np.int32)


def clipped(wide: Any) -> Samples:
    """Return the samples of a wider array, which is overwritten."""
    np.minimum(wide, HIGHEST, out=wide)
    np.maximum(wide, LOWEST, out=wide)
    return np.asarray(wide.astype(np.int16))


def race(
    ours: Contender, numpys: tuple[Contender, ...], floor: Callable[..., object], source: Samples | Floats
) -> Race:
    """Return one row."""
    return Race("frame", 1, ours, numpys, Contender("fresh object", floor, (source.tobytes(),)), BAR)


def mix(n: int) -> Race:
    """Race mixing two chunks of speech."""
    one, other = loud(n, 1), loud(n, 2)
    wide = np.zeros(n, np.int32)

    def plain(a: Samples, b: Samples) -> Samples:
        return np.asarray(np.clip(a.astype(np.int32) + b, LOWEST, HIGHEST).astype(np.int16))

    def reusing(a: Samples, b: Samples) -> Samples:
        np.add(a, b, out=wide, dtype=np.int32)
        return clipped(wide)

    ours = Contender("rtpcodec", mixing.mix, ((one.tobytes(), other.tobytes()),), samples)
    numpys = (
        Contender("numpy", plain, (one, other), samples),
        Contender("numpy, reused arrays", reusing, (one, other), samples),
    )
    return race(ours, numpys, floors.fresh_same, one)


def mix_background(n: int) -> Race:
    """Race mixing speech with music at -18 dB."""
    one, other = loud(n, 1), loud(n, 2)
    wide = np.zeros(n)

    def plain(a: Samples, b: Samples) -> Samples:
        return np.asarray(np.clip(a + np.rint(b * BACKGROUND), LOWEST, HIGHEST).astype(np.int16))

    def reusing(a: Samples, b: Samples) -> Samples:
        np.multiply(b, BACKGROUND, out=wide)
        np.rint(wide, out=wide)
        np.add(wide, a, out=wide)
        return clipped(wide)

    pair = (one.tobytes(), other.tobytes())
    ours = Contender("rtpcodec", mixing.mix, (pair, (1.0, BACKGROUND)), samples)
    numpys = (
        Contender("numpy", plain, (one, other), samples),
        Contender("numpy, reused arrays", reusing, (one, other), samples),
    )
    return race(ours, numpys, floors.fresh_same, one)


def gain(n: int) -> Race:
    """Race a gain of -6 dB."""
    pcm = loud(n, 1)
    wide = np.zeros(n)

    def plain(a: Samples) -> Samples:
        return np.asarray(np.clip(np.rint(a * HALF), LOWEST, HIGHEST).astype(np.int16))

    def reusing(a: Samples) -> Samples:
        np.multiply(a, HALF, out=wide)
        np.rint(wide, out=wide)
        return clipped(wide)

    ours = Contender("rtpcodec", mixing.gain, (pcm.tobytes(), HALF), samples)
    numpys = (
        Contender("numpy", plain, (pcm,), samples),
        Contender("numpy, reused arrays", reusing, (pcm,), samples),
    )
    return race(ours, numpys, floors.fresh_same, pcm)


def to_float32(n: int) -> Race:
    """Race converting a chunk of int16 to float32."""
    pcm = loud(n, 1)
    scale = np.float32(1 / 32768)
    room = np.zeros(n, np.float32)

    def plain(a: Samples) -> Floats:
        return np.multiply(a, scale, dtype=np.float32)

    def reusing(a: Samples) -> Floats:
        return np.multiply(a, scale, out=room, dtype=np.float32)

    ours = Contender("rtpcodec", float_pcm.int16_to_float32, (pcm.tobytes(),), float_bits)
    numpys = (
        Contender("numpy", plain, (pcm,), float_bits),
        Contender("numpy, reused arrays", reusing, (pcm,), float_bits),
    )
    return race(ours, numpys, floors.fresh_double, pcm)


def from_float32(n: int) -> Race:
    """Race converting a chunk of float32, partly beyond full scale, to int16."""
    floats = (loud(n, 1) * np.float32(1.3 / 32768) + np.float32(1e-5)).astype(np.float32)
    scale = np.float32(32768)
    wide = np.zeros(n, np.float32)

    def plain(a: Floats) -> Samples:
        return np.asarray(np.clip(np.rint(a * scale), LOWEST, HIGHEST).astype(np.int16))

    def reusing(a: Floats) -> Samples:
        np.multiply(a, scale, out=wide)
        np.rint(wide, out=wide)
        return clipped(wide)

    ours = Contender("rtpcodec", float_pcm.float32_to_int16, (floats.tobytes(),), samples)
    numpys = (
        Contender("numpy", plain, (floats,), samples),
        Contender("numpy, reused arrays", reusing, (floats,), samples),
    )
    return race(ours, numpys, floors.fresh_half, floats)
