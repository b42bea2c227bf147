"""Reconnects a call whose WebSocket was lost: requests a new stream of the same phone call, one attempt at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.carriers.telnyx.commands import COMMAND_ID
from rtpcodec.carriers.telnyx.members import STREAM_ID
from rtpcodec.errors import (
    CallEnded,
    CommandError,
    EndpointError,
    StreamEnded,
    StreamingInUse,
    StreamingNotInUse,
    StreamNotStarted,
)
from rtpcodec.pump.reconnectable_pump import ReconnectablePump
from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.invitations import Invitation, Invitations
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.phone_control import PhoneControl, send
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.stream_request import ask, completed, require_generated
from rtpcodec.stream.machine import NORMAL, CallMachine

STOP_LIMIT_S: Final = 5.0
"""Limit on the answer to `streaming_stop`. Without an answer the new stream is still requested, because the carrier may
have noticed the loss itself."""
BUSY_LIMIT_S: Final = 10.0
"""Time from the first `streaming_start` to the last one, while the carrier answers 90045, cannot be reached or cannot
open the socket."""
RETRY_S: Final = 0.25
"""Time from such an answer to the next `streaming_start`: at most 40 commands."""
START_LIMIT_S: Final = 10.0
"""Limit from a `streaming_start` to the stream's `start`: the default of `Endpoint.stream`."""
LIMIT_S: Final = STOP_LIMIT_S + BUSY_LIMIT_S + START_LIMIT_S
"""Limit on a whole attempt. The stream is held a second longer, so that the attempt itself ends it."""


@dataclass(frozen=True, slots=True)
class ReconnectionContext:
    """The parts of an endpoint that reconnections of its calls need."""

    invitations: Invitations
    public_url: Callable[[], str]
    """Returns the URL that carriers dial. Raises EndpointError if there is none."""


class Reconnection:
    """The reconnections of one call. Use it in the event loop's thread only.

    When the socket of a call is lost and the call can be reconnected, its machine holds it. A second caller joins the
    running attempt. If the attempt fails, the stream ends.
    """

    __slots__ = (
        "_attach",
        "_context",
        "_fields",
        "_hold_ms",
        "_hung_up",
        "_invitation",
        "_limit",
        "_log",
        "_phone",
        "_pump",
        "_stream_id",
        "_task",
        "_waiters",
        "automatic",
        "count",
    )

    def __init__(
        self,
        pump: ReconnectablePump[CallMachine],
        phone: PhoneCall,
        log: CallLog,
        context: ReconnectionContext | None,
        fields: Mapping[str, Any],
    ) -> None:
        """Prepare the reconnections of a call whose stream has not started.

        Args:
            pump: the pump of the call.
            phone: the phone call.
            log: the log of the call.
            context: the parts of the endpoint; None: the call runs on the WebSocket of another server.
            fields: the fields of the first `streaming_start`, without address and token.
        """
        self._pump = pump
        self._phone = phone
        self._log: CallLog | None = log
        self._context = context
        self._attach: Callable[[Socket], Receiver] | None = None
        self._fields = {name: value for name, value in fields.items() if name != COMMAND_ID}
        self._stream_id: str | None = None
        self._hold_ms = 0.0
        self._task: asyncio.Task[None] | None = None
        self._invitation: Invitation | None = None
        self._limit: asyncio.Timeout | None = None  # of the current wait, which the end of the phone call ends
        self._hung_up = False
        self._waiters = 0
        self.automatic = False
        """Whether an attempt begins at the loss, without a call of `reconnect`."""
        self.count = 0
        """How often the call was reconnected."""

    def begin(
        self, stream_id: str | None, attach: Callable[[Socket], Receiver], hold_s: float, *, automatic: bool
    ) -> None:
        """Enable holding the stream when its socket is lost, if a new one can be requested.

        Args:
            stream_id: the id of the stream that has started.
            attach: continues the call on another socket; returns the receiver of that socket's reports.
            hold_s: how long the stream is held until an attempt begins, in s.
            automatic: whether an attempt begins at the loss.
        """
        self._stream_id = stream_id
        try:
            self._requirements()
        except EndpointError:
            return
        self.automatic = automatic
        self._attach = attach
        self._pump.on_held = self._socket_lost
        self._hold_ms = max(hold_s, RETRY_S if automatic else 0.0) * 1000
        self._pump.machine.hold_ms = self._hold_ms
        self._phone.watch(self._take_webhook)

    async def reconnect(self, **fields: Any) -> None:
        """Reconnect the call, or join the running attempt, as `Call.reconnect`. Does nothing if its socket is open."""
        # 1. Can it be reconnected at all?
        if self._pump.machine.session.ended:
            raise StreamEnded("the stream has ended, so it cannot be reconnected")
        self._requirements()
        require_generated(fields)
        # 2. Is the socket open? Then there is nothing to do.
        if not self._pump.machine.session.lost:
            return
        # 3. Start an attempt or join the running one, and wait for its end. The last cancelled caller ends it.
        task = self._task or self._start(fields)
        self._waiters += 1
        try:
            await asyncio.wait((task,))
            if task.cancelled():
                raise StreamEnded("the stream ended before it was reconnected")
            task.result()
        finally:
            self._waiters -= 1
            if not self._waiters and not self.automatic:
                task.cancel()  # the last caller was cancelled; a finished task is not changed
            del task  # it may hold the error that is raised, whose traceback holds this frame

    # Reports of the call

    def disconnected(self) -> None:
        """Record the loss of the socket, and begin an attempt if they are automatic."""
        if not self._pump.machine.held:
            return
        self._note("the WebSocket was lost; the stream is held")
        if self.automatic:
            self._start({})

    def reconnected(self, call: Call, stream_id: str | None) -> None:
        """Record the `start` on the new socket."""
        self.count += 1
        self._stream_id = stream_id
        self._pump.machine.hold_ms = self._hold_ms
        self._task = None  # the old attempt only has to return; the next loss starts another one
        if self._invitation is not None:
            self._invitation.started(call)

    def _socket_lost(self) -> None:
        """Record that a socket is gone: the old one, after its close frame, or the new one before its `start`."""
        if self._invitation is not None and not self._invitation.open:
            self._invitation.fail("lost", "the socket closed before the stream began")

    def end(self) -> None:
        """End the running attempt, because the stream has ended, and drop references back to call and endpoint."""
        self._phone.unwatch(self._take_webhook)
        self._attach = self._pump.on_held = self._log = self._context = None
        if self._task is not None:
            self._task.cancel()

    def _take_webhook(self, event: PhoneEvent) -> None:
        """End the hold if the phone call has ended. Webhooks about streams may be late, so they change nothing."""
        if event.event_type != webhooks.CALL_HANGUP or event.call_control_id != self._phone.call_control_id:
            return
        self._hung_up = True
        self._hold_ms = self._pump.machine.hold_ms = 0.0
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
        if self._task is None:
            self._end_hold()

    # One attempt

    def _requirements(self) -> tuple[PhoneControl, ReconnectionContext]:
        """Return the control and context of an attempt. Raises EndpointError that names what is missing."""
        if self._context is None:
            raise EndpointError(
                "reconnect() needs an endpoint of `serve`, to which the carrier opens another WebSocket; this call is "
                "on the WebSocket of another server"
            )
        control = self._phone.control("reconnect")
        if not hasattr(control, "stop_streaming"):
            raise EndpointError(
                f"reconnect() needs a control with stop_streaming, and that of type {type(control).__name__} has none"
            )
        self._context.public_url()
        return control, self._context

    def _start(self, fields: Mapping[str, Any]) -> asyncio.Task[None]:
        pump, machine = self._pump, self._pump.machine
        body = completed(machine.session.plan, {**self._fields, **fields})
        machine.hold_ms = (LIMIT_S + 1.0) * 1000  # this also holds it when a new socket is lost before its `start`
        machine.keep_held(pump.now_ms() + machine.hold_ms)
        self._task = asyncio.get_running_loop().create_task(self._attempt(*self._requirements(), body))
        self._task.add_done_callback(self._ended)
        return self._task

    async def _attempt(self, control: PhoneControl, context: ReconnectionContext, body: Mapping[str, Any]) -> None:
        # 1. Stop the lost stream.
        await self._stop_old(control)
        # 2. Request a new one, and wait for its start. 3. If it may succeed later, pause and retry until last_s.
        last_s = asyncio.get_running_loop().time() + BUSY_LIMIT_S
        while True:
            try:
                await self._request(control, context, body)
            except StreamNotStarted as error:
                if not _may_pass(error) or asyncio.get_running_loop().time() + RETRY_S > last_s:
                    raise
            else:
                return
            await self._pause()

    async def _stop_old(self, control: PhoneControl) -> None:
        """Send `streaming_stop` for the lost stream: the carrier may not have noticed its end."""
        stream = {} if self._stream_id is None else {STREAM_ID: self._stream_id}
        try:
            await self._limited(send(control.stop_streaming, self._phone.call_control_id, **stream), STOP_LIMIT_S)
        except StreamingNotInUse:
            return  # the carrier has noticed
        except Exception as error:  # any error of a control: the result does not matter
            # A late stop names the lost stream, so it does not end the new one.
            self._note("the lost stream was not stopped: %s", type(error).__name__)

    async def _request(self, control: PhoneControl, context: ReconnectionContext, body: Mapping[str, Any]) -> None:
        """Request the new stream once, and wait for its `start`. Raises StreamNotStarted."""
        invitation = context.invitations.add(self._phone.call_control_id or "", context.public_url(), control)
        invitation.attach = self._attach
        self._invitation = invitation
        try:
            if self._hung_up:
                raise invitation.not_started("hung_up", "the call has ended")
            await ask(control, invitation, body, START_LIMIT_S)
        except StreamNotStarted as error:
            if isinstance(error.__cause__, CallEnded):
                raise invitation.not_started("hung_up", "the call has ended") from error.__cause__
            raise
        finally:
            context.invitations.remove(invitation)
            invitation.abandon()
            if self._invitation is invitation:
                self._invitation = None
            del invitation  # it may hold the error that is raised, whose traceback holds this frame

    async def _pause(self) -> None:
        """Wait before the next command."""
        with suppress(TimeoutError):
            await self._limited(asyncio.sleep(RETRY_S), None)

    async def _limited(self, wait: Awaitable[object], limit_s: float | None) -> None:
        """Await with a limit; the end of the phone call ends the wait as well. Raises TimeoutError."""
        try:
            async with asyncio.timeout(limit_s) as self._limit:
                await wait
        finally:
            self._limit = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None
        if task.cancelled():
            self._end_hold()
            return
        error = task.exception()
        if error is not None:
            if self._log is not None:
                self._log.warn_of_peer("not reconnected: %s", error)
            self._end_hold()
        del error

    def _note(self, message: str, *args: object) -> None:
        if self._log is not None:
            self._log.info(message, *args)

    def _end_hold(self) -> None:
        """End the stream, unless it was reconnected or has ended."""
        pump, machine = self._pump, self._pump.machine
        if not machine.session.lost:
            return
        if machine.held:
            machine.end_hold(pump.now_ms())
        else:  # a new socket is open, and its `start` is missing
            machine.close(NORMAL, pump.now_ms(), "socket_lost")
        pump.run()


def _may_pass(error: StreamNotStarted) -> bool:
    """Return whether the same command may succeed a moment later."""
    cause = error.__cause__
    if error.reason == "refused":
        return isinstance(cause, StreamingInUse) or (isinstance(cause, CommandError) and cause.is_retryable)
    return error.reason in ("failed", "lost")
