"""CoveredSpans: where a track has audio, so that its gaps can be filled from another source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

MAX_SPANS: Final = 1000
"""With a loss in each 20th chunk, these are the last 400 s of a track."""


class CoveredSpans:
    """The spans of one track; usually the last one grows."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, begin: int, end: int) -> None:
        """Add a span of samples."""
        if self._spans and self._spans[-1][0] <= begin <= self._spans[-1][1]:
            begin, end = self._spans[-1][0], max(end, self._spans[-1][1])
            del self._spans[-1]
        self._spans.append((begin, end))
        del self._spans[:-MAX_SPANS]

    def gaps(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of a span that are not covered."""
        for first, last in sorted(self._spans):
            if begin < first and begin < end:
                yield begin, min(first, end)
            begin = max(begin, last)
        if begin < end:
            yield begin, end
