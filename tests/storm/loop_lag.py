"""How long an event loop is held at a time, and how much of that its thread computed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

TICK_S: Final = 0.005
"""Between two looks at the clock: short beside the limit of 100 ms, and 200 timers per second cost nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The longest time in which a loop served no call."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    """The most CPU time that its thread took at a stretch. Much less than wall_ms: the machine gave it no core."""

    def longer(self, other: Turn) -> Turn:
        """Return the longer of both, in each of the two."""
        return Turn(max(self.wall_ms, other.wall_ms), max(self.cpu_ms, other.cpu_ms))


class LoopLag:
    """Look at the clock every TICK_S. Use it in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._longest = Turn()
        self._due_s = 0.0
        self._cpu_s = 0.0
        self._schedule()

    def take_longest(self) -> Turn:
        """Return the longest turn since the last call."""
        longest, self._longest = self._longest, Turn()
        return longest

    def _schedule(self) -> None:
        self._due_s = self._loop.time() + TICK_S
        self._cpu_s = time.thread_time()
        self._timer = self._loop.call_at(self._due_s, self._look)

    def _look(self) -> None:
        late_ms, cpu_ms = (self._loop.time() - self._due_s) * 1000, (time.thread_time() - self._cpu_s) * 1000
        if late_ms > self._longest.wall_ms or cpu_ms > self._longest.cpu_ms:
            self._longest = self._longest.longer(Turn(late_ms, cpu_ms))
        self._schedule()

    def stop(self) -> None:
        """End the looks."""
        self._timer.cancel()
