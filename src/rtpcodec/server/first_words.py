"""The first words of a call: replies wait for a moment after the start, or for the answering-machine verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final, Literal

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.pickling import Live
from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.phone_facts import VERDICT_EVENTS, PhoneEvent, verdict_of
from rtpcodec.stream.machine import CallMachine

Reason = Literal["first words", "verdict"]

MAX_RINGING_S: Final = 60.0
"""Longest wait for the webhook of the answer, because it may be lost: twice the carrier's usual ringing time."""

_DELAY: Final[Reason] = "first words"
_VERDICT: Final[Reason] = "verdict"


class FirstWords(Live):
    """Suspends the replies of one call at its beginning. Use it in the event loop's thread only.

    Incoming calls (reported by a webhook) are not suspended: their callers wait for us to speak.
    """

    __slots__ = (
        "_after_ms",
        "_answered",
        "_log",
        "_phone",
        "_pump",
        "_ringing",
        "_timers",
        "_verdict",
        "_verdict_s",
        "_waiters",
    )

    def __init__(
        self,
        pump: Pump[CallMachine],
        phone: PhoneCall,
        log: CallLog,
        *,
        after_ms: float,
        verdict_s: float | None,
    ) -> None:
        """Prepare it. Nothing is suspended before `begin`.

        Args:
            pump: the pump of the call.
            phone: the phone call behind it.
            log: the log of the call.
            after_ms: how long replies wait after the start, or after a later answer; 0: not at all.
            verdict_s: how long they wait for the verdict at most; None: not at all.
        """
        self._pump = pump
        self._phone = phone
        self._log: CallLog | None = log  # None: the stream has ended
        self._after_ms = after_ms
        self._verdict_s = verdict_s
        self._answered = False  # certainly, independent of webhooks
        self._ringing = False  # the phone rings, and the answer is awaited
        self._timers: dict[Reason, asyncio.TimerHandle] = {}  # of the active suspensions
        self._verdict: str | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def begin(self, *, answered: bool) -> None:
        """Suspend replies, because the stream has started.

        Args:
            answered: whether the phone call was answered for certain, as a streaming command needs it.
        """
        facts = self._phone.facts()
        self._verdict = facts.verdict
        self._answered = answered
        if facts.direction == webhooks.INCOMING:
            return
        reasons: list[Reason] = [_DELAY] if self._after_ms > 0 else []
        reported = self._pump.machine.session.dialect.commands
        if reported and self._verdict_s is not None and self._verdict is None:
            reasons.append(_VERDICT)
        if reasons:
            for reason in reasons:
                self._pump.machine.session.suspend_speech(reason, self._pump.now_ms())
            self._phone.watch(self._handle)
            self._begin_waits(reasons)

    async def verdict(self) -> str | None:
        """Return the verdict as soon as it is known; None: it is no longer awaited."""
        while _VERDICT in self._timers:
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(change)
            try:
                await change
            finally:
                if change in self._waiters:
                    self._waiters.remove(change)
        return self._verdict if self._verdict is not None else self._phone.facts().verdict

    def end(self) -> None:
        """End all waits, because the stream has ended."""
        for reason in tuple(self._timers):
            self._resume(reason)
        self._log = None

    def _handle(self, event: PhoneEvent) -> None:
        if event.call_control_id != self._phone.call_control_id:
            return
        if event.event_type in VERDICT_EVENTS:
            self._verdict = verdict_of(event)
            self._resume(_VERDICT)
        if event.event_type == webhooks.CALL_INITIATED and self._phone.facts().direction == webhooks.INCOMING:
            for reason in tuple(self._timers):
                self._resume(reason)
            return
        answers = event.event_type == webhooks.CALL_ANSWERED or self._ringing
        if answers or (event.event_type == webhooks.CALL_INITIATED and self._rings()):
            self._begin_waits(tuple(self._timers))

    def _rings(self) -> bool:
        """Return whether it is an outgoing call that is not answered yet, so that its stream has started early."""
        facts = self._phone.facts()
        return facts.direction == webhooks.OUTGOING and not (self._answered or facts.answered)

    def _begin_waits(self, reasons: Iterable[Reason]) -> None:
        """Start the waits for these reasons now, or at the answer if the phone rings."""
        was, self._ringing = self._ringing, self._rings()
        if was and self._ringing:
            return
        ringing_s = MAX_RINGING_S if self._ringing else 0.0
        for reason in reasons:
            if reason in self._timers:
                self._timers[reason].cancel()
            for_s = self._after_ms / 1000 if reason == _DELAY else self._verdict_s or 0.0
            self._timers[reason] = asyncio.get_running_loop().call_later(ringing_s + for_s, self._time_out, reason)

    def _time_out(self, reason: Reason) -> None:
        if reason == _VERDICT and self._log is not None:
            why = (
                ""
                if self._phone.webhooks_seen()
                else "; endpoint.webhook and call.webhook have received no webhook so far"
            )
            self._log.info("no verdict of answering-machine detection within %g s%s", self._verdict_s, why)
        if reason == _DELAY and self._ringing and self._log is not None:
            self._log.warning("no webhook reported the answer within %g s; replies begin without it", MAX_RINGING_S)
        self._resume(reason)

    def _resume(self, reason: Reason) -> None:
        timer = self._timers.pop(reason, None)
        if timer is None:
            return
        timer.cancel()
        if not self._timers:
            self._phone.unwatch(self._handle)
        self._pump.machine.session.resume_speech(reason, self._pump.now_ms())
        self._pump.run()
        if reason == _VERDICT:
            waiters, self._waiters = self._waiters, []
            for change in waiters:
                if not change.done():
                    change.set_result(None)
