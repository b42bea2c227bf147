"""Marks on their way: each one ends as played or cleared, by echo, interruption, timeout or the stream's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rtpcodec.stream.events import Interrupted, MarkCleared, MarkPlayed

MARK_TIMEOUT_MS: Final = 10_000.0
"""An echo takes a round trip; after this it will not come."""


@dataclass(slots=True)
class _SentMark:
    name: str
    position_ms: float  # audio sent before it
    end_ms: float  # when that audio should have been played
    cleared: bool = False  # a clear was sent while its audio was not played yet


@dataclass(slots=True)
class _Interruption:
    found: Interrupted
    at_ms: float
    utterance_start_ms: float
    heard_ms: float
    played_at_least_ms: float
    round_trip_ms: float | None = None


class Marks:
    """The marks that were sent and have not come back, and what their echoes say about an interruption."""

    __slots__ = ("_interruption", "_lag_ms", "_played_to_ms", "_sent")

    def __init__(self) -> None:
        self._sent: list[_SentMark] = []
        self._lag_ms = 0.0
        self._played_to_ms = 0.0
        self._interruption: _Interruption | None = None

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def next_deadline_ms(self) -> float | None:
        """When the first of them is given up."""
        return min(mark.end_ms for mark in self._sent) + MARK_TIMEOUT_MS if self._sent else None

    def sent(self, name: str, position_ms: float, end_ms: float) -> None:
        """A mark went out behind so much audio, which should be played by end_ms."""
        self._sent.append(_SentMark(name, position_ms, end_ms))

    def echoed(self, name: str, now_ms: float) -> MarkPlayed | MarkCleared | None:
        """The carrier returned a mark; None for one that is not ours, or was given up."""
        mark = next((mark for mark in self._sent if mark.name == name), None)
        if mark is None:
            return None
        self._sent.remove(mark)
        if mark.cleared:
            if self._interruption is not None and self._interruption.round_trip_ms is None:
                self._interruption.round_trip_ms = now_ms - self._interruption.at_ms
            self._settle()
            return MarkCleared(name, "interrupt")
        self._lag_ms = max(0.0, now_ms - mark.end_ms)
        self._played_to_ms = max(self._played_to_ms, mark.position_ms)
        self._settle()
        return MarkPlayed(name)

    def timed_out(self, now_ms: float) -> list[MarkCleared]:
        """The marks whose echo will not come."""
        lost = [mark for mark in self._sent if now_ms >= mark.end_ms + MARK_TIMEOUT_MS]
        if lost:
            self._sent = [mark for mark in self._sent if mark not in lost]
            self._settle()
        return [MarkCleared(mark.name, "interrupt" if mark.cleared else "timeout") for mark in lost]

    def interrupted(self, found: Interrupted, *, utterance_start_ms: float, heard_ms: float, now_ms: float) -> None:
        """A clear went out: a mark whose audio should have been played is on its way, others come back cleared."""
        for mark in self._sent:
            mark.cleared = mark.cleared or mark.end_ms > now_ms
            mark.end_ms = min(mark.end_ms, now_ms)
            mark.position_ms = min(mark.position_ms, heard_ms)
        if self._interruption is not None:
            self._interruption.found.final_ms = self._interruption.found.played_ms
        # Positions count on from heard_ms, so an echo that came early must not stand for audio of the next utterance.
        self._played_to_ms = min(self._played_to_ms, heard_ms)
        self._interruption = _Interruption(found, now_ms, utterance_start_ms, heard_ms, self._played_to_ms)
        self._settle()

    def ended(self, reason: Literal["stop"]) -> list[MarkCleared]:
        """The stream is over: no echo will come."""
        gone = [MarkCleared(mark.name, "interrupt" if mark.cleared else reason) for mark in self._sent]
        self._sent.clear()
        self._settle()
        return gone

    def _settle(self) -> None:
        """Once all marks are back, say what was heard.

        An echo lags behind its estimate by the round trip and by what the far end buffers before it plays. A cleared
        mark comes back after the round trip alone. The difference is audio that the estimate took for heard.
        """
        interruption = self._interruption
        if interruption is None or self._sent:
            return
        buffered_ms = 0.0
        if interruption.round_trip_ms is not None:
            buffered_ms = max(0.0, self._lag_ms - interruption.round_trip_ms)
        at_least_ms = max(interruption.played_at_least_ms, min(self._played_to_ms, interruption.heard_ms))
        heard_ms = max(at_least_ms, interruption.heard_ms - buffered_ms)
        interruption.found.final_ms = max(0.0, heard_ms - interruption.utterance_start_ms)
        self._interruption = None
