"""Audio that waits to be sent, as it was played: pieces of PCM and of payloads in one order."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from rtpcodec.stream.items import Kind
from rtpcodec.stream.no_items import NO_ITEMS

SMALL_OCTETS: Final = 320
"""Shorter pieces are collected: a queue of single samples would need a hundred times the memory of its audio."""
COLLECTED_OCTETS: Final = 32_768
"""A collection of small pieces ends at this length, so that what was sent of it is freed."""


QueuedPiece = tuple[Kind, bytes | bytearray, Any]
"""Kind, octets, and what belongs to the kind: of an ITEM its samples, of PCM and TAIL the stream of their rate."""


class SendQueue:
    """First-in, first-out queue of pieces. Use from one thread at a time."""

    __slots__ = ("_offset", "_pieces")

    def __init__(self) -> None:
        self._pieces: deque[QueuedPiece] = NO_ITEMS
        self._offset = 0  # octets of the first piece that are gone

    def put(self, kind: Kind, octets: bytes, extra: Any = None) -> None:
        """Append a piece; extra: see QueuedPiece."""
        if self._pieces is NO_ITEMS:
            self._pieces = deque()
        if len(octets) >= SMALL_OCTETS or kind is Kind.ITEM or kind is Kind.TAIL:
            self._pieces.append((kind, octets, extra))
            return
        last = self._pieces[-1] if self._pieces else None
        if (
            last is not None
            and last[0] is kind
            and last[2] is extra
            and type(last[1]) is bytearray
            and len(last[1]) < COLLECTED_OCTETS
        ):
            last[1].extend(octets)
        else:
            self._pieces.append((kind, bytearray(octets), extra))

    @property
    def first(self) -> Kind | None:
        """The kind of the first piece; None: the queue is empty."""
        return self._pieces[0][0] if self._pieces else None

    @property
    def first_extra(self) -> Any:
        """What belongs to the first piece: see QueuedPiece."""
        return self._pieces[0][2]

    @property
    def first_octets(self) -> int:
        """How many octets of the first piece wait."""
        return len(self._pieces[0][1]) - self._offset

    def take(self, octets: int) -> bytes:
        """Remove and return at most so many octets of the first piece; the piece goes with its last octet."""
        held = self._pieces[0][1]
        start = self._offset
        end = start + octets
        if end < len(held):
            self._offset = end
            return bytes(held[start:end])
        self._pieces.popleft()
        if start == 0 and type(held) is bytes:
            return held
        self._offset = 0
        return bytes(held[start:])

    def clear(self) -> None:
        """Drop all pieces."""
        self._pieces.clear()
        self._offset = 0
