"""Bounded queue of events: a slow reader loses the oldest audio instead of filling memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from rtpcodec.stream.events import Audio, Event, Overrun, Unknown

MAX_AUDIO_MS: Final = 5000.0
"""Speech older than this is useless to a live listener."""
MAX_OTHER_EVENTS: Final = 1000
"""Limit on waiting events other than audio, such as keys and marks; no real call has as many."""
MAX_OCTETS: Final = 64 * 1024 * 1024
"""Limit on the octets of all waiting events: unknown messages may be long, so their number alone is not a bound."""


class EventQueue:
    """First-in, first-out queue. Beyond a limit it drops the oldest event and records the loss as one Overrun.

    Audio is limited by its duration, other events by their number, all together by their octets.
    """

    __slots__ = ("_audio_count", "_audio_ms", "_events", "_max_audio_ms", "_octets", "_overrun", "dropped_ms")

    def __init__(self, max_audio_ms: float = MAX_AUDIO_MS) -> None:
        self._max_audio_ms = max_audio_ms
        self._events: deque[Event] = deque()
        self._audio_count = 0
        self._audio_ms = 0.0
        self._octets = 0
        self._overrun: Overrun | None = None
        self.dropped_ms = 0.0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add an event, and drop the oldest ones beyond a limit. The newest event is always kept."""
        self._events.append(event)
        self._octets += _octets_of(event)
        # 1. Too much audio: drop the oldest audio. Too many others: drop the oldest of those.
        if isinstance(event, Audio):
            self._audio_count += 1
            self._audio_ms += event.duration_ms
            while self._audio_ms > self._max_audio_ms and self._audio_count > 1:
                self._drop(lambda audio: isinstance(audio, Audio))
        elif len(self._events) - self._audio_count > MAX_OTHER_EVENTS:
            self._drop(lambda other: not isinstance(other, Audio | Overrun))
        # 2. Too many octets: drop the oldest of any kind. Two events stay, the newest one and perhaps an Overrun.
        while self._octets > MAX_OCTETS and len(self._events) > 2:
            self._drop(lambda heavy: not isinstance(heavy, Overrun))

    def pop(self) -> Event:
        """Remove and return the oldest event. Raises IndexError if the queue is empty."""
        event = self._events.popleft()
        self._octets -= _octets_of(event)
        if isinstance(event, Audio):
            self._count_out(event)
        elif event is self._overrun:
            self._overrun = None
        return event

    def take_all(self) -> list[Event]:
        """Remove and return all events, the oldest first."""
        taken = list(self._events)
        self._events.clear()
        self._audio_count = 0
        self._audio_ms = 0.0
        self._octets = 0
        self._overrun = None
        return taken

    def _drop(self, is_wanted: Callable[[Event], bool]) -> None:
        """Drop the oldest event of a kind and count it in the Overrun, which the first drop puts in its place."""
        at, oldest = next((at, event) for at, event in enumerate(self._events) if is_wanted(event))
        del self._events[at]
        self._octets -= _octets_of(oldest)
        if self._overrun is None:
            self._overrun = Overrun()
            self._events.insert(at, self._overrun)
        self._overrun.dropped_events += 1
        if isinstance(oldest, Audio):
            self._count_out(oldest)
            self.dropped_ms += oldest.duration_ms
            self._overrun.dropped_ms += oldest.duration_ms

    def _count_out(self, audio: Audio) -> None:
        self._audio_count -= 1
        # Sums of floats drift, so an empty queue is set to exactly zero.
        self._audio_ms = self._audio_ms - audio.duration_ms if self._audio_count else 0.0


def _octets_of(event: Event) -> int:
    """Return the octets of an event's texts and payloads."""
    if isinstance(event, Audio):
        return len(event.payload) + len(event.pcm)
    return len(event.text) if isinstance(event, Unknown) else 0
