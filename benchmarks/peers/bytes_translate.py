"""bytes.translate: the fastest conversion between the laws in the standard library."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness.model import Contender
from benchmarks.peers.numpy_tables import codes_of, samples_of
from benchmarks.peers.reading import codes


def transcode(law: str, other: str, payload: bytes) -> Iterator[Contender]:
    """Convert octets of one law to the other."""
    table = codes_of(other)[samples_of(law).view("u2")].tobytes()
    yield Contender("bytes.translate", payload.translate, (table,), codes)
