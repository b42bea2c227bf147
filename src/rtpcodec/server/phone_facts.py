"""The facts that webhooks report about one phone call, in any order of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from rtpcodec.carriers.telnyx import commands, webhooks

VERDICT_EVENTS: Final = (webhooks.CALL_MACHINE_DETECTION_ENDED, webhooks.CALL_MACHINE_PREMIUM_DETECTION_ENDED)


class PhoneEvent(Protocol):
    """The part of a webhook event that an endpoint uses; the events of `verify_webhook` have it.

    Other attributes, such as `stream_url` or `hangup_cause`, are read where an event has them.
    """

    @property
    def event_type(self) -> str:
        """The carrier's name for the event, such as `streaming.failed`."""

    @property
    def call_control_id(self) -> str | None:
        """The call that the event is about."""


@dataclass(slots=True)
class PhoneFacts:
    """Facts from webhooks about a phone call, also from before its stream started. None: unknown."""

    direction: str | None = None
    """`incoming` or `outgoing`."""
    answered: bool = False
    verdict: str | None = None
    """The result of answering-machine detection, such as `human`."""
    bridged: bool = False
    """It was bridged with another call, and no leg of its session has ended since."""
    held: bool = False
    hold_at: datetime | None = None
    """When the last hold or unhold occurred, by the carrier's clock."""
    conference_id: str | None = None
    """The conference that it is in; empty: one without an id."""
    conference_at: datetime | None = None
    """When it last joined or left one, by the carrier's clock."""

    def take(self, event: PhoneEvent) -> None:
        """Record the facts of an event about the phone call. Irrelevant events only cost a look-up of their type."""
        read = READERS.get(event.event_type)
        if read is not None:
            read(self, event)


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


READERS: Final[dict[str, Callable[[PhoneFacts, PhoneEvent], None]]] = {
    webhooks.CALL_INITIATED: _initiated,
    webhooks.CALL_ANSWERED: _answered,
    webhooks.CALL_BRIDGED: _bridged,
    **dict.fromkeys(VERDICT_EVENTS, _detected),
    **dict.fromkeys((webhooks.CALL_HOLD, webhooks.CALL_UNHOLD), _held),
    **dict.fromkeys((webhooks.CONFERENCE_PARTICIPANT_JOINED, webhooks.CONFERENCE_PARTICIPANT_LEFT), _joined_or_left),
}


def verdict_of(event: PhoneEvent) -> str:
    """Return the result of an event of answering-machine detection; `not_sure` if it has none."""
    return getattr(event, "result", None) or webhooks.NOT_SURE


def conference_of(event: PhoneEvent) -> str:
    """Return the id of the conference that an event is about; empty: it has none."""
    payload = getattr(event, "payload", None)
    found = payload.get(commands.CONFERENCE_ID) if isinstance(payload, Mapping) else None
    return found if isinstance(found, str) else ""


def occurrence(event: PhoneEvent) -> datetime | None:
    """Return when an event occurred, by the carrier's clock; None: unknown."""
    return getattr(event, "occurred_at", None)


def is_newer(event: PhoneEvent, since: datetime | None) -> bool:
    """Return whether an event did not occur before a moment, because webhooks arrive in any order.

    Args:
        since: the moment, by the carrier's clock; None: there is none.
    """
    at = occurrence(event)
    return at is None or since is None or at >= since


class CarrierClock:
    """Compares the times of events, by the carrier's clock, with the time of a command."""

    __slots__ = ("_latest", "_since")

    def __init__(self) -> None:
        self._latest: datetime | None = None
        self._since: datetime | None = None

    def take(self, event: PhoneEvent) -> None:
        """Record the time of an event."""
        at = occurrence(event)
        if at is not None and (self._latest is None or at > self._latest):
            self._latest = at

    def begin_command(self) -> None:
        """Treat events as stale that occurred before the latest one so far: results of a command occur later."""
        self._since = self._latest

    def is_stale(self, event: PhoneEvent) -> bool:
        """Return whether an event occurred before the last `begin_command`."""
        return not is_newer(event, self._since)
