"""An endpoint that carriers dial: one coroutine a call, or a plain function a chunk. No protocol rules.

serving    serve and run          settings   what they may be asked for
endpoint   picows' WebSockets     access     who may come in
invitations  calls that were asked for    asking  the command for one, and what comes of it
line       one call's course      call       what a handler sees    handlers    ready-made ones
playing    audio on its way out   inbox      events on their way in
alarm      a timer                call_log   log records of a call
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtpcodec.server.call import Call
from rtpcodec.server.serving import run, serve
from rtpcodec.server.settings import Authorize, EndpointOptions, EndpointSettings, Handler, OnAudio

if TYPE_CHECKING:
    from rtpcodec.server import handlers as handlers
    from rtpcodec.server.endpoint import Endpoint as Endpoint
    from rtpcodec.server.endpoint import EndpointStatistics as EndpointStatistics

__all__ = [
    "Authorize",
    "Call",
    "Endpoint",
    "EndpointOptions",
    "EndpointSettings",
    "EndpointStatistics",
    "Handler",
    "OnAudio",
    "handlers",
    "run",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Load what needs picows, or files, when it is first used."""
    if name in ("Endpoint", "EndpointStatistics"):
        return getattr(import_module("rtpcodec.server.endpoint"), name)
    if name == "handlers":
        return import_module("rtpcodec.server.handlers")
    raise AttributeError(f"module 'rtpcodec.server' has no attribute {name!r}")
