"""Counters that wrap: sequence numbers of 16 bits and timestamps of 32 (RFC 3550 section 5.1)."""

from __future__ import annotations

__all__ = ["Unwrapper", "sequence_distance", "timestamp_distance"]

SEQUENCE_BITS = 16
TIMESTAMP_BITS = 32


def sequence_distance(earlier: int, later: int) -> int:
    """Return how far `later` is ahead of `earlier`, -32768 to 32767; negative: it is the earlier one.

    >>> sequence_distance(65535, 2), sequence_distance(2, 65535)
    (3, -3)
    """
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


def timestamp_distance(earlier: int, later: int) -> int:
    """Return how far a timestamp is ahead of another one in ticks, -2^31 to 2^31 - 1.

    >>> timestamp_distance(0xFFFFFF60, 0)
    160
    """
    return ((later - earlier + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


class Unwrapper:
    """Extends a counter of `bits` bits that wraps: each number is read as the nearest one to the number before it.

    The first number is unchanged. A number that is late right after the start can become negative.

    >>> sequence = Unwrapper(SEQUENCE_BITS)
    >>> [sequence.unwrap(number) for number in (65534, 65535, 1, 0, 2)]
    [65534, 65535, 65537, 65536, 65538]
    """

    __slots__ = ("_half", "_last", "_mask")

    def __init__(self, bits: int = SEQUENCE_BITS) -> None:
        self._mask = (1 << bits) - 1
        self._half = 1 << bits - 1
        self._last: int | None = None

    def unwrap(self, number: int) -> int:
        """Return a number without wraps and compare the next one with it. ValueError: it does not fit the counter."""
        self._last = self.peek(number)
        return self._last

    def peek(self, number: int) -> int:
        """Return a number without wraps, but leave the state unchanged. ValueError: it does not fit the counter."""
        if not 0 <= number <= self._mask:
            raise ValueError(f"number is {number}, 0 to {self._mask} are allowed")
        if self._last is None:
            return number
        return self._last + ((number - self._last + self._half) & self._mask) - self._half

    def reset(self) -> None:
        """Clear the history: the next number is unchanged."""
        self._last = None
