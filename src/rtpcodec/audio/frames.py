"""Cutting of pieces of any size into frames of one size. The remainder is carried, not padded."""

from __future__ import annotations


class Framer:
    """Cuts octets into frames of one size.

    >>> framer = Framer(4)
    >>> framer.put(b"abcdef"), framer.pending_octets
    ([b'abcd'], 2)
    >>> framer.put(b"gh")
    [b'efgh']
    """

    __slots__ = ("_rest", "frame_octets")

    def __init__(self, frame_octets: int) -> None:
        if frame_octets < 1:
            raise ValueError(f"frame_octets is {frame_octets}, at least 1 is needed")
        self.frame_octets = frame_octets
        self._rest = b""

    def put(self, octets: bytes) -> list[bytes]:
        """Add octets, and return the frames that are complete."""
        size = self.frame_octets
        if not self._rest and len(octets) == size:
            return [octets]
        octets = self._rest + octets
        end = len(octets) - len(octets) % size
        self._rest = octets[end:]
        return [octets[start : start + size] for start in range(0, end, size)]

    @property
    def pending_octets(self) -> int:
        """The octets of the partial frame."""
        return len(self._rest)

    @property
    def missing_octets(self) -> int:
        """The octets that are missing in the partial frame; 0 if there is none."""
        return -len(self._rest) % self.frame_octets

    def reset(self) -> None:
        """Drop the partial frame."""
        self._rest = b""
