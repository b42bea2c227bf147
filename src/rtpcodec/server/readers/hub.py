"""The readers of one call: delivers each event to all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

from rtpcodec.server.readers._hub import HubState
from rtpcodec.server.readers.inbox import Inbox
from rtpcodec.stream.event_queue import MAX_AUDIO_MS, EventQueue
from rtpcodec.stream.events import Audio, Event, Overrun
from rtpcodec.stream.memory_budget import Account

OPENING_S: Final = MAX_AUDIO_MS / 1000
"""Events of this time after the first `start` are kept for future readers. It is as long as a reader may be behind, so
nothing is lost while a handler connects to its recogniser."""
TRACKS: Final = 2
"""Tracks of a carrier's call. The audio of each is kept for OPENING_S."""

TakeAudio = Callable[[Audio], object]


class ReaderHub(HubState):
    """Delivers each event to the readers of one call. Use it in the event loop's thread only.

    A reader gets the events after its creation. The first reader of its kind that is created within OPENING_S gets all
    events since the first `start`, so that the order in which a handler's tasks start does not matter.
    """

    __slots__ = (
        "_dropped_events",
        "_dropped_ms",
        "_route",
        "_seen_kinds",
        "account",
        "ended",
    )

    def __init__(self, account: Account | None, route: Callable[[TakeAudio], None]) -> None:
        """Make the hub of a call that has no reader.

        Args:
            account: the call's account in the endpoint's budget; None: without a budget.
            route: called with the function that takes audio from then on, each time when it changes.
        """
        self.account = account  # also for the queues of its readers
        self._loop = asyncio.get_running_loop()
        self._route = route
        self._seen_kinds: set[Hashable] = set()
        self._dropped_ms = 0.0
        self._dropped_events = 0
        self.ended = False
        """Whether the stream has ended."""

    # For the call

    def begin(self) -> None:
        """Keep events from now on for future readers, for OPENING_S."""
        self._opening = EventQueue(TRACKS * MAX_AUDIO_MS, self.account)
        self._opening_until_s = self._loop.time() + OPENING_S
        self._reroute()

    def put(self, event: Event) -> None:
        """Deliver any event except Audio to the readers."""
        if self._opening is not None:
            self._keep(event)
        for inbox in self._inboxes:
            inbox.put(event)

    def end(self) -> None:
        """Record that no more events will follow. Waiting events can still be read."""
        if self._loop.time() > self._opening_until_s:
            self._opening = None
        self.ended = True
        for inbox in self._inboxes:
            inbox.end()
        self._route(drop_audio)
        self._route = _ignore  # it refers back to the call

    # For readers

    def add(self, inbox: Inbox, kind: Hashable) -> None:
        """Add the inbox of a reader. The first one of its kind within OPENING_S gets the kept events.

        Args:
            kind: the kind of events that it reads.
        """
        opening = self._opening
        # After the end the kept events stay available: they cannot grow any more.
        in_time = self.ended or self._loop.time() <= self._opening_until_s
        if opening is not None and in_time and kind not in self._seen_kinds:
            self._seen_kinds.add(kind)
            for event in opening.waiting():
                if type(event) is Audio:
                    inbox.put_audio(event)
                elif isinstance(event, Overrun):
                    self._copy_overrun(inbox, event)
                else:
                    inbox.put(event)
        if self.ended:
            inbox.end()
        self._inboxes = (*self._inboxes, inbox)
        self._reroute()

    def remove(self, inbox: Inbox) -> None:
        """Remove the inbox of a reader that is no longer used, and drop its events. May be repeated."""
        left = tuple(one for one in self._inboxes if one is not inbox)
        if len(left) == len(self._inboxes):
            return
        self._inboxes = left
        self._dropped_ms += inbox.queue.dropped_ms
        self._dropped_events += inbox.queue.dropped_events
        inbox.queue.take_all()
        inbox.end()
        self._reroute()

    # Figures

    @property
    def dropped_ms(self) -> float:
        """Audio that was dropped because readers were too slow, of all readers."""
        return self._dropped_ms + sum(inbox.queue.dropped_ms for inbox in self._inboxes)

    @property
    def dropped_events(self) -> int:
        """Events that were dropped because readers were too slow, chunks of audio included, of all readers."""
        return self._dropped_events + sum(inbox.queue.dropped_events for inbox in self._inboxes)

    @property
    def octets(self) -> int:
        """Octets of memory that waiting events hold. An event that waits for two readers counts twice."""
        opening = 0 if self._opening is None else self._opening.octets
        return opening + sum(inbox.queue.octets for inbox in self._inboxes)

    # Inside

    def _copy_overrun(self, inbox: Inbox, overrun: Overrun) -> None:
        inbox.queue.put(Overrun(overrun.dropped_ms, overrun.dropped_events))
        self._dropped_ms += overrun.dropped_ms
        self._dropped_events += overrun.dropped_events

    def _keep(self, event: Event) -> None:
        """Keep an event for future readers, or drop all kept events if OPENING_S is over."""
        if self._opening is None:
            return
        if self._loop.time() <= self._opening_until_s:
            self._opening.put(event)
        else:
            self._end_opening()

    def _end_opening(self) -> None:
        """Drop the kept events: future readers only get later ones."""
        if self._opening is not None:
            self._opening.take_all()
            self._opening = None
            self._reroute()

    def _reroute(self) -> None:
        """Choose the function that takes audio. A single reader takes it directly, which saves a call."""
        inboxes = self._inboxes
        if self.ended:
            return
        if self._opening is not None or len(inboxes) > 1:
            self._route(self._put_audio)
        else:
            self._route(inboxes[0].put_audio if inboxes else drop_audio)


def drop_audio(_audio: Audio) -> None:
    """Drop audio, because there is no reader."""


def _ignore(_take_audio: TakeAudio) -> None:
    """Replace the call after its end."""
