"""What webhooks have said of phone calls whose stream may not have started yet: direction, answer, verdict."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.server.phone_call import VERDICT_EVENTS, PhoneEvent, PhoneFacts

MAX_CALLS: Final = 5000
"""Calls that are remembered: several times as many as an endpoint carries, since not every call is streamed."""


class KnownPhoneCalls:
    """The facts of all phone calls that webhooks have named. Use it from the event loop's thread only."""

    __slots__ = ("_facts", "webhooks_seen")

    def __init__(self) -> None:
        self._facts: OrderedDict[str, PhoneFacts] = OrderedDict()
        self.webhooks_seen = False
        """Whether there was any event."""

    def __len__(self) -> int:
        return len(self._facts)

    def of(self, call_control_id: str | None) -> PhoneFacts:
        """Return the facts of a phone call; empty ones if none are known."""
        found = None if call_control_id is None else self._facts.get(call_control_id)
        return PhoneFacts() if found is None else found

    def tell(self, event: PhoneEvent) -> None:
        """Take over what an event says; those of no interest cost one look at their type."""
        self.webhooks_seen = True
        call_control_id, kind = event.call_control_id, event.event_type
        if call_control_id is None:
            return
        if kind == webhooks.CALL_HANGUP:
            self._facts.pop(call_control_id, None)
        elif kind == webhooks.CALL_INITIATED or kind in VERDICT_EVENTS:
            self._of(call_control_id).take(event)

    def _of(self, call_control_id: str) -> PhoneFacts:
        facts = self._facts.setdefault(call_control_id, PhoneFacts())
        if len(self._facts) > MAX_CALLS:
            self._facts.popitem(last=False)
        return facts
