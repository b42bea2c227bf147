"""Bounded queue of audio from the event loop to the writer. If the disk is too slow, silence replaces audio."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

BUFFER_MS: Final = 30_000.0
"""Limit on queued audio per side of a recording. It counts in no other limit."""

Source = Literal["caller", "to_caller", "heard"]


@dataclass(slots=True)
class Piece:
    """Audio with its place in the recording."""

    source: Source
    """The inbound track, the outbound track, or what the caller heard of us."""
    at_ms: float
    """Its time on the recording's timeline."""
    pcm: bytes
    """Native int16; empty: silence."""
    samples: int
    sample_rate_hz: int
    run: int = 0
    """Only for heard audio: pieces of one run are joined without a seam."""
    of_reply: bool = False
    """Only for heard audio: False for the sound between replies."""

    @property
    def duration_ms(self) -> float:
        """How long it plays."""
        return self.samples * 1000 / self.sample_rate_hz


@dataclass(slots=True)
class Mask:
    """A private section: audio in it is not written."""

    from_ms: float
    to_ms: float


class PieceQueue:
    """The pieces of one recording. The event loop puts, the writer's thread takes."""

    __slots__ = ("_put_ms", "_taken_ms", "_waiting", "overruns")

    def __init__(self) -> None:
        self._waiting: deque[Piece | Mask] = deque()
        # Each of these is written by one thread only, so no lock is needed.
        self._put_ms: dict[Source, float] = {"caller": 0.0, "to_caller": 0.0, "heard": 0.0}
        self._taken_ms: dict[Source, float] = dict(self._put_ms)
        self.overruns: list[tuple[float, float]] = []
        """Begin and end of each span of audio that was dropped because the disk was too slow."""

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def waiting_ms(self, source: Source) -> float:
        """Return how much audio of a source waits."""
        return self._put_ms[source] - self._taken_ms[source]

    def put(self, piece: Piece) -> None:
        """Add a piece. If BUFFER_MS of its source already wait, its audio is dropped."""
        if self.waiting_ms(piece.source) < BUFFER_MS:
            self._put_ms[piece.source] += piece.duration_ms
            self._waiting.append(piece)
            return
        self._overrun(piece)
        if piece.source == "heard":
            # A silent piece keeps the places of later pieces.
            last = self._waiting[-1] if self._waiting else None
            if isinstance(last, Piece) and not last.pcm and (last.run, last.of_reply) == (piece.run, piece.of_reply):
                last.samples += piece.samples
            else:
                piece.pcm = b""
                self._waiting.append(piece)

    def mask(self, mask: Mask) -> None:
        """Add a private section, for all later pieces. Its end may be set later."""
        self._waiting.append(mask)

    def take(self) -> Piece | Mask | None:
        """Remove and return the oldest piece; None: none waits."""
        if not self._waiting:
            return None
        piece = self._waiting.popleft()
        if isinstance(piece, Piece) and piece.pcm:
            self._taken_ms[piece.source] += piece.duration_ms
        return piece

    def _overrun(self, piece: Piece) -> None:
        begin_ms, end_ms = piece.at_ms, piece.at_ms + piece.duration_ms
        if self.overruns and begin_ms <= self.overruns[-1][1] + 1000.0:
            self.overruns[-1] = (min(begin_ms, self.overruns[-1][0]), max(end_ms, self.overruns[-1][1]))
        else:
            self.overruns.append((begin_ms, end_ms))
