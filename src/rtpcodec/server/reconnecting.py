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
"""For the answer to `streaming_stop`. Without one the new stream is requested all the same: the carrier may have
noticed the loss by itself."""
BUSY_LIMIT_S: Final = 10.0
"""From the first `streaming_start` to the last one, for as long as the carrier answers 90045, cannot be reached or
cannot open the socket."""
RETRY_S: Final = 0.25
"""From such an answer to the next `streaming_start`: 40 commands at most."""
START_LIMIT_S: Final = 10.0
"""From a `streaming_start` to the stream's `start`: the default of `Endpoint.stream`."""
LIMIT_S: Final = STOP_LIMIT_S + BUSY_LIMIT_S + START_LIMIT_S
"""For a whole attempt. The stream is held a second longer, so that the attempt itself ends it."""


@dataclass(frozen=True, slots=True)
class ReconnectionContext:
    """What an endpoint lends to the reconnections of its calls."""

    invitations: Invitations
    public_url: Callable[[], str]
    """Returns the URL that carriers dial. Raises EndpointError if there is none."""


class Reconnection:
    """The reconnections of one call. Use it from the event loop's thread only.

    A call that can be reconnected is held by its machine when its socket is lost. A second caller joins the attempt
    that runs. If it fails, the stream ends.
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
            pump, phone, log: of the call.
            context: what the endpoint lends; None: the call runs on the WebSocket of another server.
            fields: those of the first `streaming_start`, without address and token.
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
        self._limit: asyncio.Timeout | None = None  # of a wait that the end of the phone call ends
        self._hung_up = False
        self._waiters = 0
        self.automatic = False
        """Whether an attempt begins with the loss, without a caller."""
        self.count = 0
        """How often the call was reconnected."""

    def begin(
        self, stream_id: str | None, attach: Callable[[Socket], Receiver], hold_s: float, *, automatic: bool
    ) -> None:
        """Have the stream held when its socket is lost, if a new one can be requested.

        Args:
            stream_id: of the stream that has started.
            attach: carries the call on over another socket, whose reports go to what it returns.
            hold_s: how long it is held until an attempt begins.
            automatic: whether an attempt begins with the loss.
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
        """Reconnect the call, or join the attempt that runs; nothing if its socket is open. As `Call.reconnect`."""
        if self._pump.machine.session.ended:
            raise StreamEnded("the stream has ended, so it cannot be reconnected")
        self._requirements()
        require_generated(fields)
        if not self._pump.machine.session.lost:
            return
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
                task.cancel()  # nobody waits any more; one that is done is not changed
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
        self._task = None  # it only returns; the next loss has an attempt of its own
        if self._invitation is not None:
            self._invitation.started(call)

    def _socket_lost(self) -> None:
        """Record that a socket is gone: the old one, behind its close frame, or the new one before its `start`."""
        if self._invitation is not None and not self._invitation.open:
            self._invitation.fail("lost", "the socket closed before the stream began")

    def end(self) -> None:
        """End the attempt that runs, because the stream has ended, and drop what refers back to call and endpoint."""
        self._phone.unwatch(self._take_webhook)
        self._attach = self._pump.on_held = self._log = self._context = None
        if self._task is not None:
            self._task.cancel()

    def _take_webhook(self, event: PhoneEvent) -> None:
        """End the hold if the phone call has ended. Reports of its streams, which may come late, change nothing."""
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
        """Return what an attempt needs. Raises EndpointError with what is missing."""
        if self._context is None:
            raise EndpointError(
                "reconnect() has the carrier open another WebSocket to the endpoint, and this call runs on that of "
                "another server: use `serve`"
            )
        control = self._phone.control("reconnect")
        if not hasattr(control, "stop_streaming"):
            raise EndpointError(
                f"reconnect() sends streaming_stop first, and the control, of type {type(control).__name__}, has no "
                "stop_streaming"
            )
        self._context.public_url()
        return control, self._context

    def _start(self, fields: Mapping[str, Any]) -> asyncio.Task[None]:
        pump, machine = self._pump, self._pump.machine
        body = completed(machine.session.plan, {**self._fields, **fields})
        machine.hold_ms = (LIMIT_S + 1.0) * 1000  # also when a new socket is lost before its `start`
        machine.keep_held(pump.now_ms() + machine.hold_ms)
        self._task = asyncio.get_running_loop().create_task(self._attempt(*self._requirements(), body))
        self._task.add_done_callback(self._ended)
        return self._task

    async def _attempt(self, control: PhoneControl, context: ReconnectionContext, body: Mapping[str, Any]) -> None:
        await self._stop_old(control)
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
        except Exception as error:  # whatever a control raises: the result decides nothing
            # A stop that comes late names the lost stream, so it does not end the new one.
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
        """Wait for so long at most; the end of the phone call ends the wait as well. Raises TimeoutError."""
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
