"""Bounded queue of events: a slow reader loses the oldest audio instead of filling memory."""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.events import Audio, Event, Overrun
from rtpcodec.stream.held import FREE_OCTETS, GRAIN_OCTETS, Account, Share
from rtpcodec.stream.octets import AUDIO_OCTETS, octets_of

MAX_AUDIO_MS: Final = 5000.0
"""Speech older than this is useless to a live listener."""
MAX_OTHER_EVENTS: Final = 1000
"""Limit on waiting events other than audio, such as keys and marks; no real call has as many."""
MAX_OCTETS: Final = 64 * 1024 * 1024
"""Limit on the octets of all waiting events: unknown messages may be long, so their number alone is not a bound."""

_Entry = tuple[int, Event, int]
"""The place of an event in the order of all, the event, and the octets of memory that it holds."""


class EventQueue:
    """First-in, first-out queue. Beyond a limit it drops the oldest event and records the loss as one Overrun.

    Audio is limited by its duration, other events by their number, all together by their octets: by MAX_OCTETS, and by
    what an `account` of the endpoint's budget grants. Each step costs the same, however many events wait.
    """

    __slots__ = (
        "__weakref__",
        "_audio",
        "_audio_ms",
        "_max_audio_ms",
        "_others",
        "_overrun",
        "_overrun_place",
        "_place",
        "_share",
        "account",
        "dropped_events",
        "dropped_ms",
        "octets",
    )

    def __init__(self, max_audio_ms: float = MAX_AUDIO_MS, account: Account | None = None) -> None:
        """Make an empty queue.

        max_audio_ms: audio that may wait.
        account: the call's account of the budget that all calls share; None: only this queue's own limits apply.
        """
        self._max_audio_ms = max_audio_ms
        self._audio: deque[tuple[int, Audio, int]] = deque()
        self._others: deque[_Entry] = deque()
        self._place = 0
        self._audio_ms = 0.0
        self._overrun: Overrun | None = None
        self._overrun_place = 0
        self.account = account
        self._share = Share(MAX_OCTETS, account)
        self.octets = 0
        """Octets of memory that waiting events hold."""
        self.dropped_ms = 0.0
        """Audio that was dropped."""
        self.dropped_events = 0
        """Events that were dropped, chunks of audio included."""
        if account is not None:
            account.attach(self)

    def __len__(self) -> int:
        return len(self._audio) + len(self._others) + (self._overrun is not None)

    def put(self, event: Event) -> None:
        """Add an event, and drop the oldest ones beyond a limit.

        The newest event is kept, unless it alone has more than FREE_OCTETS and the budget has none left.
        """
        self._place += 1
        # 1. Too much audio: drop the oldest audio. Too many others: drop the oldest of those.
        if type(event) is Audio:
            octets = len(event.payload) + len(event.pcm) + AUDIO_OCTETS
            self._audio.append((self._place, event, octets))
            self._audio_ms += event.duration_ms
            while self._audio_ms > self._max_audio_ms and len(self._audio) > 1:
                self._drop_audio()
        else:
            octets = octets_of(event)
            self._others.append((self._place, event, octets))
            if len(self._others) > MAX_OTHER_EVENTS:
                self._drop_other()
        # 2. Too many octets.
        self.octets += octets
        if self.octets > self._share.limit_octets:
            self._make_room()

    def pop(self) -> Event:
        """Remove and return the oldest event. Raises IndexError if the queue is empty."""
        audio, others = self._audio, self._others
        if self._overrun is not None and self._is_before(self._overrun_place):
            overrun, self._overrun = self._overrun, None
            return overrun
        if audio and not (others and others[0][0] < audio[0][0]):
            _, chunk, octets = audio.popleft()
            # Sums of floats drift, so an empty queue is set to exactly zero.
            self._audio_ms = self._audio_ms - chunk.duration_ms if audio else 0.0
            event: Event = chunk
        else:
            _, event, octets = others.popleft()
        self.octets -= octets
        if self.octets < self._share.low_octets:
            self._share.shrink(self.octets)
        return event

    def waiting(self) -> list[Event]:
        """Return all events, the oldest first, which stay in the queue."""
        if not self._others and self._overrun is None:
            return [event for _, event, _ in self._audio]
        entries: list[_Entry] = [*self._audio, *self._others]
        if self._overrun is not None:
            entries.append((self._overrun_place, self._overrun, 0))
        entries.sort(key=_place_of)
        return [event for _, event, _ in entries]

    def take_all(self) -> list[Event]:
        """Remove and return all events, the oldest first."""
        taken = self.waiting()
        self._others.clear()
        self._overrun = None
        self._audio.clear()
        self._audio_ms = 0.0
        self.octets = 0
        if self._share.low_octets > 0:
            self._share.shrink(0)
        return taken

    def shed(self, octets: int) -> int:
        """Drop the oldest events, because another call needs their octets; the newest event is kept.

        Returns: how many octets of the share were given back.
        """
        until = self.octets - octets
        while self.octets > until and len(self._audio) + len(self._others) > 1:
            self._drop_oldest()
        return self._share.shrink(self.octets)

    def _make_room(self) -> None:
        """Drop the oldest events, unless the share grows. A single event stays if it has at most FREE_OCTETS."""
        if self._share.covers(self.octets):
            return
        # A little more than needed, so that the next event has room.
        until = max(self._share.limit_octets - GRAIN_OCTETS, FREE_OCTETS)
        while self.octets > until and len(self._audio) + len(self._others) > 1:
            self._drop_oldest()
        if self.octets > self._share.limit_octets:
            self._drop_oldest()

    def _is_before(self, place: int) -> bool:
        """Whether all events that wait come after a place."""
        return all(entries[0][0] > place for entries in (self._audio, self._others) if entries)

    def _drop_oldest(self) -> None:
        if self._audio and not (self._others and self._others[0][0] < self._audio[0][0]):
            self._drop_audio()
        else:
            self._drop_other()

    def _drop_audio(self) -> None:
        place, audio, octets = self._audio.popleft()
        self._audio_ms = self._audio_ms - audio.duration_ms if self._audio else 0.0
        self.dropped_ms += audio.duration_ms
        self._count_drop(place, octets).dropped_ms += audio.duration_ms

    def _drop_other(self) -> None:
        place, _, octets = self._others.popleft()
        self._count_drop(place, octets)

    def _count_drop(self, place: int, octets: int) -> Overrun:
        """Return the Overrun that counts a dropped event. The first drop puts it in the place of what it drops."""
        self.octets -= octets
        self.dropped_events += 1
        if self._overrun is None:
            self._overrun = Overrun()
            self._overrun_place = place
        self._overrun.dropped_events += 1
        return self._overrun


def _place_of(entry: _Entry) -> int:
    return entry[0]
