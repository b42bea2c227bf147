"""The app's marks: when each of them returns, by the habits of the carrier."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

from rtpcodec.carriers.telnyx.errors import RATE_LIMIT_REACHED, UNKNOWN_ERROR
from rtpcodec.sim.media.playout import MAX_PENDING_MARKS, Playout
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.media.variations import MarkHabits

LIMIT_WINDOW_MS: Final = 1000.0
"""Window of `max_per_s`."""


class MarkEchoes:
    """Marks of one stream, placed in its play-out."""

    __slots__ = ("_count", "_habits", "_playout", "_received", "_recent_ms", "_rng", "lost")

    def __init__(self, habits: MarkHabits, playout: Playout, seed: str) -> None:
        self._habits = habits
        self._playout = playout
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(f"{seed}/marks")  # noqa: S311
        self._count = 0
        self._received: deque[tuple[float, str]] = deque()  # marks that do not wait for their audio
        self._recent_ms: deque[float] = deque(maxlen=habits.max_per_s)  # arrival of the last marks within the limit
        self.lost = 0
        """Marks that never return, apart from refused ones."""

    def place(self, name: str, now_ms: float) -> None:
        """Place a mark of the app.

        Raises:
            RefusedMessage: it is answered with an error.
        """
        habits = self._habits
        self._count += 1
        if self._count in habits.refused or self._is_too_frequent(now_ms):
            raise RefusedMessage(RATE_LIMIT_REACHED, f"mark {self._count} of the stream is one too many")
        # Each mark draws, so that the loss of mark n does not depend on the others.
        lost = self._rng.random() < habits.lost
        if lost or habits.echo == "never":
            self.lost += 1
        elif not (self._echo_soon(name, now_ms) if habits.echo == "received" else self._playout.mark(name, now_ms)):
            raise RefusedMessage(UNKNOWN_ERROR, "too many marks wait")

    def _is_too_frequent(self, now_ms: float) -> bool:
        limit = self._habits.max_per_s
        if limit is None:
            return False
        if len(self._recent_ms) == limit and now_ms - self._recent_ms[0] < LIMIT_WINDOW_MS:
            return True
        self._recent_ms.append(now_ms)
        return False

    def _echo_soon(self, name: str, now_ms: float) -> bool:
        """Return a mark without its audio later. Returns False if too many already wait."""
        if len(self._received) >= MAX_PENDING_MARKS:
            return False
        self._received.append((now_ms, name))
        return True

    @property
    def next_ms(self) -> float | None:
        """When the next mark returns; None: no mark waits."""
        # A carrier has one of the two habits, so at most one of the two queues holds marks.
        due_ms = self._received[0][0] if self._received else self._playout.next_mark_ms
        return None if due_ms is None else due_ms + self._habits.late_ms

    def pop(self) -> str:
        """Take the next mark, which is due, and return its name."""
        return self._received.popleft()[1] if self._received else self._playout.pop_mark()
