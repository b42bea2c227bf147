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
"""The rules of the close codes with which WebSocket libraries end the connection of a peer that breaks one."""

_FUNCTIONS: Final = ("handler", "on_audio", "on_event")

_refusals: Final = RefusalLog()
"""Of all servers of this process: its quota protects the log, which they share."""


def request_refusal(
    authorize: Authorize | None, target: str, headers: Mapping[str, str], address: str = ""
) -> Answer | None:
    """Decide whether a request may become a call, by the rules of the endpoint; log the refusal within a quota.

    Without authorize, a request of a web page is refused with 403: a carrier sends no Origin, and any page that a
    developer visits could open the call otherwise. Paths are the server's task.

    Args:
        authorize: as for `serve`: tokens, or a plain function; None: everything but web pages is accepted.
        target: path with query of the request.
        headers: headers of the request; `get` finds names in any case.
        address: of the client, for the log; "": unknown.

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
        function: the name of the adapter's function that was called, for errors.

    Raises:
        EndpointError: settings contradict each other.
        TypeError: for a keyword that does not exist.
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
    """Run a call on a WebSocket that another server has accepted.

    The block must report each frame: `received(text)`, `rejected("text", "...")` for a binary one, `peer_closed(code)`.
    It should await `asyncio.sleep(0)` after every few reports, so that a peer that sends many frames delays no other.
    It must end when the socket ends, with or without an exception. Then `call_on` waits for the handler, and cancels it
    after `handler_grace_s`, or at once if it is cancelled itself. Use it from the event loop's thread only.

    Args:
        send_text, close: send one text frame; a close frame with a code.
        handler, on_audio, on_event, options: as for `serve`; the handler's return ends the stream, and `on_handler_end`
            decides about the phone call, which `control` commands. Access control, paths and size limits are the
            server's task, so they are not among the options.
        target: path with query of the request, for `Call.path`.
        headers: headers of the request, for `Call.headers`; names of a dict are found in any case.
        ping: sends a ping with these octets, without waiting for its pong, which the block must report:
            `ponged(octets)`. None: no pings are sent, so that a peer that vanishes is noticed by `idle_timeout_s` only.
        cut: cuts the connection of a peer that has vanished or does not answer a close frame; None: the server must.

    Yields:
        The receiver of the reports.

    Raises:
        EndpointError: settings contradict each other, or one belongs to the server.
        TypeError: for an unknown one.
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
        raise EndpointError(f"{', '.join(foreign)}: call_on cannot apply it, the server that owns the WebSocket must")
    if handler is None and on_audio is None and on_event is None:
        raise EndpointError("none of handler, on_audio and on_event is given: nothing would answer the call")
    if settings.on_handler_end == "hangup" and settings.control is None:
        raise EndpointError("on_handler_end is 'hangup' and nothing sends commands: pass control=CallControl(...)")
    return settings


@contextlib.contextmanager
def _cancellation_noted(runner: CallRunner) -> Iterator[None]:
    """Record a cancellation before the socket's end is reported, which looks like a lost one."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        runner.cancelled()
        raise


async def _wait(ended: asyncio.Event, runner: CallRunner) -> None:
    """Wait until socket and handler have ended; if that is cancelled, cancel the handler first."""
    try:
        await ended.wait()
    except asyncio.CancelledError:
        runner.cancel()
        await ended.wait()
        raise
