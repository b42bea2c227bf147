"""Spans: map sent positions to the content of one reply, and compute how much of it was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.speaking._states import Span, SpansState

MAX_SPANS: Final = 64
"""Limit of spans per reply. Beyond it, the first ones were heard long ago."""


@dataclass(slots=True)
class CutPoint:
    """Where a clear cuts what was sent before it. Replaced in place once the final value is known."""

    position: int
    uncertainty_ms: float
    estimated: bool
    settled: bool = False
    least: int = 0
    """A position that was heard for certain. A resumed pause begins before it."""

    def replace(self, other: CutPoint) -> None:
        """Take the final values of another cut point."""
        self.position, self.uncertainty_ms = other.position, other.uncertainty_ms
        self.estimated, self.settled, self.least = other.estimated, True, other.least


class Spans(SpansState):
    """The sent pieces of one reply, in the order of sending. Positions are in samples."""

    __slots__ = ("_dropped_to",)

    def __init__(self, first_content: int) -> None:
        """Make empty spans; first_content: the content position at which the reply begins."""
        self.first_content = first_content
        self.sent_to = first_content
        """The content position up to which audio was sent."""
        self._spans: deque[Span] = NO_ITEMS
        self._dropped_to = first_content  # heard content of dropped spans

    def sent(self, position: int, content: int, samples: int) -> None:
        """Add audio that was sent.

        Args:
            position: its sent position.
            content: its content position.
            samples: how much.
        """
        self.sent_to = max(self.sent_to, content + samples)
        # 1. It continues the last span, unless a clear has limited that. 2. Otherwise it begins another one.
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
        """Limit all audio sent so far by a clear, unless an earlier clear limits it."""
        for span in self._spans:
            if span.cut is None:
                span.cut = cut

    @property
    def end(self) -> int | None:
        """The sent position behind the last audio; None: nothing was sent."""
        return self._spans[-1].start + self._spans[-1].samples if self._spans else None

    @property
    def last_cut(self) -> CutPoint | None:
        """The clear that limits the last audio; None: no clear was sent after it."""
        return self._spans[-1].cut if self._spans else None

    def heard_samples(self, position: int) -> int:
        """Return how much of the reply is heard when the far end is at this sent position."""
        return self.heard_to(position) - self.first_content

    def heard_to(self, position: int) -> int:
        """Return the content position up to which the reply is heard."""
        heard = self._dropped_to
        for span in self._spans:
            heard = max(heard, span.heard_to(position))
        return heard
