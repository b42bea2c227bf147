"""Texts that are base64 or nearly so, and the results of the standard library and msgspec for them."""

from __future__ import annotations

import random
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Iterator

import msgspec

from rtpcodec.kernels import base64

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
STRIKING = b"=A/+-_ \n\x00\x80\xff.:@[`{"
"""Padding, and characters adjacent to the ranges of the alphabet."""
_read = msgspec.json.Decoder(bytes).decode


def ours(text: str | bytes | bytearray) -> bytes | None:
    """Return the octets by our kernel; None: not strict base64."""
    try:
        return base64.decode(text)
    except ValueError:
        return None


def standard(text: bytes | bytearray) -> bytes | None:
    """Return the same by the standard library. Some of its versions allow padding after complete groups; ours not."""
    if len(text) % 4 or text.endswith(b"==="):
        return None
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        return None


def of_message(text: bytes) -> bytes | None:
    """Return the same by msgspec, from a JSON string; None also for texts that JSON must escape."""
    try:
        return bytes(_read(b'"%s"' % text))
    except (msgspec.MsgspecError, UnicodeError):
        return None


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """Yield texts of 0 to 399 octets: a third unchanged, half with one character replaced, the others longer or cut."""
    generator = random.Random(seed)
    for index in range(count):
        text = bytearray(b64encode(generator.randbytes(index % 400)))
        kind = generator.randrange(6)
        if kind < 3 and text:
            place = generator.randrange(len(text)) if kind else len(text) - 1 - generator.randrange(min(5, len(text)))
            text[place] = generator.choice(STRIKING) if generator.random() < 0.7 else generator.randrange(256)
        elif kind == 3:
            place = generator.randrange(len(text) + 1)
            text[place:place] = bytes(generator.choices(STRIKING[:1] + ALPHABET, k=generator.randrange(1, 5)))
            place = generator.randrange(len(text))
            del text[place : place + generator.randrange(5)]
        yield bytes(text)


def compare(count: int, seed: int) -> None:
    """Compare both functions with both other decoders; at least a third of the texts are accepted."""
    accepted = 0
    for text in mutated(count, seed):
        found = ours(text)
        assert found == standard(text), text
        if b'"' not in text and b"\\" not in text:
            assert found == of_message(text), text
        accepted += found is not None
    assert count / 3 < accepted < count
