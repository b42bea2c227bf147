"""NumPy tables, as a user without a library writes them. Our own functions fill the tables once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

import rtpcodec
from benchmarks.harness.model import Contender

Octets = NDArray[np.uint8]
Samples = NDArray[np.int16]


@cache
def samples_of(law: str) -> Samples:
    """Return the 256 samples by code."""
    decode_law = rtpcodec.pcmu_decode if law == "pcmu" else rtpcodec.pcma_decode
    return np.frombuffer(decode_law(bytes(range(256))), np.int16)


@cache
def codes_of(law: str) -> Octets:
    """Return the 65536 codes by the sample's bits as uint16."""
    encode_law = rtpcodec.pcmu_encode if law == "pcmu" else rtpcodec.pcma_encode
    return np.frombuffer(encode_law(np.arange(65536).astype(np.uint16).tobytes()), np.uint8)


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to PCM."""
    yield from _lookups(samples_of(law), np.frombuffer(payload, np.uint8))


def decode_into(law: str, payload: bytes, out: Samples) -> Iterator[Contender]:
    """Decode octets to PCM in a given buffer."""
    yield from _lookups_into(samples_of(law), np.frombuffer(payload, np.uint8), out)


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode PCM to octets."""
    yield from _lookups(codes_of(law), np.frombuffer(pcm, np.uint16))


def encode_into(law: str, pcm: bytes, out: Octets) -> Iterator[Contender]:
    """Encode PCM to octets in a given buffer."""
    yield from _lookups_into(codes_of(law), np.frombuffer(pcm, np.uint16), out)


def transcode(law: str, other: str, payload: bytes) -> Iterator[Contender]:
    """Convert octets of one law to the other."""
    yield from _lookups(codes_of(other)[samples_of(law).view(np.uint16)], np.frombuffer(payload, np.uint8))


def transcode_into(law: str, other: str, payload: bytes, out: Octets) -> Iterator[Contender]:
    """Convert octets of one law to the other in a given buffer."""
    table = codes_of(other)[samples_of(law).view(np.uint16)]
    yield from _lookups_into(table, np.frombuffer(payload, np.uint8), out)


def _lookups(table: Octets | Samples, index: NDArray[np.unsignedinteger]) -> Iterator[Contender]:
    yield Contender("numpy lut[x]", table.__getitem__, (index,), np.asarray)
    yield Contender("numpy take", lambda x: table.take(x, mode="wrap"), (index,), np.asarray)


def _lookups_into(
    table: Octets | Samples, index: NDArray[np.unsignedinteger], out: Octets | Samples
) -> Iterator[Contender]:
    yield Contender("numpy lut[x]", table.__getitem__, (index,), np.asarray)
    yield Contender("numpy take", lambda x, room: table.take(x, out=room, mode="wrap"), (index, out), np.asarray)
