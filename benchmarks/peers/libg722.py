"""The package G722 of PyPI: a binding of libg722."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes, samples

g722: Any = import_module("G722")

NAME: Final = f"libg722 (G722 {version('G722')})"


def decode(_law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to an array of samples."""
    yield Contender(NAME, g722.G722(16_000, 64_000).decode, (payload,), samples)


def encode(_law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode an array of samples, prepared beforehand, to octets."""
    yield Contender(NAME, g722.G722(16_000, 64_000).encode, (array("h", pcm),), codes)
