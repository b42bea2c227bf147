"""Facts from webhooks about phone calls whose stream may not have started: direction, answer, verdict, bridges."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.server.phone_facts import READERS, PhoneEvent, PhoneFacts, conference_of

MAX_CALLS: Final = 5000
"""Limit on stored calls: several times the capacity of an endpoint, because not every call is streamed."""


class PhoneCallRegistry:
    """The facts of all phone calls that webhooks have named. Use it in the event loop's thread only."""

    __slots__ = ("_bridged", "_facts", "webhooks_seen")

    def __init__(self) -> None:
        self._facts: OrderedDict[str, PhoneFacts] = OrderedDict()
        self._bridged: dict[str, str | None] = {}  # the session id of each bridged call
        self.webhooks_seen = False
        """Whether any event was received."""

    def __len__(self) -> int:
        return len(self._facts)

    def of(self, call_control_id: str | None) -> PhoneFacts:
        """Return the facts of a phone call; empty ones if none are known."""
        found = None if call_control_id is None else self._facts.get(call_control_id)
        return PhoneFacts() if found is None else found

    def handle(self, event: PhoneEvent) -> None:
        """Record the facts of an event. Irrelevant events only cost a look-up of their type."""
        self.webhooks_seen = True
        call_control_id, kind = event.call_control_id, event.event_type
        if kind == webhooks.CONFERENCE_ENDED:
            self._end_conference(conference_of(event))
        elif call_control_id is None:
            return
        elif kind == webhooks.CALL_HANGUP:
            self._hung_up(call_control_id, getattr(event, "call_session_id", None))
        elif kind in READERS:
            self._of(call_control_id).take(event)
            if kind == webhooks.CALL_BRIDGED:
                self._bridged[call_control_id] = getattr(event, "call_session_id", None)

    def _hung_up(self, call_control_id: str, session_id: str | None) -> None:
        """Drop a call. Other calls of its session are no longer bridged: the carrier may have parked them."""
        self._facts.pop(call_control_id, None)
        self._bridged.pop(call_control_id, None)
        if session_id is not None:
            for other_id in [one for one, session in self._bridged.items() if session == session_id]:
                del self._bridged[other_id]
                self._facts[other_id].bridged = False

    def _end_conference(self, conference_id: str) -> None:
        for facts in self._facts.values():
            if facts.conference_id == conference_id:
                facts.conference_id = None

    def _of(self, call_control_id: str) -> PhoneFacts:
        facts = self._facts.setdefault(call_control_id, PhoneFacts())
        if len(self._facts) > MAX_CALLS:
            self._bridged.pop(self._facts.popitem(last=False)[0], None)
        return facts
