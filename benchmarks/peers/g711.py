"""The package g711 of PyPI: a C extension for float32."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes

g711: Any = import_module("g711")

NAME: Final = f"g711 {version('g711')} (float32)"
DECODE: Final = {"pcmu": g711.decode_ulaw, "pcma": g711.decode_alaw}
ENCODE: Final = {"pcmu": g711.encode_ulaw, "pcma": g711.encode_alaw}
FLOATS: Final = "computes in float32"


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to float32."""
    yield Contender(NAME, DECODE[law], (payload,), _samples, FLOATS)


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode float32, prepared beforehand, to octets."""
    yield Contender(NAME, ENCODE[law], ((np.frombuffer(pcm, np.int16) / 32768).astype(np.float32),), codes, FLOATS)


def _samples(result: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(result * 32768), -32768, 32767).astype(np.int16)
