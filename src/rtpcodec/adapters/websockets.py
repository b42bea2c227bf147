"""Calls on a server of the package `websockets`. For the whole endpoint on it, use `serve(transport="websockets")`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.pump.frame_headers import BINARY, TEXT, server_frame
from rtpcodec.server.external_websockets import BREACHES, call_on, check_call, reject_binary, request_refusal
from rtpcodec.server.options import Authorize, Handler
from rtpcodec.server.request_headers import request_headers
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

try:
    from websockets import ConnectionClosed, Request, Response, ServerConnection
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.websockets", "websockets", "websockets") from error


class MediaConnection(ServerConnection):
    """A connection that passes whole texts to its call at once, a limited number per turn, while `recv` has none."""

    deliver: Callable[[str], object] | None = None
    admitted, waiting, left = False, 0, TURN_FRAMES

    def process_event(self, event: Any) -> None:
        """Process a request or a frame of `websockets`."""
        opcode = getattr(event, "opcode", None)
        if opcode == TEXT and event.fin and self.deliver and self.left and not self.waiting and event.data.isascii():
            self.left -= 1
            if not self.left:
                self.loop.call_soon(setattr, self, "left", TURN_FRAMES)
            self.deliver(str(event.data, "ascii"))
            return
        self.waiting += opcode in (TEXT, BINARY)
        super().process_event(event)


async def serve_websocket(connection: ServerConnection, handler: Handler | None = None, **options: Any) -> None:
    """Run a call on a connection whose request was checked, until both have ended. Options: those of `call_on`."""
    request, transport = cast("Request", connection.request), connection.transport
    head: dict[str, Any] = {"target": request.path, "headers": request_headers(request.headers.raw_items())}

    async def send_text(text: str) -> None:
        if connection.protocol.eof_sent:
            transport.abort()  # the close handshake is over, but the other side may keep the connection open
        elif connection.state.name != "OPEN" or transport.get_write_buffer_size():
            await connection.send(text)  # waits for a slow reader
        else:
            transport.write(server_frame(TEXT, text.encode()))

    async def ping(payload: bytes) -> None:
        pong = cast("Any", await connection.ping(payload))
        pong.add_done_callback(lambda pong: None if pong.cancelled() or pong.exception() else call.ponged(payload))

    async with call_on(send_text, connection.close, handler, ping=ping, cut=transport.abort, **head, **options) as call:
        media = cast("MediaConnection", connection)  # any other class passes all messages to `recv`
        media.deliver, media.waiting = call.received, getattr(connection, "waiting", 0)
        try:
            while True:
                message = await connection.recv()
                media.waiting -= 1
                call.received(message) if isinstance(message, str) else reject_binary(call, message)
                if not media.waiting % TURN_FRAMES:
                    await asyncio.sleep(0)
        except ConnectionClosed as end:
            if end.sent is not None and end.sent.code in BREACHES and end.sent.reason:  # ours have no reason
                call.rejected(BREACHES[end.sent.code], end.sent.reason, end.sent.code)
            elif end.rcvd is not None:
                call.peer_closed(None if end.rcvd.code == 1005 else end.rcvd.code)
        finally:
            media.deliver = None


class MediaCalls:
    """A handler for `websockets.asyncio.server.serve`, which needs its `serve_options` as keyword arguments."""

    def __init__(self, authorize: Authorize | None, run_call: Callable[[ServerConnection], Awaitable[None]]) -> None:
        self._authorize, self._run_call = authorize, run_call
        options = {"max_size": MAX_MESSAGE_OCTETS, "compression": None, "create_connection": MediaConnection}
        self.serve_options: dict[str, Any] = {"process_request": self.process_request, **options}

    def process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Check the token before the upgrade, and refuse a wrong one with 401."""
        headers, peer = request_headers(request.headers.raw_items()), connection.remote_address
        refusal = request_refusal(self._authorize, request.path, headers, str(peer[0]) if peer else "")
        cast("MediaConnection", connection).admitted = refusal is None
        return None if refusal is None else connection.respond(refusal.status, refusal.body.decode())

    async def __call__(self, connection: ServerConnection) -> None:
        """Run a call. Close a connection whose token was not checked, because `serve` lacks the options."""
        await (self._run_call(connection) if getattr(connection, "admitted", False) else connection.close(1008))


def media_handler(handler: Handler | None = None, *, authorize: Authorize | None = None, **options: Any) -> MediaCalls:
    """Make a handler of connections. authorize: as for `rtpcodec.serve`. The others: as for `serve_websocket`."""
    check_call("media_handler", handler, authorize=authorize, **options)
    return MediaCalls(authorize, lambda connection: serve_websocket(connection, handler, **options))
