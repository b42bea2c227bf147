"""Hosts of the contract: each serves one app per case over real sockets, in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from aiohttp import web
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio import server as websockets_server

import rtpcodec
from rtpcodec.adapters import aiohttp as aiohttp_adapter
from rtpcodec.adapters import starlette as starlette_adapter
from rtpcodec.adapters import websockets as websockets_adapter
from rtpcodec.server import call_on
from rtpcodec.server.options import Handler, Transport


@dataclass(frozen=True)
class App:
    """The app of a host: a handler, keywords of `call_on`, and `authorize`."""

    handler: Handler | None
    options: Mapping[str, Any]


Apps = Mapping[str, App]
"""By the name of the case."""
Urls = Mapping[str, str]
Host = Callable[[Apps], AbstractAsyncContextManager[Urls]]


@contextlib.asynccontextmanager
async def endpoint(apps: Apps, *, transport: Transport) -> AsyncIterator[Urls]:
    """Serve by the endpoint, one per app."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            name: (await stack.enter_async_context(rtpcodec.serve(app.handler, transport=transport, **app.options))).url
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
async def starlette(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by routes of a Starlette app, behind uvicorn."""
    routes = [starlette_adapter.media_route(f"/{name}", app.handler, **app.options) for name, app in apps.items()]
    async with uvicorn_serves(Starlette(routes=routes)) as base_url:
        yield {name: f"{base_url}/{name}" for name in apps}


@contextlib.asynccontextmanager
async def fastapi(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by the WebSocket functions of a FastAPI app, behind uvicorn."""
    server = FastAPI()
    for name, app in apps.items():
        server.add_api_websocket_route(f"/{name}", _fastapi_function(app))
    async with uvicorn_serves(server) as base_url:
        yield {name: f"{base_url}/{name}" for name in apps}


def _fastapi_function(app: App) -> Callable[[WebSocket], Awaitable[None]]:
    async def media(websocket: WebSocket) -> None:
        await starlette_adapter.serve_websocket(websocket, app.handler, **app.options)

    return media


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


@contextlib.asynccontextmanager
async def aiohttp(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by routes of an aiohttp app."""
    server = web.Application()
    for name, app in apps.items():
        server.router.add_get(f"/{name}", aiohttp_adapter.media_handler(app.handler, **app.options))
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield {name: f"ws://127.0.0.1:{runner.addresses[0][1]}/{name}" for name in apps}
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def websockets(apps: Apps) -> AsyncIterator[Urls]:
    """Serve by servers of `websockets`, one per app."""
    async with contextlib.AsyncExitStack() as stack:
        urls = {}
        for name, app in apps.items():
            media = websockets_adapter.media_handler(app.handler, **app.options)
            serving = websockets_server.serve(media, "127.0.0.1", 0, **media.serve_options)
            server = await stack.enter_async_context(serving)
            urls[name] = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/{name}"
        yield urls


HOSTS: dict[str, Host] = {
    "picows": partial(endpoint, transport="picows"),
    "websockets endpoint": partial(endpoint, transport="websockets"),
    "call_on": bare_call_on,
    "starlette": starlette,
    "fastapi": fastapi,
    "aiohttp": aiohttp,
    "websockets": websockets,
}
