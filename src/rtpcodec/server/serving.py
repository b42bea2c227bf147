"""`serve`: an endpoint as an async context. `run`: an endpoint as a whole program."""

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
from rtpcodec.server.draining import RUN_DRAIN_S, VARIABLES, override, supervisor_grace_s
from rtpcodec.server.options import EndpointOptions, Handler, OnAudio, OnEvent
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tls_files import TlsFiles
from rtpcodec.server.unknown_options import require_known

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

    Use it as `async with serve(handler) as endpoint`. Without handler, on_audio and on_event, the endpoint accepts only
    calls that `endpoint.stream` has requested. At the end of the block, running streams are closed with 1001; call
    `endpoint.drain` before it to let them finish.

    Thread rule: use the endpoint in its event loop's thread only.

    Args:
        handler: a coroutine function, called with each Call. When it returns, the stream ends once all audio was heard;
            an exception ends only that stream, at once. The phone call continues, unless `on_handler_end`,
            `call.hangup` or its TeXML document ends it: docs/start-streaming.md.
        on_audio: in place of a handler: a plain function, called with Call and Audio for each chunk.
        on_event: with on_audio, or alone: a plain function, called with Call and each event except Audio.
        options: the fields of EndpointSettings.

    Raises:
        EndpointError: a setting is invalid, or the address is not available.
        TypeError: an option does not exist.
        MissingExtra: picows is not installed.
    """
    require_known("serve", options, EndpointOptions.__annotations__)
    override(options, *VARIABLES)
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

    The first signal drains the endpoint: new calls are refused with 503, and streams may continue for `drain_s`, by
    default an hour; then they are closed with 1001. A second signal closes them at once. The phone calls continue
    without their streams, unless `on_handler_end` ends them. SIGHUP reads the files of a TlsFiles again, and ends
    nothing. The log names the time that a supervisor must allow.

    The process's soft limit on file descriptors is raised to the number that `max_calls` needs.

    Thread rule: call it in the main thread only.

    Args:
        handler: as for `serve`.
        on_audio: as for `serve`.
        on_event: as for `serve`.
        on_ready: called with the endpoint once it is open.
        options: the fields of EndpointSettings.

    Raises:
        EndpointError: called outside the main thread, or as for `serve`.
        TypeError, MissingExtra: as for `serve`.
    """
    require_known("run", options, (*EndpointOptions.__annotations__, "on_ready"))
    if options.get("sock") is None:
        options.setdefault("port", RUN_PORT)
    options.setdefault("drain_s", RUN_DRAIN_S)
    override(options, *VARIABLES)
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
    try:
        with rare_collections(loop):
            async with _opened(settings) as endpoint:
                if _SIGHUP is not None:
                    loop.add_signal_handler(_SIGHUP, _reload, endpoint, settings)
                _log_grace(settings)
                if on_ready is not None:
                    on_ready(endpoint)
                await first.wait()
                logger.info("draining: %d calls may continue for %g s", len(endpoint.calls), settings.drain_s)
                _log_grace(settings)
                if not await _drained_before(endpoint, second):
                    logger.info("received a second signal; closing all streams at once")
                    await endpoint.close(at_once=True)
    finally:
        for number in _ENDING if _SIGHUP is None else (*_ENDING, _SIGHUP):
            loop.remove_signal_handler(number)


def _reload(endpoint: Endpoint, settings: EndpointSettings) -> None:
    """Handle SIGHUP, which by default would end the process and all calls."""
    if not isinstance(settings.ssl, TlsFiles):
        logger.info("received SIGHUP, which changes nothing; calls continue")
        return
    try:
        endpoint.reload_tls()
    except (EndpointError, OSError) as error:
        logger.error("received SIGHUP, but the old certificate stays in use: %s", error)
    else:
        logger.info("received SIGHUP: certificate and key were read again, new connections use them")


def _log_grace(settings: EndpointSettings) -> None:
    logger.info(
        "drain_s=%g and handler_grace_s=%g: the supervisor must allow %g s between SIGTERM and SIGKILL "
        "(TimeoutStopSec, terminationGracePeriodSeconds, stop_grace_period)",
        settings.drain_s,
        settings.handler_grace_s,
        supervisor_grace_s(settings.drain_s, settings.handler_grace_s),
    )


async def _drained_before(endpoint: Endpoint, event: asyncio.Event) -> bool:
    """Drain the endpoint until an event is set. Returns whether the drain was complete before."""
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
