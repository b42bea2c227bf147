"""Transfer: one transfer of a phone call, from the command to its result."""

from __future__ import annotations

import asyncio
import base64
import math
import secrets
from typing import Any, Final

from rtpcodec.carriers.telnyx import commands, webhooks
from rtpcodec.errors import CommandRefused, EndpointError
from rtpcodec.pickling import Live
from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.phone_call import PhoneCall, PhoneState
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.transfer_facts import TransferFacts, TransferResult
from rtpcodec.stream.machine import CallMachine

DEADLINE_MARGIN_S: Final = 10.0
"""Added to the carrier's time-out, which begins with the call to the other phone; its webhook may be repeated."""
LATE_S: Final = 5.0
"""How late the webhook of an earlier event may arrive after that of a later one: two attempts of 2 s, 1 s apart."""

REASON: Final = "transfer"
"""The reason for the suspension of voice activity."""


async def transfer(parts: CallParts, to: str, timeout_s: float, fields: dict[str, Any]) -> Transfer:
    """Transfer a call. See Call.transfer."""
    require_transfer(parts.phone, to, timeout_s, fields)
    return await Transferring(parts, to, timeout_s).send(parts.phone, fields)


def require_transfer(phone: PhoneCall, to: str, timeout_s: float, fields: dict[str, Any]) -> None:
    """Check a transfer that cannot be commanded, or whose result would not be reported.

    Raises:
        TypeError, ValueError, EndpointError: it is not possible. No error contains the number.
    """
    if not isinstance(to, str):
        raise TypeError(f"to is of type {type(to).__name__}, a number or SIP URI as str is needed")
    if not to.strip():
        raise ValueError("to is empty, a number or SIP URI is needed")
    if commands.TIMEOUT_SECS in fields:
        raise TypeError(f"{commands.TIMEOUT_SECS} is sent by transfer() itself: pass timeout_s")
    low, high = commands.MIN_TRANSFER_TIMEOUT_S, commands.MAX_TRANSFER_TIMEOUT_S
    if not low <= timeout_s <= high:
        raise ValueError(f"timeout_s is {timeout_s:g}, {low} to {high} is needed")
    phone.control("transfer")
    if not phone.webhooks_seen():
        raise EndpointError(
            "transfer() needs webhooks for its result, and none has reached the endpoint: pass each verified event "
            "to endpoint.webhook(), or to call.webhook() if another server owns the WebSocket"
        )
    if phone.state != "up":
        raise EndpointError(f"the phone call is {phone.state}; only a call that is up can be transferred")


class Transfer(Live):
    """One transfer, from `Call.transfer`. Use it in the event loop's thread only."""

    __slots__ = ("_result",)

    def __init__(self, result: asyncio.Future[TransferResult]) -> None:
        self._result = result

    def __repr__(self) -> str:
        known = self.known
        return f"<Transfer {'running' if known is None else known.outcome}>"

    @property
    def known(self) -> TransferResult | None:
        """The result; None: it is not known yet."""
        return self._result.result() if self._result.done() else None

    async def result(self) -> TransferResult:
        """Wait for the result. Several tasks may wait, and the result stays the same.

        It is known at the latest 10 s after the carrier's time-out, or at once when stream and handler have ended.
        """
        return await asyncio.shield(self._result)


class Transferring:
    """Commands one transfer, handles its webhooks, and keeps the state of the phone call."""

    __slots__ = (
        "_deadline",
        "_facts",
        "_grace",
        "_leg_id",
        "_leg_state",
        "_parks",
        "_phone",
        "_pump",
        "_refused",
        "_result",
        "_shown",
        "_timeout_s",
        "_to",
        "_warn",
    )

    def __init__(self, parts: CallParts, to: str, timeout_s: float) -> None:
        """Prepare the transfer; `send` commands it."""
        self._phone: PhoneCall | None = parts.phone
        self._pump: Pump[CallMachine] | None = parts.pump
        self._warn = CallLog(parts.id).warning
        self._to = to
        self._timeout_s = timeout_s
        self._facts = TransferFacts()
        self._leg_id: str | None = None  # the id of the new leg, once it is known
        self._leg_state = ""
        self._parks = False
        self._refused = False  # the carrier has refused it
        self._shown: PhoneState = "transferring"
        self._result: asyncio.Future[TransferResult] = asyncio.get_running_loop().create_future()
        self._deadline: asyncio.TimerHandle | None = None
        self._grace: asyncio.TimerHandle | None = None

    async def send(self, phone: PhoneCall, fields: dict[str, Any]) -> Transfer:
        """Silence our side and send the command. Raises any error of the control; then the call is up again."""
        self._begin(phone, fields)
        try:
            await phone.command(
                "transfer",
                "command",
                commands.TRANSFER,
                to=self._to,
                timeout_secs=math.ceil(self._timeout_s),
                **fields,
            )
        except Exception as error:
            # The carrier may still have executed it, so events still change the state.
            self._refused = isinstance(error, CommandRefused)
            self._settle(TransferResult("failed", f"the command raised {type(error).__name__}"))
            self._update()
            raise
        return Transfer(self._result)

    @property
    def _known(self) -> TransferResult | None:
        return self._result.result() if self._result.done() else None

    # Begin

    def _begin(self, phone: PhoneCall, fields: dict[str, Any]) -> None:
        own = fields.get(commands.TARGET_LEG_CLIENT_STATE)
        if isinstance(own, bytes):
            own = base64.b64encode(own).decode()
        # The new leg's events return it, which distinguishes them from late events of an earlier transfer.
        self._leg_state = own or base64.b64encode(secrets.token_bytes(12)).decode()
        fields[commands.TARGET_LEG_CLIENT_STATE] = self._leg_state
        self._parks = fields.get(commands.PARK_AFTER_UNBRIDGE) == commands.PARK_SELF
        loop = asyncio.get_running_loop()
        limit_s = self._timeout_s + DEADLINE_MARGIN_S
        phone.leg_states.add(self._leg_state)
        if phone.on_release is not None:
            phone.on_release()  # release the previous transfer
        phone.on_release = self._release
        phone.begin_command()
        phone.watch(self._take)
        phone.state = "transferring"
        phone.result_due_s = loop.time() + limit_s
        self._deadline = loop.call_later(limit_s, self._presume)
        self._silence()

    def _silence(self) -> None:
        """Stop all audio that we send, and suspend voice activity."""
        pump = self._pump
        if pump is None or pump.machine.session.ended:
            return
        machine, now_ms = pump.machine, pump.now_ms()
        machine.session.suspend_voice(REASON, now_ms)
        machine.interrupt(now_ms, "all")
        machine.session.stop_fill()
        pump.run()

    def _speak_again(self) -> None:
        """Resume voice activity and the keep-alive."""
        pump = self._pump
        if pump is None or pump.machine.session.ended:
            return
        pump.machine.session.resume_voice(REASON, pump.now_ms())
        pump.machine.session.resume_keep_alive()
        pump.run()

    # Webhooks

    def _take(self, event: PhoneEvent) -> None:
        phone = self._phone
        if phone is None or phone.is_stale(event):
            return
        # 1. Is it about this transfer? Then record its fact.
        facts = self._facts
        if not self._note(phone, event):
            return
        # 2. Was the call bridged with another one later? Then this transfer no longer determines the state.
        if facts.bridged_elsewhere:
            if phone.state != "ended":
                phone.state = "bridged"
            phone.may_be_bridged = False
            self._release()
            return
        # 3. Do the facts prove the result, or has a leg ended?
        if not self._result.done():
            if facts.proven is not None:
                self._settle(facts.proven)
            elif facts.ending and self._grace is None:
                self._grace = asyncio.get_running_loop().call_later(LATE_S, self._presume)
        # 4. Update the state, which events after the result change as well.
        self._update()

    def _note(self, phone: PhoneCall, event: PhoneEvent) -> bool:
        """Record the fact that an event reports. Returns False if the event is about another leg."""
        facts, kind, occurred_at = self._facts, event.event_type, getattr(event, "occurred_at", None)
        if event.call_control_id == phone.call_control_id:
            facts.caller_left |= kind == webhooks.CALL_HANGUP
            if kind == webhooks.CALL_BRIDGED and occurred_at is not None:
                facts.bridged_at = max(facts.bridged_at or occurred_at, occurred_at)
        elif not self._is_new_leg(phone, event):
            return False
        elif kind == webhooks.CALL_ANSWERED:
            facts.answered = True
        elif kind == webhooks.CALL_HANGUP:
            facts.cause = getattr(event, "hangup_cause", None) or webhooks.UNSPECIFIED
            facts.ended_at = occurred_at
        facts.bridged |= kind == webhooks.CALL_BRIDGED and not facts.bridged_elsewhere
        return True

    def _is_new_leg(self, phone: PhoneCall, event: PhoneEvent) -> bool:
        """Return whether an event of another leg is about the leg that this transfer has created."""
        leg_id = event.call_control_id
        if leg_id is None:
            return False
        if self._leg_id is None:
            state = getattr(event, "client_state", None)
            ours = state == self._leg_state
            if not ours and (state in phone.leg_states or getattr(event, "to", None) != self._to):
                return False
            self._leg_id = leg_id
        return leg_id == self._leg_id

    def _update(self) -> None:
        """Derive the state of the phone call from the facts, and silence or resume our side accordingly."""
        phone = self._phone
        if phone is None or phone.state == "ended":
            return
        known = self._known
        phone.may_be_bridged = (
            known is not None and not known.bridged and self._facts.cause is None and not self._refused
        )
        was, self._shown = self._shown, self._state()
        phone.state = self._shown
        if self._shown == was:
            return
        if self._shown == "bridged":
            if known is not None and not known.bridged:
                self._warn("the call was bridged after its transfer had ended as %s", known.outcome)
            self._silence()
        elif self._shown == "up":
            self._speak_again()

    def _state(self) -> PhoneState:
        facts, known = self._facts, self._known
        unanswered = facts.cause in webhooks.UNANSWERED_CAUSES and not facts.answered
        joined = facts.bridged and not unanswered and (facts.answered or known is not None)
        if joined and (known is None or known.bridged or facts.cause is None):
            # When one leg ends, the carrier hangs up both, unless the command has park_after_unbridge.
            return "up" if facts.cause is not None and self._parks else "bridged"
        return "transferring" if known is None else "up"

    # End

    def _presume(self) -> None:
        """End a transfer for which no more events are expected.

        A leg without webhooks is not hung up: its webhooks may be lost while both people talk to each other.
        """
        self._settle(self._facts.presumed(self._timeout_s))
        self._update()

    def _settle(self, result: TransferResult) -> None:
        """Report the result, once."""
        for timer in (self._deadline, self._grace):
            if timer is not None:
                timer.cancel()
        self._deadline = self._grace = None
        if not self._result.done():
            self._result.set_result(result)
            if self._phone is not None:
                self._phone.result_due_s = 0.0
                self._phone.totals.count_transfer(result.outcome)

    def _release(self) -> None:
        """Drop references back to the call: stream and handler have ended, or another transfer begins."""
        self._settle(self._facts.presumed(self._timeout_s))
        if self._phone is not None:
            self._phone.unwatch(self._take)
        self._phone = self._pump = None
