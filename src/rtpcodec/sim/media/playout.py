"""What the caller hears: a buffer that an absolute clock plays, with marks between the audio."""

from __future__ import annotations

from collections import deque
from typing import Final

MAX_QUEUED_MS: Final = 600_000.0
"""Audio that waits to be heard. Nobody listens to ten minutes without a break; more is an app that never stops."""
MAX_PENDING_MARKS: Final = 10_000
"""Marks that wait for their audio: more than one for each 100 ms of the fullest buffer."""

_CLOCK_SLACK_SAMPLES: Final = 1e-6
"""Milliseconds to samples and back is not exact in floating point."""


class Playout:
    """A timeline from start_ms on: audio is played behind what is queued, or delay_ms after it came. Gaps are silence.

    The clock is absolute: nothing that comes late moves what was played before.
    """

    __slots__ = (
        "_cleared",
        "_delay_samples",
        "_marks",
        "_start_ms",
        "_timeline",
        "dry_count",
        "dry_ms",
        "sample_rate_hz",
    )

    def __init__(self, sample_rate_hz: int, start_ms: float, delay_ms: float = 0.0) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._delay_samples = round(delay_ms * sample_rate_hz / 1000)
        self._start_ms = start_ms
        self._timeline = bytearray()
        self._marks: deque[tuple[int, str]] = deque()
        self._cleared = True  # nothing played yet is no gap either
        self.dry_count = 0
        """How often audio came when all before it had been played: an underrun, or the pause between two answers."""
        self.dry_ms = 0.0
        """How long it was silent before. Neither counts the time before the first audio or behind a clear."""

    def play(self, pcm: bytes, now_ms: float) -> bool:
        """Queue audio; False: the buffer is full, and nothing of it was queued."""
        if not pcm:
            return True
        now, end = self._position(now_ms), len(self._timeline) // 2
        if (max(end - now, 0) + len(pcm) // 2) * 1000 > MAX_QUEUED_MS * self.sample_rate_hz:
            return False
        if now > end:
            if not self._cleared:
                self.dry_count += 1
                self.dry_ms += (now - end) * 1000 / self.sample_rate_hz
            self._timeline += bytes(2 * (now - end))
        if now >= end:
            self._timeline += bytes(2 * self._delay_samples)
        self._cleared = False
        self._timeline += pcm
        return True

    def mark(self, name: str, now_ms: float) -> bool:
        """Place a mark behind all audio so far; False: too many wait already."""
        if len(self._marks) >= MAX_PENDING_MARKS:
            return False
        self._marks.append((max(len(self._timeline) // 2, self._position(now_ms)), name))
        return True

    def clear(self, now_ms: float) -> int:
        """Forget what was not played; all marks are due now. How many of them came too early by that."""
        now = self._position(now_ms)
        if len(self._timeline) > 2 * now:
            del self._timeline[2 * now :]
        self._cleared = True
        early = sum(position > now for position, _ in self._marks)
        self._marks = deque((min(position, now), name) for position, name in self._marks)
        return early

    @property
    def next_mark_ms(self) -> float | None:
        """When the audio before the first mark ends."""
        return self._start_ms + self._marks[0][0] * 1000 / self.sample_rate_hz if self._marks else None

    def pop_mark(self) -> str:
        """The name of the first mark, which is due."""
        return self._marks.popleft()[1]

    def queued_ms(self, now_ms: float) -> float:
        """Audio that was not played yet."""
        return max(0, len(self._timeline) // 2 - self._position(now_ms)) * 1000 / self.sample_rate_hz

    def heard(self, now_ms: float) -> bytes:
        """Everything from start_ms until now, with silence wherever nothing was played."""
        octets = 2 * self._position(now_ms)
        return bytes(self._timeline[:octets]).ljust(octets, b"\0")

    def window(self, first_sample: int, samples: int) -> bytes:
        """A piece of the timeline, which must be in the past."""
        return bytes(self._timeline[2 * first_sample : 2 * (first_sample + samples)]).ljust(2 * samples, b"\0")

    def _position(self, now_ms: float) -> int:
        """How many samples the clock has played or kept silent."""
        return max(0, int((now_ms - self._start_ms) * self.sample_rate_hz / 1000 + _CLOCK_SLACK_SAMPLES))
