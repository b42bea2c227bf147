"""Calls on WebSockets of other servers, such as FastAPI, aiohttp, websockets or your own.

`call_on` runs a call. `request_refusal` is the access control in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Final, Unpack, cast

from rtpcodec.errors import EndpointError
from rtpcodec.pump.socket import Receiver
from rtpcodec.pump.task_receiver import TaskReceiver
from rtpcodec.pump.writer import AwaitedSocket
from rtpcodec.server.access import Answer, Authorization
from rtpcodec.server.call_log import RefusalLog
from rtpcodec.server.call_parts import UpgradeRequest
from rtpcodec.server.draining import override
from rtpcodec.server.options import AdapterOptions, Authorize, CallOptions, EndpointOptions, Handler, OnAudio, OnEvent
from rtpcodec.server.origins import ORIGIN_HEADER
from rtpcodec.server.runner import CallRunner
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.settings_checks import check_authorize
from rtpcodec.server.unknown_options import require_known

BREACHES: Final = {1002: "frame", 1007: "utf8", 1009: "size"}
"""Broken rules by the close codes that WebSocket libraries send."""

_FUNCTIONS: Final = ("handler", "on_audio", "on_event")

_refusals: Final = RefusalLog()
"""Shared by all servers of this process, because they share the log that its quota protects."""


def request_refusal(
    authorize: Authorize | None, target: str, headers: Mapping[str, str], address: str = ""
) -> Answer | None:
    """Decide whether a request may become a call, by the rules of the endpoint, and log a refusal within a quota.

    Without authorize, a request of a web page is refused with 403: carriers send no Origin, and otherwise any page that
    a developer visits could open a call. Checking the path is the server's task.

    Args:
        authorize: as for `serve`: tokens, or a plain function; None: all requests except those of web pages are
            accepted.
        target: path and query of the request.
        headers: headers of the request; `get` finds names in any case.
        address: address of the client, for the log; "": unknown.

    Returns:
        The HTTP answer to send before the upgrade, with 401, 403 or 500; None: the request may become a call.

    Raises:
        EndpointError: authorize is an empty token or a coroutine function.
    """
    check_authorize(authorize)
    if authorize is None and headers.get(ORIGIN_HEADER) is not None:
        refusal: Answer | None = Answer(
            HTTPStatus.FORBIDDEN, b"origin not allowed", why="it is of a web page, and authorize is None"
        )
    else:
        refusal = Authorization(authorize).refusal(target, headers)
    if refusal is not None:
        _refusals.refused(refusal.status, time.monotonic(), address, refusal.why)
    return refusal


def check_call(
    function: str,
    handler: Handler | None = None,
    *,
    authorize: Authorize | None = None,
    **options: Unpack[AdapterOptions],
) -> None:
    """Check settings before the first call: those of `call_on`, and `authorize`.

    Args:
        function: the name of the adapter's function, for errors.
        handler: as for `call_on`.
        authorize: as for `request_refusal`.
        options: as for `call_on`.

    Raises:
        EndpointError: settings contradict each other.
        TypeError: an option does not exist.
    """
    require_known(function, options, (*EndpointOptions.__annotations__, *_FUNCTIONS))
    check_authorize(authorize)
    on_audio, on_event = options.pop("on_audio", None), options.pop("on_event", None)
    _settings(handler, on_audio, on_event, cast("CallOptions", options))


def reject_binary(call: Receiver, octets: bytes) -> None:
    """Report a binary frame."""
    call.rejected("text", "a binary frame, messages are text", octets=len(octets))


@contextlib.asynccontextmanager
async def call_on(
    send_text: Callable[[str], Awaitable[object]],
    close: Callable[[int], Awaitable[object]],
    handler: Handler | None = None,
    *,
    on_audio: OnAudio | None = None,
    on_event: OnEvent | None = None,
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    ping: Callable[[bytes], Awaitable[object]] | None = None,
    cut: Callable[[], object] | None = None,
    **options: Unpack[CallOptions],
) -> AsyncIterator[Receiver]:
    """Run a call on a WebSocket that another server has accepted, as an async context.

    The block must report each frame: `received(text)`, `rejected("text", "...")` for a binary frame,
    `peer_closed(code)`. It should await `asyncio.sleep(0)` after every few reports, so that a peer that sends many
    frames does not delay other calls. The block must end when the socket ends, with or without an exception. Then
    `call_on` waits for the handler, and cancels it after `handler_grace_s`, or at once if `call_on` itself is
    cancelled.

    Thread rule: use it in the event loop's thread only.

    Args:
        send_text: sends one text frame.
        close: sends a close frame with a code.
        handler: as for `serve`. When it returns, the stream ends; `on_handler_end` decides about the phone call, which
            `control` commands.
        on_audio: as for `serve`.
        on_event: as for `serve`.
        target: path and query of the request, for `Call.path`.
        headers: headers of the request, for `Call.headers`; names of a dict are found in any case.
        ping: sends a ping with these octets without waiting for its pong. The block must report each pong:
            `ponged(octets)`. None: no pings are sent, so only `idle_timeout_s` ends the stream of a vanished peer.
        cut: disconnects a peer that has vanished or does not answer a close frame; None: the server must do that.
        options: the fields of CallOptions. Access control, paths and size limits are the server's task.

    Yields:
        The receiver of the reports.

    Raises:
        EndpointError: settings contradict each other, or one of them belongs to the server.
        TypeError: an option does not exist.
    """
    require_known("call_on", options, EndpointOptions.__annotations__)
    settings = _settings(handler, on_audio, on_event, options)
    ended = asyncio.Event()
    socket = AwaitedSocket(send_text, close, ping, cut)
    runner = CallRunner(settings, socket, UpgradeRequest(target, headers or {}), lambda _runner: ended.set())
    socket.receiver = runner.pump
    try:
        async with socket:
            with _cancellation_noted(runner):
                yield TaskReceiver(runner.pump)
    except Exception:
        raise
    except BaseException:
        runner.cancel()
        raise
    finally:
        await _wait(ended, runner)


def _settings(
    handler: Handler | None, on_audio: OnAudio | None, on_event: OnEvent | None, options: CallOptions
) -> EndpointSettings:
    """Check the settings of a call on another server. Raises EndpointError."""
    override(options, "handler_grace_s")
    settings = EndpointSettings(handler=handler, on_audio=on_audio, on_event=on_event, **options)
    foreign = sorted(options.keys() - CallOptions.__annotations__)
    if foreign:
        raise EndpointError(
            f"{', '.join(foreign)}: call_on cannot apply it; only the server that owns the WebSocket can"
        )
    if handler is None and on_audio is None and on_event is None:
        raise EndpointError("none of handler, on_audio and on_event is given: one of them must answer the call")
    if settings.on_handler_end == "hangup" and settings.control is None:
        raise EndpointError("on_handler_end is 'hangup' and there is no control: pass control=CallControl(...)")
    return settings


@contextlib.contextmanager
def _cancellation_noted(runner: CallRunner) -> Iterator[None]:
    """Record a cancellation before the end of the socket is reported, which would look like a loss."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        runner.cancelled()
        raise


async def _wait(ended: asyncio.Event, runner: CallRunner) -> None:
    """Wait until socket and handler have ended. If the wait is cancelled, cancel the handler first."""
    try:
        await ended.wait()
    except asyncio.CancelledError:
        runner.cancel()
        await ended.wait()
        raise
