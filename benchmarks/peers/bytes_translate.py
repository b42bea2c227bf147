"""bytes.translate: the fastest way from law to law in the standard library."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness.model import Contender
from benchmarks.peers.numpy_tables import codes_of, samples_of
from benchmarks.peers.reading import codes


def transcode(law: str, other: str, payload: bytes) -> Iterator[Contender]:
    """Octets of one law to octets of the other."""
    table = codes_of(other)[samples_of(law).view("u2")].tobytes()
    yield Contender("bytes.translate", payload.translate, (table,), codes)
