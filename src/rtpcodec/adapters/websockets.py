"""Calls on a server of the package `websockets`. `serve(transport="websockets")` is the whole endpoint on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Unpack, cast
from weakref import WeakSet

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.options import AdapterOptions, Authorize, Handler
from rtpcodec.server.other_servers import call_on, check_call, request_refusal
from rtpcodec.server.request_headers import request_headers
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

try:
    from websockets.asyncio.server import ServerConnection, broadcast
    from websockets.exceptions import ConnectionClosed
    from websockets.http11 import Request, Response
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.websockets", "websockets", "websockets") from error

BREACHES: Final = {1002: "frame", 1007: "utf8", 1009: "size"}  # the rules of codes that `websockets` closes with


async def serve_websocket(
    connection: ServerConnection, handler: Handler | None = None, **options: Unpack[AdapterOptions]
) -> None:
    """Run a call on a connection whose request was checked, until both have ended. Arguments: as for `call_on`."""
    request, codes = cast("Request", connection.request), list[int]()
    about: dict[str, Any] = {"target": request.path, "headers": request_headers(request.headers.raw_items())}

    async def send_text(text: str) -> None:
        if connection.protocol.eof_sent:
            connection.transport.abort()  # it answered the other side's end, which may hold the connection
        elif connection.transport.get_write_buffer_size():
            await connection.send(text)  # waits for a slow reader
        else:
            broadcast((connection,), text)  # at half the cost

    async def close(code: int) -> None:
        codes.append(code)
        await connection.close(code)

    async def ping(payload: bytes) -> None:
        pong = cast("Any", await connection.ping(payload))
        pong.add_done_callback(lambda pong: None if pong.cancelled() or pong.exception() else call.ponged(payload))

    about |= {"ping": ping, "cut": connection.transport.abort}
    async with call_on(send_text, close, handler, **about, **options) as call:
        try:
            while True:
                message = await connection.recv()
                if isinstance(message, str):
                    call.received(message)
                else:
                    call.rejected("text", "a binary frame, messages are text", octets=len(message))
        except ConnectionClosed as end:
            _report_end(call, end, by_us=bool(codes))


def _report_end(call: Receiver, end: ConnectionClosed, *, by_us: bool) -> None:
    if end.sent is not None and end.sent.code in BREACHES and not by_us:
        call.rejected(BREACHES[end.sent.code], end.sent.reason, end.sent.code)
    elif end.rcvd is not None:
        call.peer_closed(None if end.rcvd.code == 1005 else end.rcvd.code)


class MediaHandler:
    """A handler for `websockets.asyncio.server.serve`, which needs its `serve_options` as keyword arguments."""

    def __init__(self, authorize: Authorize | None, run_call: Callable[[ServerConnection], Awaitable[None]]) -> None:
        self._authorize, self._run_call, self._admitted = authorize, run_call, WeakSet[ServerConnection]()
        options = {"process_request": self.process_request, "max_size": MAX_MESSAGE_OCTETS, "compression": None}
        self.serve_options: dict[str, Any] = options

    def process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Check the token before the upgrade; a wrong one is answered with 401."""
        headers, peer = request_headers(request.headers.raw_items()), connection.remote_address
        refusal = request_refusal(self._authorize, request.path, headers, str(peer[0]) if peer else "")
        if refusal is not None:
            return connection.respond(refusal.status, refusal.body.decode())
        self._admitted.add(connection)
        return None

    async def __call__(self, connection: ServerConnection) -> None:
        """Run a call. A connection whose token was not checked, because `serve` lacks the options, is closed."""
        await (self._run_call(connection) if connection in self._admitted else connection.close(1008))


def media_handler(
    handler: Handler | None = None, *, authorize: Authorize | None = None, **options: Any
) -> MediaHandler:
    """Make a handler of connections. authorize: as for `rtpcodec.serve`; the others: as for `serve_websocket`."""
    check_call(handler, authorize=authorize, **options)
    return MediaHandler(authorize, partial(serve_websocket, handler=handler, **options))
