"""Spans: which sent positions carry which content of one reply, and how much of it was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.speaking._states import Span, SpansState

MAX_SPANS: Final = 64
"""Spans of a reply that are kept. The first ones of a reply with more were heard long ago."""


@dataclass(slots=True)
class CutPoint:
    """Where a clear cuts what was sent before it. Replaced in place once the final value is known."""

    position: int
    uncertainty_ms: float
    estimated: bool
    settled: bool = False
    least: int = 0
    """A resumed pause begins before this position: less than it was not heard."""

    def replace(self, other: CutPoint) -> None:
        """Take the values of another one, which are final."""
        self.position, self.uncertainty_ms = other.position, other.uncertainty_ms
        self.estimated, self.settled, self.least = other.estimated, True, other.least


class Spans(SpansState):
    """The sent pieces of one reply, in the order of sending. Positions are in samples."""

    __slots__ = ("_dropped_to",)

    def __init__(self, first_content: int) -> None:
        """Make it empty; first_content: the content position at which the reply begins."""
        self.first_content = first_content
        self.sent_to = first_content
        """The highest content position that was sent."""
        self._spans: deque[Span] = NO_ITEMS
        self._dropped_to = first_content  # heard content of spans that are not kept

    def sent(self, position: int, content: int, samples: int) -> None:
        """Add audio that was sent.

        position: its sent position.
        content: its content position.
        samples: how much.
        """
        self.sent_to = max(self.sent_to, content + samples)
        if self._spans:
            last = self._spans[-1]
            if last.cut is None and last.start + last.samples == position and last.content + last.samples == content:
                last.samples += samples
                return
            if len(self._spans) >= MAX_SPANS:
                first = self._spans.popleft()
                self._dropped_to = max(self._dropped_to, first.heard_to(position))
        elif self._spans is NO_ITEMS:
            self._spans = deque()
        self._spans.append(Span(position, content, samples))

    def cut(self, cut: CutPoint) -> None:
        """Limit all audio sent so far, unless an earlier clear has limited it."""
        for span in self._spans:
            if span.cut is None:
                span.cut = cut

    @property
    def end(self) -> int | None:
        """The sent position behind the last audio; None: nothing was sent."""
        return self._spans[-1].start + self._spans[-1].samples if self._spans else None

    @property
    def last_cut(self) -> CutPoint | None:
        """The clear that limits the last audio; None: no clear was sent since."""
        return self._spans[-1].cut if self._spans else None

    def heard_samples(self, position: int) -> int:
        """Return how much content was heard when the far end is at this sent position."""
        return self.heard_to(position) - self.first_content

    def heard_to(self, position: int) -> int:
        """Return the content position up to which it was heard."""
        heard = self._dropped_to
        for span in self._spans:
            heard = max(heard, span.heard_to(position))
        return heard
