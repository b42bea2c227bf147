"""Hosts of the contract: each serves one app per case over real sockets, in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

import rtpcodec
from rtpcodec.server import call_on
from rtpcodec.server.options import Handler


@dataclass(frozen=True)
class App:
    """What a user gives to a host: a handler, and keywords that `call_on` takes, with `authorize` beside them."""

    handler: Handler | None
    options: Mapping[str, Any]


Apps = Mapping[str, App]
"""By the name of the case."""
Urls = Mapping[str, str]
Host = Callable[[Apps], AbstractAsyncContextManager[Urls]]


@contextlib.asynccontextmanager
async def picows(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by the endpoint, one per app."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            name: (await stack.enter_async_context(rtpcodec.serve(app.handler, **app.options))).url
            for name, app in apps.items()
        }


@contextlib.asynccontextmanager
async def bare_call_on(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by `call_on` in a Starlette app, written as a user without an adapter writes it."""
    async with uvicorn_serves(Starlette(routes=[_bare_route(name, app) for name, app in apps.items()])) as base_url:
        yield {name: f"{base_url}/{name}" for name in apps}


def _bare_route(name: str, app: App) -> WebSocketRoute:
    options = dict(app.options)
    token = options.pop("authorize", None)

    async def media(socket: WebSocket) -> None:
        if token is not None and socket.headers.get("x-telnyx-streaming-auth-token") != token:
            await socket.send_denial_response(Response(status_code=401))
            return
        await socket.accept()
        target, headers = f"{socket.url.path}?{socket.url.query}", dict(socket.headers)
        async with call_on(
            socket.send_text, socket.close, app.handler, target=target, headers=headers, **options
        ) as call:
            while (message := await socket.receive())["type"] == "websocket.receive":
                if message.get("text") is not None:
                    call.received(message["text"])
                else:
                    call.rejected("text", "a binary frame, messages are text")
            if message["code"] not in (1005, 1006):  # which no close frame carries (RFC 6455 section 7.4.1)
                call.peer_closed(message["code"])

    return WebSocketRoute(f"/{name}", media)


@contextlib.asynccontextmanager
async def uvicorn_serves(app: Starlette) -> AsyncIterator[str]:
    """Serve an ASGI app; yields its base URL."""
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


HOSTS: dict[str, Host] = {"picows": picows, "call_on": bare_call_on}
