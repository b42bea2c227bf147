"""Limits how fast late audio is delivered."""

from __future__ import annotations

from math import inf
from typing import Final

SLACK_MS: Final = 20.0
"""A timer may be late by this much without delaying the whole stream."""


class CatchUpLimit:
    """Allows at most 1000 + max_burst_ms of audio per second, evenly spaced. No clock: time is an argument."""

    __slots__ = ("_share", "next_ms")

    def __init__(self, max_burst_ms: float | None) -> None:
        """Begin without audio. max_burst_ms: None: without limit."""
        self._share = 0.0 if max_burst_ms is None else 1000.0 / (1000.0 + max_burst_ms)
        self.next_ms = -inf
        """When the next audio may be delivered."""

    def handed_over(self, duration_ms: float, now_ms: float) -> None:
        """Record delivered audio."""
        if self._share:
            self.next_ms = max(self.next_ms, now_ms - SLACK_MS) + duration_ms * self._share
