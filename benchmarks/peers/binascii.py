"""base64 by the standard library's compiled functions."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from typing import Final

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes

NAME: Final = "binascii"


def to_base64(payload: bytes) -> Iterator[Contender]:
    """Encode octets as characters."""

    def without_newline(octets: bytes) -> bytes:
        return b2a_base64(octets, newline=False)

    yield Contender(NAME, without_newline, (payload,), codes)


def from_base64(text: bytes) -> Iterator[Contender]:
    """Decode characters to octets; an invalid character is an error."""

    def strict(characters: bytes) -> bytes:
        return a2b_base64(characters, strict_mode=True)

    yield Contender(NAME, strict, (text,), codes)
