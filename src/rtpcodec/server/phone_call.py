"""The phone call behind a stream: who commands it, and what webhooks report of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.errors import EndpointError
from rtpcodec.server.event_times import Occurred
from rtpcodec.server.phone_control import PhoneControl, StreamingControl, send
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.stream.events import Started

MAX_EVENT_IDS: Final = 256
"""Webhook events whose repetition is noticed, per call; a call has a few dozen."""

VERDICT_EVENTS: Final = (webhooks.CALL_MACHINE_DETECTION_ENDED, webhooks.CALL_MACHINE_PREMIUM_DETECTION_ENDED)

PhoneState = Literal["up", "transferring", "bridged", "ended"]
"""States of a phone call. "up": it runs, and nothing else is known. "transferring": a transfer was commanded and has no
result. "bridged": it is joined with another call, so people talk to each other. "ended": it was hung up."""


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
    """What webhooks have said of a phone call, also before its stream started. None: nothing."""

    direction: str | None = None
    """`incoming` or `outgoing`."""
    verdict: str | None = None
    """The result of answering-machine detection, such as `human`."""

    def take(self, event: PhoneEvent) -> None:
        """Take over what an event about the phone call says; those of no interest cost one look at their type."""
        if event.event_type == webhooks.CALL_INITIATED:
            self.direction = getattr(event, "direction", None)
        elif event.event_type in VERDICT_EVENTS:
            self.verdict = verdict_of(event)


class PhoneCall:
    """The phone call of one stream. Use it from the event loop's thread only."""

    __slots__ = (
        "_control",
        "_facts",
        "_fed",
        "_known",
        "_occurred",
        "_seen",
        "_watchers",
        "call_control_id",
        "call_session_id",
        "leg_states",
        "on_release",
        "result_due_s",
        "state",
        "totals",
    )

    def __init__(
        self,
        control: StreamingControl | None,
        webhooks_seen: Callable[[], bool],
        known: Callable[[str | None], PhoneFacts] | None = None,
    ) -> None:
        """Make the phone call of a stream that has not started.

        control: sends commands about it; None: there is none.
        webhooks_seen: returns whether the endpoint is fed with webhooks.
        known: returns what webhooks have said of a call_control_id before its stream; None: no endpoint is fed.
        """
        self._known = known
        self._fed = webhooks_seen
        self._facts = PhoneFacts()  # of the events that `tell` got
        self._control = control
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._watchers: list[Callable[[PhoneEvent], object]] = []
        self._occurred = Occurred()
        self.leg_states: set[str] = set()
        """The `client_state` of legs that commands of ours have made: events that return one are about this call."""
        self.on_release: Callable[[], object] | None = None
        """Called once, when stream and handler have ended."""
        self.call_control_id: str | None = None
        self.call_session_id: str | None = None
        self.state: PhoneState = "up"
        """What webhooks and our commands say of it."""
        self.totals = PhoneTotals()
        """What our commands have done to it."""
        self.result_due_s = 0.0
        """When the result of a transfer is known at the latest, by the event loop's clock."""

    def begin(self, start: Started) -> None:
        """Take over the ids of the stream's first `start`."""
        self.call_control_id, self.call_session_id = start.call_control_id, start.call_session_id

    @property
    def commandable(self) -> bool:
        """Whether commands about it can be sent."""
        return self._control is not None and bool(self.call_control_id)

    def control(self, name: str) -> PhoneControl:
        """Return what sends commands. Raises EndpointError if there is none, or it lacks the command.

        name: the method of the Call that needs it.
        """
        control = self._control
        if control is None:
            raise EndpointError(
                f"{name}() commands the phone call and nothing sends commands: pass control=CallControl(...) to `serve`"
            )
        if not self.call_control_id:
            raise EndpointError(f"{name}() commands the phone call, and its `start` has no call_control_id")
        return control  # type: ignore[return-value]  # the call of a missing method raises AttributeError

    async def command(self, name: str, method: str, /, *arguments: object, **fields: Any) -> Any:
        """Send a command about this call, and return its result.

        name: the method of the Call that needs it.
        method: the method of the control, called with the call_control_id, then arguments and fields.
        Raises: EndpointError if nothing sends commands; what the control raises.
        """
        return await send(getattr(self.control(name), method), self.call_control_id, *arguments, **fields)

    # Webhooks

    def webhooks_seen(self) -> bool:
        """Return whether the endpoint or this call is fed with webhooks."""
        return self._fed()

    def facts(self) -> PhoneFacts:
        """Return what webhooks have said of it, also before the stream started."""
        own, known = self._facts, PhoneFacts() if self._known is None else self._known(self.call_control_id)
        return PhoneFacts(own.direction or known.direction, own.verdict or known.verdict)

    def watch(self, watcher: Callable[[PhoneEvent], object]) -> None:
        """Call a function with each event about this call or another leg of its session, until `unwatch`."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[PhoneEvent], object]) -> None:
        """Call it no more; nothing if it is not watching."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def is_about(self, event: PhoneEvent) -> bool:
        """Return whether an event is about this call, or another leg of the same session."""
        if self.call_control_id is None:
            return False
        session_id = getattr(event, "call_session_id", None)
        return (
            event.call_control_id == self.call_control_id
            or (session_id is not None and session_id == self.call_session_id)
            or getattr(event, "client_state", None) in self.leg_states
        )

    def begin_command(self) -> None:
        """Treat events as stale that occurred before the latest one so far: a command's results occur later."""
        self._occurred.since = self._occurred.latest

    def is_stale(self, event: PhoneEvent) -> bool:
        """Return whether an event occurred before the last `begin_command`, by the carrier's clock."""
        occurred_at = getattr(event, "occurred_at", None)
        since: datetime | None = self._occurred.since
        return occurred_at is not None and since is not None and occurred_at < since

    def deliver(self, event: PhoneEvent) -> bool:
        """Handle any event that was handed to this call. Returns whether it was about it, and new."""
        self._fed = _by_itself
        return self.is_about(event) and self.tell(event)

    def tell(self, event: PhoneEvent) -> bool:
        """Handle an event about this call. Returns False for one that was delivered before."""
        # 1. Carriers deliver an event more than once (media streaming, section 4.4).
        event_id = getattr(event, "id", None)
        if event_id is not None:
            if event_id in self._seen:
                return False
            self._seen[event_id] = None
            if len(self._seen) > MAX_EVENT_IDS:
                self._seen.popitem(last=False)
        occurred_at = getattr(event, "occurred_at", None)
        occurred = self._occurred
        if occurred_at is not None and (occurred.latest is None or occurred_at > occurred.latest):
            occurred.latest = occurred_at
        # 2. Update the state and the facts of this leg.
        if event.call_control_id == self.call_control_id:
            self._facts.take(event)
            if event.event_type == webhooks.CALL_HANGUP:
                self.state = "ended"
            elif event.event_type == webhooks.CALL_BRIDGED and self.state != "ended" and not self.is_stale(event):
                self.state = "bridged"
        # 3. Whoever waits for it.
        for watcher in tuple(self._watchers):
            watcher(event)
        return True

    def release(self) -> None:
        """Drop what refers back to the call, because stream and handler have ended. Commands remain possible."""
        on_release, self.on_release = self.on_release, None
        if on_release is not None:
            on_release()
        self._watchers.clear()
        self._known = None


def _by_itself() -> bool:
    return True


def verdict_of(event: PhoneEvent) -> str:
    """Return the result that an event of answering-machine detection reports; one without it is `not_sure`."""
    return getattr(event, "result", None) or webhooks.NOT_SURE
