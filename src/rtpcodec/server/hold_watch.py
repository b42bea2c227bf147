"""Hold: while webhooks report that the phone call is on hold, the session pauses its replies."""

from __future__ import annotations

from datetime import datetime

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.pickling import Live
from rtpcodec.pump.pump import Pump
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.stream.machine import CallMachine


class HoldWatch(Live):
    """Follows the hold of one phone call while its stream runs. Use it in the event loop's thread only."""

    __slots__ = ("_changed_at", "_phone", "_pump")

    def __init__(self, pump: Pump[CallMachine], phone: PhoneCall) -> None:
        """Prepare it. `handle` must be added to the watchers of the phone call."""
        self._pump = pump
        self._phone = phone
        self._changed_at: datetime | None = None  # when the latest of these events occurred at the carrier

    def begin(self) -> None:
        """Hold the session if the phone call was held before its stream started."""
        facts = self._phone.facts()
        self._changed_at = facts.hold_at
        if facts.held:
            self._pump.machine.session.hold(self._pump.now_ms())

    def handle(self, event: PhoneEvent) -> None:
        """Handle a webhook event. Events of other legs, and older events, change nothing."""
        held = event.event_type == webhooks.CALL_HOLD
        if not held and event.event_type != webhooks.CALL_UNHOLD:
            return
        if event.call_control_id != self._phone.call_control_id:
            return
        # Webhooks may arrive in any order (docs/carrier.md, rule C47).
        occurred_at = getattr(event, "occurred_at", None)
        if occurred_at is not None:
            if self._changed_at is not None and occurred_at < self._changed_at:
                return
            self._changed_at = occurred_at
        self._pump.machine.session.hold(self._pump.now_ms(), held=held)
        self._pump.run()
