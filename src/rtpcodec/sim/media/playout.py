"""The play-out: a buffer that an absolute clock plays to the caller, with marks between the audio."""

from __future__ import annotations

from collections import deque
from sys import getsizeof
from typing import Final

MAX_QUEUED_MS: Final = 600_000.0
"""Limit of queued audio: ten minutes. An app that queues more does not stop by itself."""
MAX_PENDING_MARKS: Final = 10_000
"""Marks that wait for their audio: more than one for each 100 ms of the fullest buffer."""

MAX_MARK_OCTETS: Final = 8 * 1024 * 1024
"""Limit of the memory of their names: each may be as long as a message allows."""

_CLOCK_SLACK_SAMPLES: Final = 1e-6
"""Tolerance for the conversion of ms to samples and back."""


class Playout:
    """A timeline from start_ms on: audio is played behind what is queued, or delay_ms after it came. Gaps are silence.

    The clock is absolute: nothing that comes late moves what was played before.

    Args:
        clock_ppm: how much faster than now_ms the clock runs.
        kept_ms: how much of the past is kept; None: all of it. `heard` is empty otherwise.
    """

    __slots__ = (
        "_base",
        "_cleared",
        "_clock_hz",
        "_delay_samples",
        "_end",
        "_kept_samples",
        "_mark_octets",
        "_marks",
        "_start_ms",
        "_timeline",
        "dry_count",
        "dry_ms",
        "sample_rate_hz",
    )

    def __init__(
        self,
        sample_rate_hz: int,
        start_ms: float,
        delay_ms: float = 0.0,
        *,
        clock_ppm: float = 0.0,
        kept_ms: float | None = None,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._clock_hz = sample_rate_hz * (1 + clock_ppm * 1e-6)
        self._delay_samples = round(delay_ms * sample_rate_hz / 1000)
        self._kept_samples = None if kept_ms is None else round(kept_ms * sample_rate_hz / 1000)
        self._start_ms = start_ms
        self._timeline = bytearray()
        self._base = 0  # the position of the timeline's first sample
        self._end = 0  # the position behind the last queued sample
        self._marks: deque[tuple[int, str]] = deque()  # in the order of their positions
        self._mark_octets = 0
        self._cleared = True  # the silence before the first audio is not a gap either
        self.dry_count = 0
        """How often audio arrived at an empty play-out: after an underrun, or after a pause between two answers."""
        self.dry_ms = 0.0
        """How long it was silent before. Neither counts the time before the first audio or after a clear."""

    @property
    def end(self) -> int:
        """The position after the last queued sample."""
        return self._end

    def play(self, pcm: bytes, now_ms: float) -> bool:
        """Queue audio. Returns False if the buffer is full; nothing was queued then."""
        if not pcm:
            return True
        now, end = self.position(now_ms), self._end
        # 1. Is the buffer full?
        if (max(end - now, 0) + len(pcm) // 2) * 1000 > MAX_QUEUED_MS * self.sample_rate_hz:
            return False
        self._drop_past(now)
        # 2. Underrun: the time since the last audio becomes silence, and counts as dry unless a clear came before.
        if now > end:
            if not self._cleared:
                self.dry_count += 1
                self.dry_ms += (now - end) * 1000 / self.sample_rate_hz
            self._timeline += bytes(2 * (now - max(end, self._base)))
        # 3. Audio that arrives at an empty buffer waits for the delay.
        if now >= end:
            self._timeline += bytes(2 * self._delay_samples)
        # 4. The audio follows all that is queued.
        self._cleared = False
        self._timeline += pcm
        self._end = self._base + len(self._timeline) // 2
        return True

    def _drop_past(self, now: int) -> None:
        if self._kept_samples is not None and now - self._kept_samples > self._base:
            base = now - self._kept_samples
            del self._timeline[: 2 * (base - self._base)]
            self._base = base

    def mark(self, name: str, now_ms: float) -> bool:
        """Place a mark after all audio so far. Returns False if too many already wait."""
        octets = getsizeof(name)
        if len(self._marks) >= MAX_PENDING_MARKS or self._mark_octets + octets > MAX_MARK_OCTETS:
            return False
        self._mark_octets += octets
        self._marks.append((max(self._end, self.position(now_ms)), name))
        return True

    def clear(self, now_ms: float, after_ms: float = 0.0) -> int:
        """Drop the audio that is not played yet, and make all marks due; how many of them are early by that.

        Args:
            after_ms: audio that is played within this time from now still is; the marks are due then at the latest.
        """
        cut = self.position(now_ms + after_ms)
        # 1. Audio behind the cut is not played.
        if self._end > cut:
            del self._timeline[2 * (cut - self._base) :]
            self._end = cut
        self._cleared = True
        # 2. Marks behind the cut are due at the cut. Those that an earlier clear has moved are before it, so repeated
        # clears do not visit them again.
        names: list[str] = []
        while self._marks and self._marks[-1][0] > cut:
            names.append(self._marks.pop()[1])
        self._marks.extend((cut, name) for name in reversed(names))
        return len(names)

    def drop_marks(self, now_ms: float) -> int:
        """Drop the marks that are not due yet, and return their number."""
        now = self.position(now_ms)
        dropped = 0
        while self._marks and self._marks[-1][0] > now:
            self._mark_octets -= getsizeof(self._marks.pop()[1])
            dropped += 1
        return dropped

    @property
    def next_mark_ms(self) -> float | None:
        """When the audio before the first mark ends."""
        return self._start_ms + self._marks[0][0] * 1000 / self._clock_hz if self._marks else None

    def pop_mark(self) -> str:
        """Take the first mark, which is due, and return its name."""
        name = self._marks.popleft()[1]
        self._mark_octets -= getsizeof(name)
        return name

    def queued_ms(self, now_ms: float) -> float:
        """Audio that is not played yet."""
        return max(0, self._end - self.position(now_ms)) * 1000 / self.sample_rate_hz

    def heard(self, now_ms: float) -> bytes:
        """Return all audio from start_ms until now, with silence while nothing was played; empty if kept_ms is set."""
        if self._kept_samples is not None:
            return b""
        octets = 2 * self.position(now_ms)
        return bytes(self._timeline[:octets]).ljust(octets, b"\0")

    def window(self, first_sample: int, samples: int) -> bytes:
        """Return a past piece of the timeline; silence before its begin and where it is not kept."""
        first = max(first_sample, self._base)
        end = max(first_sample + samples, first)
        piece = bytes(self._timeline[2 * (first - self._base) : 2 * (end - self._base)])
        return bytes(2 * (first - first_sample)) + piece.ljust(2 * (end - first), b"\0")

    def position(self, now_ms: float) -> int:
        """Return how many samples were played, silence included."""
        return max(0, int((now_ms - self._start_ms) * self._clock_hz / 1000 + _CLOCK_SLACK_SAMPLES))
