"""Calls on the WebSockets of aiohttp's server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Unpack

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.external_websockets import BREACHES, call_on, check_call, reject_binary, request_refusal
from rtpcodec.server.options import AdapterOptions, Authorize, Handler
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

try:
    from aiohttp import WebSocketError, WSMsgType
    from aiohttp.web import Request, Response, StreamResponse, WebSocketResponse
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.aiohttp", "aiohttp", "aiohttp") from error

DATA: Final = (WSMsgType.TEXT, WSMsgType.PONG, WSMsgType.PING, WSMsgType.BINARY)
"""Messages that do not end a WebSocket."""


async def serve_websocket(
    request: Request,
    handler: Handler | None = None,
    *,
    authorize: Authorize | None = None,
    **options: Unpack[AdapterOptions],
) -> WebSocketResponse | Response:
    """Upgrade a request and run a call on its WebSocket until both have ended, or refuse it before the upgrade.

    Args:
        request: the request for a WebSocket.
        handler: as for `call_on`.
        authorize: tokens or a plain function, as for `serve`; None: any request except those of web pages is accepted.
        **options: as for `call_on`, on_audio and on_event included.

    Returns the response of the request handler.
    Raises: EndpointError if settings contradict each other; HTTPBadRequest if the request is not an upgrade.
    """
    target, headers = request.raw_path, request.headers
    refusal = request_refusal(authorize, target, headers, request.remote or "")
    if refusal is not None:
        return Response(body=refusal.body, status=refusal.status, headers={"Content-Type": refusal.content_type})
    socket = WebSocketResponse(autoclose=False, autoping=False, compress=False, max_msg_size=MAX_MESSAGE_OCTETS)
    await socket.prepare(request)
    closed: list[int] = []

    async def close(code: int) -> None:
        closed.append(code)  # `socket.close` would not wait for the peer's close frame
        await socket.send_frame(code.to_bytes(2, "big"), WSMsgType.CLOSE)

    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    async with call_on(
        socket.send_str, close, handler, target=target, headers=headers, ping=socket.ping, cut=cut, **options
    ) as call:
        await _read(socket, call, closed, cut)
    return socket


async def _read(socket: WebSocketResponse, call: Receiver, closed: list[int], cut: Callable[[], None]) -> None:
    frames = 0
    while (message := await socket.receive()).type in DATA:
        if message.type is WSMsgType.TEXT:
            call.received(message.data)
        elif message.type is WSMsgType.PONG:
            call.ponged(message.data)
        elif message.type is WSMsgType.PING:
            call.touched()
            await socket.pong(message.data)
        else:
            reject_binary(call, message.data)
        if not (frames := (frames + 1) % TURN_FRAMES):
            await asyncio.sleep(0)
    if message.type is WSMsgType.CLOSE and not closed:
        call.peer_closed(message.data or None)
        await socket.close(code=message.data or 1000)  # at once, because the handler may continue
        return
    if isinstance(message.data, WebSocketError) and message.data.code in BREACHES:
        call.rejected(BREACHES[message.data.code], str(message.data), message.data.code)
    cut()


def media_handler(
    handler: Handler | None = None, *, authorize: Authorize | None = None, **options: Unpack[AdapterOptions]
) -> Callable[[Request], Awaitable[StreamResponse]]:
    """Make a request handler whose WebSockets are calls, for `app.router.add_get`.

    The arguments are those of `serve_websocket`. Raises: EndpointError if settings contradict each other.
    """
    check_call("media_handler", handler, authorize=authorize, **options)

    async def media(request: Request) -> StreamResponse:
        return await serve_websocket(request, handler, authorize=authorize, **options)

    return media
