"""What webhooks have said of phone calls whose stream may not have started yet: direction, answer, verdict, company."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from rtpcodec.carriers.telnyx import commands, webhooks
from rtpcodec.server.phone_call import PhoneEvent, PhoneFacts

MAX_CALLS: Final = 5000
"""Calls that are remembered: several times as many as an endpoint carries, since not every call is streamed."""

VERDICT_EVENTS: Final = (webhooks.CALL_MACHINE_DETECTION_ENDED, webhooks.CALL_MACHINE_PREMIUM_DETECTION_ENDED)


class KnownPhoneCalls:
    """The facts of all phone calls that webhooks have named. Use it from the event loop's thread only."""

    __slots__ = ("_bridged", "_facts", "webhooks_seen")

    def __init__(self) -> None:
        self._facts: OrderedDict[str, PhoneFacts] = OrderedDict()
        self._bridged: dict[str, str | None] = {}  # the session of each call that is bridged
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
        if kind == webhooks.CONFERENCE_ENDED:
            self._end_conference(conference_of(event))
        elif call_control_id is None:
            return
        elif kind == webhooks.CALL_HANGUP:
            self._hung_up(call_control_id, getattr(event, "call_session_id", None))
        elif kind in _READERS:
            _READERS[kind](self._of(call_control_id), event)
            if kind == webhooks.CALL_BRIDGED:
                self._bridged[call_control_id] = getattr(event, "call_session_id", None)

    def _hung_up(self, call_control_id: str, session_id: str | None) -> None:
        """Drop a call. Those of its session are not bridged any more: the carrier may have parked them."""
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


def _initiated(facts: PhoneFacts, event: PhoneEvent) -> None:
    facts.direction = getattr(event, "direction", None)


def _answered(facts: PhoneFacts, _event: PhoneEvent) -> None:
    facts.answered = True


def _bridged(facts: PhoneFacts, _event: PhoneEvent) -> None:
    facts.bridged = True


def _detected(facts: PhoneFacts, event: PhoneEvent) -> None:
    facts.verdict, facts.answered = verdict_of(event), True


def _held(facts: PhoneFacts, event: PhoneEvent) -> None:
    if is_newer(event, facts.hold_at):
        facts.held, facts.hold_at = event.event_type == webhooks.CALL_HOLD, occurrence(event)


def _joined_or_left(facts: PhoneFacts, event: PhoneEvent) -> None:
    if is_newer(event, facts.conference_at):
        joined = event.event_type == webhooks.CONFERENCE_PARTICIPANT_JOINED
        facts.conference_id, facts.conference_at = conference_of(event) if joined else None, occurrence(event)


_READERS: Final[dict[str, Callable[[PhoneFacts, PhoneEvent], None]]] = {
    webhooks.CALL_INITIATED: _initiated,
    webhooks.CALL_ANSWERED: _answered,
    webhooks.CALL_BRIDGED: _bridged,
    **dict.fromkeys(VERDICT_EVENTS, _detected),
    **dict.fromkeys((webhooks.CALL_HOLD, webhooks.CALL_UNHOLD), _held),
    **dict.fromkeys((webhooks.CONFERENCE_PARTICIPANT_JOINED, webhooks.CONFERENCE_PARTICIPANT_LEFT), _joined_or_left),
}


def verdict_of(event: PhoneEvent) -> str:
    """Return the result that an event of answering-machine detection reports; one without it is `not_sure`."""
    return getattr(event, "result", None) or webhooks.NOT_SURE


def conference_of(event: PhoneEvent) -> str:
    """Return the id of the conference that an event is about; empty: it has none."""
    payload = getattr(event, "payload", None)
    found = payload.get(commands.CONFERENCE_ID) if isinstance(payload, Mapping) else None
    return found if isinstance(found, str) else ""


def occurrence(event: PhoneEvent) -> datetime | None:
    """Return when an event occurred, by the carrier's clock; None: it does not say."""
    return getattr(event, "occurred_at", None)


def is_newer(event: PhoneEvent, since: datetime | None) -> bool:
    """Return whether an event did not occur before a moment: webhooks arrive in any order.

    since: by the carrier's clock; None: there is none.
    """
    at = occurrence(event)
    return at is None or since is None or at >= since
