"""Digests of the functions with a vector form, over all inputs and every length from 0 to 300, one line each.

Run by tests/kernels/test_simd_levels.py at every level of the kernels: equal lines, equal results.
"""

import hashlib
import random
from array import array
from collections.abc import Callable
from functools import partial

import rtpcodec
from rtpcodec.compat import audioop
from rtpcodec.kernels import base64, float_pcm, mixing
from rtpcodec.kernels.resample import RATES_HZ

EVERY_SAMPLE = array("h", range(-32768, 32768)).tobytes()
EVERY_CODE = bytes(range(256))
LENGTHS = range(301)
NAN_BITS = 0x7F800000


def _numbers(octets: bytes) -> bytes:
    """Return random octets as float32 values: infinities are kept, a NaN loses its mantissa."""
    bits = array("I", octets)
    return array("I", [NAN_BITS if one & NAN_BITS == NAN_BITS else one for one in bits]).tobytes()


def _resample(from_hz: int, to_hz: int, pcm: bytes) -> bytes:
    return rtpcodec.Resampler(from_hz, to_hz).resample(pcm)


FUNCTIONS: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "pcmu_decode": (rtpcodec.pcmu_decode, 1),
    "pcma_decode": (rtpcodec.pcma_decode, 1),
    "pcmu_encode": (rtpcodec.pcmu_encode, 2),
    "pcma_encode": (rtpcodec.pcma_encode, 2),
    "pcmu_to_pcma": (rtpcodec.pcmu_to_pcma, 1),
    "pcma_to_pcmu": (rtpcodec.pcma_to_pcmu, 1),
    "ulaw2lin": (lambda fragment: audioop.ulaw2lin(fragment, 2), 1),
    "alaw2lin": (lambda fragment: audioop.alaw2lin(fragment, 2), 1),
    "lin2ulaw": (lambda fragment: audioop.lin2ulaw(fragment, 2), 2),
    "lin2alaw": (lambda fragment: audioop.lin2alaw(fragment, 2), 2),
    "gain": (lambda pcm: b"".join(mixing.gain(pcm, factor) for factor in (0, 0.005, 1 / 3, 1, 1.7, 64)), 2),
    "mix": (lambda pcm: mixing.mix((pcm, mixing.gain(pcm, 0.3), pcm), (1, 1.5, 0.01)), 2),
    "int16_to_float32": (float_pcm.int16_to_float32, 2),
    "float32_to_int16": (lambda octets: float_pcm.float32_to_int16(_numbers(octets)), 4),
    "base64": (lambda octets: base64.encode(octets) + base64.decode(base64.encode(octets)), 1),
    **{
        f"resample {from_hz} to {to_hz}": (partial(_resample, from_hz, to_hz), 2)
        for from_hz in RATES_HZ
        for to_hz in RATES_HZ
    },
}
"""Functions by name, with the octets of an item."""


def digest(function: Callable[[bytes], bytes], item_octets: int) -> str:
    """Digest the results over all inputs in sequence, all inputs shuffled, and random inputs of each length."""
    generator = random.Random(711)
    every = EVERY_CODE if item_octets == 1 else EVERY_SAMPLE
    items = [every[at : at + item_octets] for at in range(0, len(every), item_octets)]
    generator.shuffle(items)
    inputs = [every, b"".join(items), *map(partial(_random_items, generator, item_octets), LENGTHS)]
    total = hashlib.sha256()
    for source in inputs:
        total.update(function(source))
    return total.hexdigest()


def _random_items(generator: random.Random, item_octets: int, length: int) -> bytes:
    return generator.randbytes(length * item_octets)


def main() -> None:
    """Print one line per function."""
    for name, (function, item_octets) in FUNCTIONS.items():
        print(name, digest(function, item_octets))


if __name__ == "__main__":
    main()
