"""An endpoint that carriers dial: one coroutine per call, or a plain function per chunk. No protocol rules.

serving       serve and run                    foreign       a call on another server's WebSocket
settings      what an endpoint is asked to be  access        the answers to HTTP requests before they are calls
endpoint      its calls and their end          listening     what endpoint and server library need of each other
picows_server, memory_server                   the server libraries
runner        one call: machine, pump, handler handler_task  the handler's task
call          what a handler sees              ongoing       values that may be awaited
inbox         events on their way in           heard         waits for the carrier's play-out
invitations   calls that were asked for        asking        the command for one, and its outcome
handlers      ready-made ones                  call_log      log records of a call
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtpcodec.server.call import Call
from rtpcodec.server.foreign import call_on
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
    "call_on",
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
