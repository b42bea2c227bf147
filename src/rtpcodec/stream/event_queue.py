"""Events that wait for a reader, bounded in ms of audio: a slow reader loses the oldest audio, never memory."""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.events import Audio, Event, Overrun

MAX_AUDIO_MS: Final = 5000.0
"""Older speech than this is of no use to a live listener."""
MAX_EVENTS: Final = 100_000
"""Bounds events of little or no duration; ten minutes of the shortest documented chunks are 30,000."""


class EventQueue:
    """First in, first out. Beyond a limit the oldest audio goes first, told by one Overrun in its place."""

    __slots__ = ("_audio_count", "_audio_ms", "_events", "_max_audio_ms", "_overrun", "dropped_ms")

    def __init__(self, max_audio_ms: float = MAX_AUDIO_MS) -> None:
        self._max_audio_ms = max_audio_ms
        self._events: deque[Event] = deque()
        self._audio_count = 0
        self._audio_ms = 0.0
        self._overrun: Overrun | None = None
        self.dropped_ms = 0.0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add an event; the newest is always kept."""
        self._events.append(event)
        if isinstance(event, Audio):
            self._audio_count += 1
            self._audio_ms += event.duration_ms
            while self._audio_ms > self._max_audio_ms and self._audio_count > 1:
                self._drop_oldest_audio()
        if len(self._events) > MAX_EVENTS:
            self.pop()

    def pop(self) -> Event:
        """The oldest event. IndexError when there is none."""
        event = self._events.popleft()
        if isinstance(event, Audio):
            self._count_out(event)
        elif event is self._overrun:
            self._overrun = None
        return event

    def take_all(self) -> list[Event]:
        """Everything that waits."""
        taken = list(self._events)
        self._events.clear()
        self._audio_count = 0
        self._audio_ms = 0.0
        self._overrun = None
        return taken

    def _drop_oldest_audio(self) -> None:
        at, oldest = next((at, event) for at, event in enumerate(self._events) if isinstance(event, Audio))
        del self._events[at]
        self._count_out(oldest)
        self.dropped_ms += oldest.duration_ms
        if self._overrun is None:
            self._overrun = Overrun(0.0)
            self._events.insert(at, self._overrun)
        self._overrun.dropped_ms += oldest.duration_ms

    def _count_out(self, audio: Audio) -> None:
        self._audio_count -= 1
        # Durations are floats: only an empty queue is known to hold exactly nothing.
        self._audio_ms = self._audio_ms - audio.duration_ms if self._audio_count else 0.0
