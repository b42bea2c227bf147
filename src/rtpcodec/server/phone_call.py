"""The phone call behind a stream: its commands, and the webhooks about it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Literal

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.errors import EndpointError
from rtpcodec.server.phone_control import PhoneControl, StreamingControl, send
from rtpcodec.server.phone_facts import CarrierClock, PhoneEvent, PhoneFacts, conference_of
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.stream.events import Started
from rtpcodec.stream.wire import Dialect

MAX_EVENT_IDS: Final = 256
"""Stored ids of webhook events per call, to detect repeated events; a call has a few dozen."""

PhoneState = Literal["up", "transferring", "bridged", "ended"]
"""States of a phone call. "up": it is active, and nothing else is known. "transferring": a transfer is running.
"bridged": it is connected with another call, so two people talk to each other. "ended": it was hung up."""


class PhoneCall:
    """The phone call of one stream. Use it in the event loop's thread only."""

    __slots__ = (
        "_clock",
        "_control",
        "_facts",
        "_fed",
        "_known",
        "_seen",
        "_watchers",
        "call_control_id",
        "call_session_id",
        "leg_states",
        "may_be_bridged",
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
        """Prepare the phone call of a stream that has not started.

        Args:
            control: sends commands about it; None: there is none.
            webhooks_seen: returns whether the endpoint has received a webhook.
            known: returns the facts from earlier webhooks about a call_control_id; None: no endpoint receives webhooks.
        """
        self._known = known
        self._fed = webhooks_seen
        self._facts = PhoneFacts()  # from the events of `handle`
        self._control = control
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._watchers: list[Callable[[PhoneEvent], object]] = []
        self._clock = CarrierClock()
        self.leg_states: set[str] = set()
        """The `client_state` of legs that our commands have created: events that return one are about this call."""
        self.on_release: Callable[[], object] | None = None
        """Called once, when stream and handler have ended."""
        self.call_control_id: str | None = None
        self.call_session_id: str | None = None
        self.state: PhoneState = "up"
        """The state by webhooks and our commands."""
        self.may_be_bridged = False
        """Whether a transfer was commanded and its outcome is unknown, because its webhooks may be lost."""
        self.totals = PhoneTotals()
        """The counts of our hang-ups and transfers."""
        self.result_due_s = 0.0
        """The deadline of a transfer's result, by the event loop's clock."""

    def begin(self, start: Started, dialect: Dialect) -> None:
        """Store the ids of the stream's first `start`, if the carrier's commands and webhooks use them."""
        if dialect.commands:
            self.call_control_id, self.call_session_id = start.call_control_id, start.call_session_id
        if self.facts().bridged:
            self.state = "bridged"

    @property
    def commandable(self) -> bool:
        """Whether commands about it can be sent."""
        return self._control is not None and bool(self.call_control_id)

    def control(self, name: str) -> PhoneControl:
        """Return the control. Raises EndpointError without one, or if no command can name the call.

        Args:
            name: the method of the Call that needs it.
        """
        control = self._control
        if control is None:
            raise EndpointError(
                f"{name}() sends a command about the phone call and there is no control: "
                "pass control=CallControl(...) to `serve`"
            )
        if not self.call_control_id:
            raise EndpointError(
                f"{name}() sends a command about the phone call, and no command can name it: its `start` has no "
                "call_control_id, or its carrier has no commands"
            )
        return control  # type: ignore[return-value]  # the call of a missing method raises AttributeError

    async def command(self, name: str, method: str, /, *arguments: object, **fields: Any) -> Any:
        """Send a command about this call, and return its result.

        Args:
            name: the method of the Call that needs it.
            method: the method of the control, called with the call_control_id, then arguments and fields.

        Raises:
            EndpointError: there is no control.
            Exception: any error of the control.
        """
        return await send(getattr(self.control(name), method), self.call_control_id, *arguments, **fields)

    @property
    def company(self) -> str | None:
        """Why two people may be talking in the call, so that it must not be ended; None: there is no such reason."""
        if self.state in ("transferring", "bridged"):
            return self.state
        if self.facts().conference_id is not None:
            return "in a conference"
        return "perhaps bridged" if self.may_be_bridged else None

    # Webhooks

    def webhooks_seen(self) -> bool:
        """Return whether the endpoint or this call has received webhooks."""
        return self._fed()

    def facts(self) -> PhoneFacts:
        """Return the facts from webhooks about the call, also from before the stream started."""
        return self._facts if self._known is None or self._fed is _by_itself else self._known(self.call_control_id)

    def watch(self, watcher: Callable[[PhoneEvent], object]) -> None:
        """Call a function with each event about this call or another leg of its session, until `unwatch`."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[PhoneEvent], object]) -> None:
        """Stop calling a function; an unknown one does nothing."""
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
        """Treat events as stale that occurred before the latest one so far: results of a command occur later."""
        self._clock.begin_command()

    def is_stale(self, event: PhoneEvent) -> bool:
        """Return whether an event occurred before the last `begin_command`, by the carrier's clock."""
        return self._clock.is_stale(event)

    def deliver(self, event: PhoneEvent) -> bool:
        """Handle any event that was passed to this call. Returns True if it is about the call, and new."""
        self._fed = _by_itself
        if event.event_type == webhooks.CONFERENCE_ENDED and conference_of(event) == self._facts.conference_id:
            self._facts.conference_id = None
            return True
        return self.is_about(event) and self.handle(event)

    def handle(self, event: PhoneEvent) -> bool:
        """Handle an event about this call. Returns False if it was delivered before."""
        # 1. Was it delivered before? Carriers may deliver an event more than once (docs/carrier.md, rule C47).
        event_id = getattr(event, "id", None)
        if event_id is not None:
            if event_id in self._seen:
                return False
            self._seen[event_id] = None
            if len(self._seen) > MAX_EVENT_IDS:
                self._seen.popitem(last=False)
        self._clock.take(event)
        # 2. Is it about this leg? Then update facts and state.
        if event.call_control_id == self.call_control_id:
            self._facts.take(event)
            if event.event_type == webhooks.CALL_HANGUP:
                self.state = "ended"
            elif event.event_type == webhooks.CALL_BRIDGED and self.state != "ended" and not self.is_stale(event):
                self.state = "bridged"
        # 3. Call the watchers, also for other legs of the session.
        for watcher in tuple(self._watchers):
            watcher(event)
        return True

    def release(self) -> None:
        """Drop references back to the call, because stream and handler have ended. Commands remain possible."""
        on_release, self.on_release = self.on_release, None
        if on_release is not None:
            on_release()
        self._watchers.clear()
        self._known = None


def _by_itself() -> bool:
    return True
