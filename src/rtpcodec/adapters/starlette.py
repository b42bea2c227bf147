"""Calls on the WebSockets of Starlette and FastAPI, behind any ASGI server that supports WebSockets.

An ASGI server neither reports pongs nor sends our pings. Its own pings end the socket of a peer that has vanished.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, Unpack

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.external_websockets import call_on, check_call, reject_binary, request_refusal
from rtpcodec.server.options import AdapterOptions, Authorize, Handler

try:
    from starlette.responses import Response
    from starlette.routing import WebSocketRoute
    from starlette.types import Receive, Scope, Send
    from starlette.websockets import WebSocket
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.starlette", "starlette", "starlette") from error


async def serve_websocket(
    websocket: WebSocket,
    handler: Handler | None = None,
    *,
    authorize: Authorize | None = None,
    **options: Unpack[AdapterOptions],
) -> None:
    """Accept a WebSocket and run a call on it until both have ended, or refuse it before the upgrade.

    Args:
        websocket: a WebSocket that is not accepted yet.
        handler: as for `call_on`.
        authorize: tokens or a plain function, as for `serve`; None: any request except those of web pages is accepted.
            A refusal has status 401, 403 or 500; always 403 if the server cannot send another one.
        **options: as for `call_on`, on_audio and on_event included. EndpointError: they contradict each other.
    """
    scope, headers = websocket.scope, websocket.headers
    path, query = scope.get("raw_path") or scope["path"].encode(), scope.get("query_string")
    target = (path + b"?" + query if query else path).decode("utf-8", "surrogateescape")
    refusal = request_refusal(authorize, target, headers, websocket.client.host if websocket.client else "")
    if refusal is not None:
        if "websocket.http.response" in scope.get("extensions", {}):
            answer = Response(refusal.body, refusal.status, media_type=refusal.content_type)
            await websocket.send_denial_response(answer)
        else:
            await websocket.close()
        return
    await websocket.accept()
    # Call the functions of the server directly: WebSocket would check each message again.
    functions: tuple[Receive, Send] = scope.get(_FUNCTIONS, (websocket.receive, websocket.send))
    receive, send = functions

    def send_text(text: str) -> Awaitable[None]:
        return send({"type": "websocket.send", "text": text})

    async with call_on(send_text, websocket.close, handler, target=target, headers=headers, **options) as call:
        # A task of its own, so that a message does not pass the frames of each middleware that awaits this function.
        await asyncio.create_task(_read(receive, call))


def media_route(
    path: str, handler: Handler | None = None, *, authorize: Authorize | None = None, **options: Unpack[AdapterOptions]
) -> WebSocketRoute:
    """Make a route whose WebSockets are calls, for `routes` of Starlette or `app.router.routes` of FastAPI.

    path: the path in the stream URL. The other arguments are those of `serve_websocket`, which is slightly slower.
    Raises: EndpointError if settings contradict each other.
    """
    check_call("media_route", handler, authorize=authorize, **options)

    class Media:
        """An ASGI application. Starlette calls an object with scope, receive and send, a function with a WebSocket."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            websocket = WebSocket({**scope, _FUNCTIONS: (receive, send)}, receive, send)
            await serve_websocket(websocket, handler, authorize=authorize, **options)

    return WebSocketRoute(path, Media(), name="media")


_FUNCTIONS: Final = "rtpcodec.functions"
"""The member of a scope that holds the `receive` and `send` of an ASGI server."""


async def _read(receive: Receive, call: Receiver) -> None:
    frames = 0
    while (message := await receive())["type"] == "websocket.receive":
        if (text := message.get("text")) is not None:
            call.received(text)
        else:
            reject_binary(call, message["bytes"])
        if not (frames := (frames + 1) % TURN_FRAMES):
            await asyncio.sleep(0)
    # Servers report a lost connection by 1006, some by 1005 without a reason.
    if (code := message.get("code")) != 1006 and (code != 1005 or "reason" in message):
        call.peer_closed(None if code == 1005 else code)
