"""Marks on their way: each one ends as played or cleared, by echo, interruption, timeout or the stream's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rtpcodec.stream.events import Interrupted, InterruptionSettled, MarkCleared, MarkPlayed

MARK_TIMEOUT_MS: Final = 10_000.0
"""An echo takes a round trip; after this it will not come."""
ECHO_JITTER_MS: Final = 20.0
"""Echoes of marks that were played scatter by about a frame, because the far end plays in frames."""
_NEVER: Final = float("-inf")
_ALWAYS: Final = float("inf")

MarkEvent = MarkPlayed | MarkCleared | InterruptionSettled


@dataclass(slots=True)
class _SentMark:
    name: str
    position_ms: float  # audio sent before it
    end_ms: float  # when that audio should have been played
    cleared_before_ms: float = _NEVER  # an echo that comes before this moment was made by a clear


@dataclass(slots=True)
class _Interruption:
    found: Interrupted
    at_ms: float
    utterance_start_ms: float
    heard_ms: float
    played_at_least_ms: float
    round_trip_ms: float | None = None


def _reason(mark: _SentMark, otherwise: Literal["stop", "timeout"]) -> Literal["interrupt", "stop", "timeout"]:
    return "interrupt" if mark.cleared_before_ms == _ALWAYS else otherwise


class Marks:
    """The marks that were sent and have not come back, and what their echoes say about an interruption.

    Every method that can end a mark returns the events of that, in order.
    """

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
        """When the first of them times out."""
        return min(mark.end_ms for mark in self._sent) + MARK_TIMEOUT_MS if self._sent else None

    def sent(self, name: str, position_ms: float, end_ms: float) -> None:
        """Add a mark that went out behind this much audio, which should be played by end_ms."""
        self._sent.append(_SentMark(name, position_ms, end_ms))

    def echoed(self, name: str, now_ms: float) -> list[MarkEvent]:
        """End the mark that the carrier returned; no event for one that is not ours or has timed out."""
        mark = next((mark for mark in self._sent if mark.name == name), None)
        if mark is None:
            return []
        self._sent.remove(mark)
        if now_ms < mark.cleared_before_ms:
            if self._interruption is not None and self._interruption.round_trip_ms is None:
                self._interruption.round_trip_ms = now_ms - self._interruption.at_ms
            return [MarkCleared(name, "interrupt"), *self._settled()]
        self._lag_ms = max(0.0, now_ms - mark.end_ms)
        self._played_to_ms = max(self._played_to_ms, mark.position_ms)
        return [MarkPlayed(name), *self._settled()]

    def timed_out(self, now_ms: float) -> list[MarkEvent]:
        """End the marks whose echo will not come."""
        lost = [mark for mark in self._sent if now_ms >= mark.end_ms + MARK_TIMEOUT_MS]
        if not lost:
            return []
        self._sent = [mark for mark in self._sent if mark not in lost]
        return [*(MarkCleared(mark.name, _reason(mark, "timeout")) for mark in lost), *self._settled()]

    def interrupted(
        self, found: Interrupted, *, utterance_start_ms: float, heard_ms: float, now_ms: float
    ) -> list[MarkEvent]:
        """Note a clear: a mark whose audio should have been played is on its way, others come back cleared.

        The far end may be behind the estimate and clear some of the former, too. Then the echo comes sooner after its
        audio's estimated end than earlier ones did, because it did not wait for that audio.
        """
        for mark in self._sent:
            expected_ms = mark.end_ms + self._lag_ms - ECHO_JITTER_MS
            mark.cleared_before_ms = max(mark.cleared_before_ms, expected_ms if mark.end_ms <= now_ms else _ALWAYS)
            mark.end_ms = min(mark.end_ms, now_ms)
        before = self._interruption
        # Echoes from here on belong to the new interruption, so the earlier one keeps its estimate.
        superseded = [] if before is None else [InterruptionSettled(before.found, before.found.played_ms)]
        # Positions count on from heard_ms, so an echo that came early must not stand for audio of the next utterance.
        self._played_to_ms = min(self._played_to_ms, heard_ms)
        self._interruption = _Interruption(found, now_ms, utterance_start_ms, heard_ms, self._played_to_ms)
        return [*superseded, *self._settled()]

    def ended(self, reason: Literal["stop"]) -> list[MarkEvent]:
        """End all marks with the stream: no echo will come."""
        gone = [MarkCleared(mark.name, _reason(mark, reason)) for mark in self._sent]
        self._sent.clear()
        return [*gone, *self._settled()]

    def _settled(self) -> list[InterruptionSettled]:
        """The final value of an interruption, once all marks are back.

        An echo lags behind its estimate by the round trip and by what the far end buffers before it plays. A cleared
        mark comes back after the round trip alone. The difference is audio that the estimate took for heard.
        """
        interruption = self._interruption
        if interruption is None or self._sent:
            return []
        buffered_ms = 0.0
        if interruption.round_trip_ms is not None:
            buffered_ms = max(0.0, self._lag_ms - interruption.round_trip_ms)
        at_least_ms = max(interruption.played_at_least_ms, min(self._played_to_ms, interruption.heard_ms))
        heard_ms = max(at_least_ms, interruption.heard_ms - buffered_ms)
        self._interruption = None
        return [InterruptionSettled(interruption.found, max(0.0, heard_ms - interruption.utterance_start_ms))]
