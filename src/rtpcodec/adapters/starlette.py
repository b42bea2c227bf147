"""Calls on the WebSockets of Starlette and FastAPI, behind any ASGI server that sends WebSocket messages.

An ASGI server neither reports pongs nor sends pings for its application, so set its own ping interval: it ends the
socket of a peer that has vanished.
"""

from __future__ import annotations

from typing import Unpack

from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from rtpcodec.server.access import Answer
from rtpcodec.server.options import Authorize, CallOptions, Handler, OnAudio, OnEvent
from rtpcodec.server.other_servers import call_on, check_call, request_refusal


async def serve_websocket(
    websocket: WebSocket,
    handler: Handler | None = None,
    *,
    authorize: Authorize | None = None,
    on_audio: OnAudio | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[CallOptions],
) -> None:
    """Accept a WebSocket and run a call on it, until both have ended; or refuse it before the upgrade.

    websocket: not accepted yet.
    handler, on_audio, on_event, options: as for `call_on`.
    authorize: tokens or a plain function, as for `serve`; None: any request but a web page's is accepted. Refusals have
        status 401, 403 or 500, or always 403 if the server cannot send another one (`websocket.http.response`).
    Raises: EndpointError if settings contradict each other.
    """
    scope, headers = websocket.scope, websocket.headers
    query = scope.get("query_string", b"")
    path = scope.get("raw_path") or scope["path"].encode()
    target = (path + b"?" + query if query else path).decode("utf-8", "surrogateescape")
    refusal = request_refusal(authorize, target, headers, websocket.client.host if websocket.client else "")
    if refusal is not None:
        await _refuse(websocket, refusal)
        return
    await websocket.accept()
    async with call_on(
        websocket.send_text,
        websocket.close,
        handler,
        on_audio=on_audio,
        on_event=on_event,
        target=target,
        headers=headers,
        **options,
    ) as call:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            text = message.get("text")
            if text is not None:
                call.received(text)
            else:
                call.rejected("text", "a binary frame, messages are text", octets=len(message["bytes"]))
        # Servers report a lost connection by 1006, some by 1005 without a reason.
        code = message.get("code")
        if code != 1006 and (code != 1005 or "reason" in message):
            call.peer_closed(None if code == 1005 else code)


async def _refuse(websocket: WebSocket, refusal: Answer) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        answer = Response(refusal.body, refusal.status, media_type=refusal.content_type)
        await websocket.send_denial_response(answer)
    else:
        await websocket.close()


def media_route(
    path: str,
    handler: Handler | None = None,
    *,
    authorize: Authorize | None = None,
    on_audio: OnAudio | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[CallOptions],
) -> WebSocketRoute:
    """Make a route whose WebSockets are calls, for `routes` of Starlette or `app.router.routes` of FastAPI.

    path: the path that carriers dial.
    handler, authorize, on_audio, on_event, options: as for `serve_websocket`.
    Raises: EndpointError if settings contradict each other.
    """
    check_call(handler, authorize=authorize, on_audio=on_audio, on_event=on_event, **options)

    async def media(websocket: WebSocket) -> None:
        await serve_websocket(websocket, handler, authorize=authorize, on_audio=on_audio, on_event=on_event, **options)

    return WebSocketRoute(path, media)
