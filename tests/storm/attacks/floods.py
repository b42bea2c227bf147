"""Frames at full speed on one socket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from tests.storm.attack import Attack
from tests.storm.peer import CONTINUATION, PING, PONG, TEXT, Target, frame

BLOCK_FRAMES: Final = 10_000
"""Frames that are handed to the socket at once."""
MEDIA_FRAMES: Final = 20_000
"""Media messages of rising number; after them the numbers begin again."""
FRAGMENTS: Final = 1000
"""Of one message: the endpoint allows 1024."""


def _flood(target: Target, blocks: list[bytes], path: str = "/") -> Iterator[None]:
    opened = target.call(path)
    for block in itertools.cycle(blocks):
        target.push(opened, block)
        target.counts["blocks"] += 1
        yield


def pings(target: Target) -> Iterator[None]:
    return _flood(target, [frame(PING) * BLOCK_FRAMES])


def full_pings(target: Target) -> Iterator[None]:
    return _flood(target, [frame(PING, bytes(125)) * BLOCK_FRAMES])


def pongs(target: Target) -> Iterator[None]:
    return _flood(target, [frame(PONG) * BLOCK_FRAMES])


def tiny_media(target: Target) -> Iterator[None]:
    texts = (
        b'{"event":"media","media":{"chunk":"%d","payload":"/w=="}}' % number for number in range(1, MEDIA_FRAMES + 1)
    )
    frames = [frame(TEXT, text) for text in texts]
    blocks = [b"".join(frames[at : at + 1000]) for at in range(0, len(frames), 1000)]
    return _flood(target, blocks)


def fragments(target: Target) -> Iterator[None]:
    message = (
        frame(TEXT, b"{", fin=False)
        + frame(CONTINUATION, b"", fin=False) * (FRAGMENTS - 2)
        + frame(CONTINUATION, b'"event":"x"}')
    )
    return _flood(target, [message * (BLOCK_FRAMES // FRAGMENTS)])


def endless_fragments(target: Target) -> Iterator[None]:
    """Send a message whose empty fragments never end."""
    opened = target.call()
    target.push(opened, frame(TEXT, b"{", fin=False))
    block = frame(CONTINUATION, b"", fin=False) * BLOCK_FRAMES
    while True:
        target.push(opened, block)
        yield


def empty_texts(target: Target) -> Iterator[None]:
    return _flood(target, [frame(TEXT) * BLOCK_FRAMES])


ATTACKS: Final = (
    Attack(name="pings", does="Empty pings at full speed.", steps=pings),
    Attack(name="full_pings", does="Pings of 125 octets at full speed.", steps=full_pings),
    Attack(name="pongs", does="Empty pongs at full speed.", steps=pongs),
    Attack(name="tiny_media", does="Media of one sample at full speed.", steps=tiny_media),
    Attack(name="fragments", does="Messages of 1,000 fragments, nearly all empty, at full speed.", steps=fragments),
    Attack(name="endless_fragments", does="One message whose empty fragments never end.", steps=endless_fragments),
    Attack(name="empty_texts", does="Empty text messages at full speed.", steps=empty_texts),
)
