"""audioop: the standard module up to Python 3.12, audioop-lts from 3.13 on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import chunks_played, codes, samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    audioop: Any = import_module("audioop")


INTERPOLATION: Final = "interpolates linearly, without a low-pass filter"


def name() -> str:
    """Return the package that provides the module."""
    try:
        return f"audioop-lts {version('audioop-lts')}"
    except PackageNotFoundError:
        return "audioop"


NAME: Final = name()

TO_LINEAR: Final = {"pcmu": audioop.ulaw2lin, "pcma": audioop.alaw2lin}
FROM_LINEAR: Final = {"pcmu": audioop.lin2ulaw, "pcma": audioop.lin2alaw}
ROUNDING: Final = "takes the two's complement of negative samples as their magnitude, G.191 the one's complement"


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to PCM."""
    yield Contender(NAME, TO_LINEAR[law], (payload, 2), samples)


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode PCM to octets."""
    yield Contender(NAME, FROM_LINEAR[law], (pcm, 2), codes, ROUNDING)


def transcode(law: str, other: str, payload: bytes) -> Iterator[Contender]:
    """Convert octets of one law to the other, by two calls."""
    to_linear, from_linear = TO_LINEAR[law], FROM_LINEAR[other]

    def two_calls(octets: bytes) -> Any:
        return from_linear(to_linear(octets, 2), 2)

    yield Contender(f"{NAME}, two calls", two_calls, (payload,), codes, ROUNDING)


def resample(from_hz: int, to_hz: int, pcm: bytes, tone: list[bytes]) -> Iterator[Contender]:
    """Resample a chunk of PCM, with the state of the last chunk."""
    state: Any = None

    def continued(chunk: bytes) -> Any:
        nonlocal state
        turned, state = audioop.ratecv(chunk, 2, 1, from_hz, to_hz, state)
        return turned

    played = chunks_played(continued, tone, to_hz)
    arguments = (pcm, 2, 1, from_hz, to_hz, state)
    yield Contender(
        NAME, audioop.ratecv, arguments, lambda _: played, "interpolates linearly, without a low-pass filter"
    )


ulaw2lin = partial(decode, "pcmu")
alaw2lin = partial(decode, "pcma")
lin2ulaw = partial(encode, "pcmu")
lin2alaw = partial(encode, "pcma")
