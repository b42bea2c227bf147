"""Texts of media messages of 20 ms of PCMU: with the documented order of members, with others, and of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations, product
from typing import Final

PAYLOAD: Final = "f" * 216
OUTER: Final = ("event", "sequence_number", "media", "stream_id")
INNER: Final = ("track", "chunk", "timestamp", "payload")


def text_of(outer: tuple[str, ...] = OUTER, inner: tuple[str, ...] = INNER) -> str:
    """Return the message with its members in this order."""
    body = {"track": '"inbound"', "chunk": '"4709"', "timestamp": '"94180"', "payload": f'"{PAYLOAD}"'}
    members = {
        "event": '"media"',
        "sequence_number": '"4711"',
        "media": "{" + ",".join(f'"{name}":{body[name]}' for name in inner) + "}",
        "stream_id": '"8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"',
    }
    return "{" + ",".join(f'"{name}":{members[name]}' for name in outer) + "}"


def other_orders(count: int) -> Iterator[str]:
    """Return different orders of the members, without the documented one and its reverse."""
    orders = product(permutations(OUTER), permutations(INNER))
    return (text_of(*order) for order in islice(orders, 1, count + 1))


def media_text(index: int) -> str:
    """Return the media message of a stream at an index, from 0."""
    return (
        f'{{"event":"media","sequence_number":"{index + 2}","media":{{"track":"inbound","chunk":"{index + 1}",'
        f'"timestamp":"{20 * index}","payload":"{PAYLOAD[:213]}w=="}},'
        '"stream_id":"8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"}'
    )


START: Final = (
    '{"event":"start","sequence_number":"1",'
    '"start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
)
DOCUMENTED: Final = text_of()
REORDERED: Final = text_of(OUTER[::-1], INNER[::-1])
