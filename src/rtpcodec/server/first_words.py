"""The first words of a call: replies wait for a moment after the start, or for the answering-machine verdict."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.pickling import Live
from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.phone_call import VERDICT_EVENTS, PhoneCall, PhoneEvent, verdict_of
from rtpcodec.stream.machine import CallMachine

Reason = Literal["first words", "verdict"]
_DELAY: Final[Reason] = "first words"
_VERDICT: Final[Reason] = "verdict"


class FirstWords(Live):
    """Suspends the replies of one call at its begin. Use it from the event loop's thread only.

    A call that a webhook has called incoming is not concerned: its caller waits for us to speak.
    """

    __slots__ = ("_after_ms", "_log", "_phone", "_pump", "_timers", "_verdict", "_verdict_s", "_waiters")

    def __init__(
        self,
        pump: Pump[CallMachine],
        phone: PhoneCall,
        log: CallLog,
        *,
        after_ms: float,
        verdict_s: float | None,
    ) -> None:
        """Make it; nothing is suspended before `begin`.

        pump: of the call.
        phone: the phone call behind it.
        log: of the call.
        after_ms: how long replies wait after the start; 0: not at all.
        verdict_s: how long they wait for the verdict at most; None: not at all.
        """
        self._pump = pump
        self._phone = phone
        self._log: CallLog | None = log  # None: the stream has ended
        self._after_ms = after_ms
        self._verdict_s = verdict_s
        self._timers: dict[Reason, asyncio.TimerHandle] = {}  # of the suspensions that are on
        self._verdict: str | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def begin(self) -> None:
        """Suspend replies, because the stream has started."""
        facts = self._phone.facts()
        self._verdict = facts.verdict
        if facts.direction == webhooks.INCOMING:
            return
        if self._after_ms > 0:
            self._suspend(_DELAY, self._after_ms / 1000)
        if self._verdict_s is not None and self._verdict is None:
            self._suspend(_VERDICT, self._verdict_s)
        if self._timers:
            self._phone.watch(self._tell)

    async def verdict(self) -> str | None:
        """Return the verdict, as soon as it is known; None: it is not awaited any more."""
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
        """Await nothing more, because the stream has ended."""
        for reason in tuple(self._timers):
            self._resume(reason)
        self._log = None

    def _tell(self, event: PhoneEvent) -> None:
        if event.call_control_id != self._phone.call_control_id:
            return
        if event.event_type in VERDICT_EVENTS:
            self._verdict = verdict_of(event)
            self._resume(_VERDICT)
        elif event.event_type == webhooks.CALL_ANSWERED and _DELAY in self._timers:
            # The stream was established while the phone rang: the delay counts from the answer.
            self._suspend(_DELAY, self._after_ms / 1000)
        elif event.event_type == webhooks.CALL_INITIATED and self._phone.facts().direction == webhooks.INCOMING:
            for reason in tuple(self._timers):
                self._resume(reason)

    def _suspend(self, reason: Reason, for_s: float) -> None:
        timer = self._timers.get(reason)
        if timer is not None:
            timer.cancel()
        self._timers[reason] = asyncio.get_running_loop().call_later(for_s, self._time_out, reason)
        self._pump.machine.session.suspend_speech(reason, self._pump.now_ms())

    def _time_out(self, reason: Reason) -> None:
        if reason == _VERDICT and self._log is not None:
            why = (
                ""
                if self._phone.webhooks_seen()
                else "; no webhook was handed to endpoint.webhook or call.webhook so far"
            )
            self._log.info("no verdict of answering-machine detection within %g s%s", self._verdict_s, why)
        self._resume(reason)

    def _resume(self, reason: Reason) -> None:
        timer = self._timers.pop(reason, None)
        if timer is None:
            return
        timer.cancel()
        if not self._timers:
            self._phone.unwatch(self._tell)
        self._pump.machine.session.resume_speech(reason, self._pump.now_ms())
        self._pump.run()
        if reason == _VERDICT:
            waiters, self._waiters = self._waiters, []
            for change in waiters:
                if not change.done():
                    change.set_result(None)
