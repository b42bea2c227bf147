"""The carrier's play-out in plain Python (docs/carrier.md): which audio is heard, and when.

It plays its buffer without a break, echoes a mark when the audio before it has ended, and on `clear` drops the buffer
and echoes the outstanding marks.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field


@dataclass
class Frame:
    """One chunk and its play-out time."""

    octets: bytes
    start_ms: float
    end_ms: float


@dataclass
class FarEnd:
    """Receives texts at their times of arrival."""

    octets_per_ms: float = 8.0
    hold_ms: float = 0.0
    """How long it buffers audio before it starts to play."""
    frames: list[Frame] = field(default_factory=list)
    breaks_ms: list[float] = field(default_factory=list)
    """Durations without audio to play, each between two frames."""
    most_ahead_ms: float = 0.0
    clears: int = 0
    waiting: list[tuple[str, float]] = field(default_factory=list)
    echoes: list[tuple[str, float]] = field(default_factory=list)
    """Names of marks with the times of their echoes."""
    end_ms: float = float("-inf")

    def take(self, texts: list[str], now_ms: float) -> None:
        """Receive texts."""
        self.advance(now_ms)
        for text in texts:
            message = json.loads(text)
            match message["event"]:
                case "media":
                    self._queue(b64decode(message["media"]["payload"], validate=True), now_ms)
                case "mark":
                    self.waiting.append((message["mark"]["name"], max(self.end_ms, now_ms)))
                    self.advance(now_ms)
                case "clear":
                    self._clear(now_ms)
                case other:
                    raise AssertionError(f"nobody sends {other!r} to the carrier")

    def advance(self, now_ms: float) -> None:
        """Echo the marks whose audio has ended."""
        while self.waiting and self.waiting[0][1] <= now_ms:
            self.echoes.append(self.waiting.pop(0))

    def take_echoes(self) -> list[tuple[str, float]]:
        """Return the echoes since the last call."""
        left, self.echoes = self.echoes, []
        return left

    def heard(self, now_ms: float) -> bytes:
        """Return all octets played so far."""
        return b"".join(
            frame.octets[: int((now_ms - frame.start_ms) * self.octets_per_ms)]
            for frame in self.frames
            if frame.start_ms < now_ms
        )

    def heard_ms(self, now_ms: float) -> float:
        """Return the duration played so far."""
        return sum(max(0.0, min(frame.end_ms, now_ms) - frame.start_ms) for frame in self.frames)

    def _queue(self, octets: bytes, now_ms: float) -> None:
        if now_ms > self.end_ms and self.frames:
            self.breaks_ms.append(now_ms - self.end_ms)
        start_ms = self.end_ms if self.end_ms > now_ms else now_ms + self.hold_ms
        self.end_ms = start_ms + len(octets) / self.octets_per_ms
        self.frames.append(Frame(octets, start_ms, self.end_ms))
        self.most_ahead_ms = max(self.most_ahead_ms, self.end_ms - now_ms)

    def _clear(self, now_ms: float) -> None:
        self.clears += 1
        self.frames = [frame for frame in self.frames if frame.start_ms < now_ms]
        if self.frames and self.frames[-1].end_ms > now_ms:
            last = self.frames[-1]
            last.octets = last.octets[: int((now_ms - last.start_ms) * self.octets_per_ms)]
            last.end_ms = now_ms
        self.end_ms = min(self.end_ms, now_ms)
        self.echoes += [(name, now_ms) for name, _ in self.waiting]
        self.waiting.clear()
