"""The readers of one call: they come and go, and what arrives goes to each of them."""

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
"""What arrives in this time after the first `start` is kept for readers that do not exist yet. It is as long as a
reader may be behind, so a handler that connects to its recogniser first loses nothing."""
TRACKS: Final = 2
"""Tracks of a carrier's call: the reader of one track shall find as much of it."""

TakeAudio = Callable[[Audio], object]


class ReaderHub(HubState):
    """Hand each event to the readers of one call. Use it from the event loop's thread only.

    A reader begins with what comes after it was made. The first one of its kind that is made within OPENING_S begins
    with the first `start` instead: nothing is lost by the order in which a handler's tasks begin.
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
            account: what the call holds of the endpoint's budget; None: without a budget.
            route: called with the function that takes audio from then on, each time that it changes.
        """
        self.account = account  # of its readers' queues as well
        self._loop = asyncio.get_running_loop()
        self._route = route
        self._seen_kinds: set[Hashable] = set()
        self._dropped_ms = 0.0
        self._dropped_events = 0
        self.ended = False
        """Whether the stream has ended."""

    # For the call

    def begin(self) -> None:
        """Keep what arrives from now on for readers that do not exist yet, for OPENING_S."""
        self._opening = EventQueue(TRACKS * MAX_AUDIO_MS, self.account)
        self._opening_until_s = self._loop.time() + OPENING_S
        self._reroute()

    def put(self, event: Event) -> None:
        """Hand any event except Audio to the readers."""
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
        """Add the inbox of a reader, with what arrived before, if it is the first of its kind within OPENING_S.

        Args:
            kind: what it reads; readers of one kind read the same.
        """
        opening = self._opening
        # After the end nothing is dropped: no more will come, so it cannot grow.
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
        """Remove the inbox of a reader that is not wanted any more, and drop what waits there. May be repeated."""
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
        """Keep an event for readers to come, or drop all that was kept, because their time is over."""
        if self._opening is None:
            return
        if self._loop.time() <= self._opening_until_s:
            self._opening.put(event)
        else:
            self._end_opening()

    def _end_opening(self) -> None:
        """Drop what was kept: the readers to come begin with what comes then."""
        if self._opening is not None:
            self._opening.take_all()
            self._opening = None
            self._reroute()

    def _reroute(self) -> None:
        """Choose what takes audio: the only reader itself, so that one reader costs no call in between."""
        inboxes = self._inboxes
        if self.ended:
            return
        if self._opening is not None or len(inboxes) > 1:
            self._route(self._put_audio)
        else:
            self._route(inboxes[0].put_audio if inboxes else drop_audio)


def drop_audio(_audio: Audio) -> None:
    """Drop audio that nobody reads."""


def _ignore(_take_audio: TakeAudio) -> None:
    """Stand for the call after its end."""
