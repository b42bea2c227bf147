"""Opens the streams of the call, one after the other, each with an endpoint of its own on the same port."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.client import AsyncCallControl, DialedCall
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.errors import CallEnded, CommandError, RtpcodecError, StreamingInUse, StreamNotStarted
from rtpcodec.server import Call, Handler, serve
from rtpcodec.server.endpoint import Endpoint
from rtpcodec.stream.plan import StreamPlan

NAME_OCTETS: Final = 24
STARTS_WITHIN_S: Final = 15.0
"""Limit from the command to the stream, in seconds."""
BUSY_S: Final = 12.0
"""Time in seconds that the carrier may need to notice a closed socket; it refuses a new stream meanwhile."""
BUSY_WAIT_S: Final = 0.25
AUDIO_WITHIN_S: Final = 5.0


class CallNotMade(RtpcodecError):
    """The call of the doctor was not made or not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSetup:
    """How the call is made: control, numbers, addresses, limits."""

    control: AsyncCallControl
    to: str = field(repr=False)
    from_: str = field(repr=False)
    connection_id: str
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = field(default=None, repr=False)
    """The URL that leads to host and port; None: the carrier is on this machine."""
    webhook_url: str | None = field(default=None, repr=False)
    ssl: ssl.SSLContext | None = None
    ring_s: float = 45.0
    """How long the phone may ring, in seconds."""
    unread_s: float = 8.0
    """How long the socket is not read, in seconds: enough to fill the system's buffers on both sides."""


@dataclass(slots=True)
class Dialled:
    """The first stream, which the dial command requested."""

    call: Call
    observer: Observer
    call_control_id: str
    dialled_ms: float
    """When the dial command was answered."""
    socket_ms: float | None
    """When the socket was opened; None: before the endpoint could see it."""

    @property
    def waited_s(self) -> float:
        """Seconds since the dial command was answered."""
        return (now_ms() - self.dialled_ms) / 1000


class _Admission:
    """Accepts one token, and records when."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(NAME_OCTETS)
        self.socket_ms: float | None = None

    def accepts(self, headers: Mapping[str, str], _target: str) -> bool:
        accepted = secrets.compare_digest(
            headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape"), self.token.encode()
        )
        if accepted and self.socket_ms is None:
            self.socket_ms = now_ms()
        return accepted


def _endpoint(
    setup: CallSetup, plan: StreamPlan, handler: Handler | None = None, **options: Any
) -> AbstractAsyncContextManager[Endpoint]:
    """Open an endpoint that sends at once and sends nothing by itself, so that all echoes belong to our own audio."""
    return serve(
        handler,
        plan=plan,
        host=setup.host,
        port=setup.port,
        public_url=setup.public_url,
        ssl=setup.ssl,
        lead_ms=None,
        own_marks=False,
        diagnosis_s=None,
        ping_interval_s=None,
        start_timeout_s=setup.ring_s + STARTS_WITHIN_S,
        idle_timeout_s=60.0,
        max_frames_per_s=None,
        max_octets_per_s=None,
        drain_s=0.0,
        **options,
    )


@asynccontextmanager
async def dialled(setup: CallSetup, plan: StreamPlan, inbox: WebhookInbox | None = None) -> AsyncIterator[Dialled]:
    """Dial with streaming, and wait for the stream. The caller hangs up; if no stream begins, this does.

    Args:
        inbox: receives the webhooks of the call, which report early that no stream will begin; None: there are none.

    Raises: CallNotMade if the phone is not answered or no stream begins; CommandError.
    """
    admission, over = _Admission(), asyncio.Event()
    started: asyncio.Future[Call] = asyncio.get_running_loop().create_future()

    async def hold(call: Call) -> None:
        if not started.done():
            started.set_result(call)
        await over.wait()

    async with _endpoint(setup, plan, hold, path=None, authorize=admission.accepts) as endpoint:
        command = await _dial(setup, plan, setup.public_url or endpoint.url, admission.token)
        dialled_ms = now_ms()
        try:
            call = await _first_call(setup, started, inbox)
        except BaseException:  # cancelled too: the phone must not continue to ring
            await asyncio.shield(hung_up(setup, command.call_control_id))
            raise
        try:
            async with _observed(call) as observer:
                yield Dialled(call, observer, command.call_control_id, dialled_ms, admission.socket_ms)
        finally:
            over.set()


async def _dial(setup: CallSetup, plan: StreamPlan, base_url: str, token: str) -> DialedCall:
    return await setup.control.dial(
        to=setup.to,
        from_=setup.from_,
        connection_id=setup.connection_id,
        stream_url=f"{base_url.rstrip('/')}/{secrets.token_urlsafe(NAME_OCTETS)}",
        stream_auth_token=token,
        webhook_url=setup.webhook_url,
        timeout_secs=round(setup.ring_s),
        **plan.command_fields("dial"),
    )


async def _first_call(setup: CallSetup, started: asyncio.Future[Call], inbox: WebhookInbox | None) -> Call:
    """Wait for the first stream, or for the webhook that reports that it will not begin. Raises CallNotMade."""
    limit_s = setup.ring_s + STARTS_WITHIN_S
    waiting: set[asyncio.Future[Any]] = {started}
    if inbox is not None:
        waiting.add(asyncio.create_task(inbox.arrival(webhooks.CALL_HANGUP, webhooks.STREAMING_FAILED)))
    try:
        await asyncio.wait(waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            return started.result()
        event = next((one.result() for one in waiting if one.done()), None)
    finally:
        for one in waiting - {started}:
            one.cancel()
        await asyncio.gather(*(waiting - {started}), return_exceptions=True)
    if event is None:
        raise CallNotMade(f"no stream began within {limit_s:g} s: was the phone answered?")
    if event.event_type == webhooks.STREAMING_FAILED:
        raise CallNotMade("the carrier could not open the stream: run `rtpcodec doctor` with the same --url")
    why = getattr(event, webhooks.HANGUP_CAUSE, None) or "no reason is given"
    raise CallNotMade(f"the call ended before its stream began: {why:.80}")


@asynccontextmanager
async def streamed(setup: CallSetup, call_control_id: str, plan: StreamPlan, **fields: Any) -> AsyncIterator[Observer]:
    """Have the call streamed by a command, once the carrier has noticed the end of the previous stream.

    Raises: StreamNotStarted, also once the call has ended.
    """
    async with _endpoint(setup, plan) as endpoint:
        call = await _started(setup, endpoint, call_control_id, fields)
        async with _observed(call) as observer:
            yield observer


async def _started(setup: CallSetup, endpoint: Endpoint, call_control_id: str, fields: dict[str, Any]) -> Call:
    ends_ms = now_ms() + BUSY_S * 1000
    with contextlib.suppress(CommandError):  # the stream has stopped already
        await setup.control.stop_streaming(call_control_id)
    while True:
        try:
            return await endpoint.stream(setup.control, call_control_id, timeout_s=STARTS_WITHIN_S, **fields)
        except StreamNotStarted as error:
            if not isinstance(error.__cause__, StreamingInUse) or now_ms() > ends_ms:
                raise
        await passed(BUSY_WAIT_S)


@asynccontextmanager
async def _observed(call: Call) -> AsyncIterator[Observer]:
    """Read the events of a stream beside the block."""
    observer = Observer(call)
    task = asyncio.create_task(observer.run())
    try:
        yield observer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not call.ended:
            await call.close()


async def hung_up(setup: CallSetup, call_control_id: str) -> None:
    """Hang up; no effect if the call has ended."""
    with contextlib.suppress(CommandError):
        await setup.control.hangup(call_control_id)


async def is_up(setup: CallSetup, call_control_id: str) -> bool | None:
    """Return whether the phone call continues, by a command that changes nothing; None: the carrier does not say."""
    try:
        await setup.control.update_client_state(call_control_id, client_state=b"doctor")
    except CallEnded:
        return False
    except CommandError:
        return None
    return True
