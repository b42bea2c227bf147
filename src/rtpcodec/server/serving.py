"""`serve` opens an endpoint as an async context; `run` serves until a signal, as a whole program."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Unpack

from rtpcodec.errors import EndpointError
from rtpcodec.server.call_log import logger
from rtpcodec.server.collector import rare_collections
from rtpcodec.server.descriptors import descriptors_needed, raise_limit
from rtpcodec.server.options import EndpointOptions, Handler, OnAudio, OnEvent
from rtpcodec.server.settings import EndpointSettings

if TYPE_CHECKING:
    from rtpcodec.server.endpoint import Endpoint

RUN_PORT: Final = 8080
"""The default port of `run`."""

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_SIGHUP: Final[signal.Signals | None] = getattr(signal, "SIGHUP", None)  # POSIX only


def serve(
    handler: Handler | None = None,
    *,
    on_audio: OnAudio | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[EndpointOptions],
) -> AbstractAsyncContextManager[Endpoint]:
    """Open an endpoint that carriers dial, as an async context.

    Use it as `async with serve(handler) as endpoint`.

    Without handler, on_audio and on_event the endpoint accepts only calls requested by
    `await endpoint.stream(control, call_control_id)`. At the end of the block, streams that still run are closed with
    1001; `await endpoint.drain()` before it lets them finish. Use the endpoint from its event loop's thread only.

    handler: a coroutine function, called with each Call. When it returns, the stream ends once all audio was heard; an
    exception ends that stream only, at once. The phone call continues without it, unless `on_handler_end` or
    `call.hangup` ends it, or its TeXML document does: docs/start-streaming.md.
    on_audio: instead of a handler, a plain function, called with Call and Audio for each chunk.
    on_event: beside on_audio, or alone: a plain function, called with Call and each event except Audio.
    options: the fields of EndpointSettings.
    Raises: EndpointError if a setting is invalid or the address is not available, MissingExtra if picows is not
    installed.
    """
    return _opened(EndpointSettings(handler=handler, on_audio=on_audio, on_event=on_event, **options))


def run(
    handler: Handler | None = None,
    *,
    on_audio: OnAudio | None = None,
    on_event: OnEvent | None = None,
    on_ready: Callable[[Endpoint], object] | None = None,
    **options: Unpack[EndpointOptions],
) -> None:
    """Serve until SIGTERM or SIGINT, by default on port 8080, and on uvloop if it is installed.

    The first signal drains the endpoint: new calls are refused with 503, streams may continue for `drain_s` and are
    then closed with 1001. A second signal closes them at once. The phone calls continue without their streams, unless
    `on_handler_end` ends them. The process's soft limit on file descriptors is raised to what `max_calls` needs. Call
    it from the main thread only.

    handler, on_audio, on_event, options: as for `serve`.
    on_ready: called with the endpoint once it is open.
    Raises: EndpointError outside the main thread, and what `serve` raises.
    """
    options.setdefault("port", RUN_PORT)
    settings = EndpointSettings(handler=handler, on_audio=on_audio, on_event=on_event, **options)
    if threading.current_thread() is not threading.main_thread():
        raise EndpointError("run needs the main thread for its signals; use serve in other threads")
    raise_limit(descriptors_needed(settings))
    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        runner.run(_serve_until_signalled(settings, on_ready))


@contextlib.asynccontextmanager
async def _opened(settings: EndpointSettings) -> AsyncIterator[Endpoint]:
    from rtpcodec.server.endpoint import Endpoint  # noqa: PLC0415 -- needs picows, which is optional

    endpoint = Endpoint(settings)
    await endpoint.open()
    try:
        yield endpoint
    finally:
        await endpoint.close()


async def _serve_until_signalled(settings: EndpointSettings, on_ready: Callable[[Endpoint], object] | None) -> None:
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (second if first.is_set() else first).set()

    for number in _ENDING:
        loop.add_signal_handler(number, signalled)
    if _SIGHUP is not None:
        # By default it ends the process and so cuts all calls. There is no configuration that it could reload.
        loop.add_signal_handler(_SIGHUP, logger.info, "received SIGHUP, which changes nothing: calls continue")
    try:
        with rare_collections(loop):
            async with _opened(settings) as endpoint:
                if on_ready is not None:
                    on_ready(endpoint)
                await first.wait()
                logger.info("draining: %d calls may continue for %g s", len(endpoint.calls), settings.drain_s)
                if not await _drained_before(endpoint, second):
                    logger.info("received a second signal, closing at once")
                    await endpoint.close(at_once=True)
    finally:
        for number in _ENDING if _SIGHUP is None else (*_ENDING, _SIGHUP):
            loop.remove_signal_handler(number)


async def _drained_before(endpoint: Endpoint, event: asyncio.Event) -> bool:
    """Drain the endpoint. Returns whether it was drained before the event was set, which stops the draining."""
    drained, happened = asyncio.create_task(endpoint.drain()), asyncio.create_task(event.wait())
    try:
        await asyncio.wait((drained, happened), return_when=asyncio.FIRST_COMPLETED)
        return drained.done()
    finally:
        for task in (drained, happened):
            task.cancel()
        await asyncio.gather(drained, happened, return_exceptions=True)


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        return importlib.import_module("uvloop").new_event_loop  # type: ignore[no-any-return]  # a plain import would need it installed
    except ImportError:
        return None
