"""How late a chunk may be before silence takes its place."""

from __future__ import annotations

from typing import Final

from rtpcodec.server.readers.frames import FRAME_MS
from rtpcodec.stream.events import Audio

MIN_DELAY_MS: Final = FRAME_MS
"""One frame, so that each second has 50 frames, plus or minus one."""
MAX_DELAY_MS: Final = 100.0
"""A chunk waits at most this long for a lost one before it; a longer delay is a stall."""
MARGIN_MS: Final = 10.0
"""Added to the observed lateness."""
DECAY: Final = 1 / 500
"""Decrease per chunk of the part above the minimum: after some 10 s without jitter the minimum is reached."""
ROUNDING_MS: Final = 1.0
"""Smaller gaps come from rounding."""


class FillDelay:
    """The delay before silence fills a gap; adapts to jitter. No clock: time is an argument."""

    __slots__ = ("_chunk", "ms")

    def __init__(self) -> None:
        self._chunk: int | None = None
        self.ms = MIN_DELAY_MS
        """How late a chunk may be."""

    def learn(self, audio: Audio, since_ms: float, gap_ms: float) -> None:
        """Take a chunk.

        Args:
            audio: the chunk.
            since_ms: the time since the audio before it ended.
            gap_ms: how much media time lies between the two. A pause explains as much lateness. Lost chunks do not:
                those behind them have waited for them.
        """
        before, self._chunk = self._chunk, audio.chunk
        is_pause = gap_ms >= ROUNDING_MS and before is not None and audio.chunk == before + 1
        late_ms = since_ms - FRAME_MS - (gap_ms if is_pause else 0.0)
        if MARGIN_MS < late_ms <= MAX_DELAY_MS:
            self.ms = min(max(self.ms, late_ms + MARGIN_MS), MAX_DELAY_MS)
        self.ms -= (self.ms - MIN_DELAY_MS) * DECAY
