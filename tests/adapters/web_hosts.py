"""The WebSocket adapters of Starlette, FastAPI and aiohttp, served on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import uvicorn
from aiohttp import web
from fastapi import FastAPI
from starlette.applications import Starlette

from rtpcodec.adapters import aiohttp as aiohttp_adapter
from rtpcodec.adapters import starlette as starlette_adapter

Serve = Callable[..., AbstractAsyncContextManager[str]]
"""Serves `/media` with a handler and options of an adapter; yields its URL."""


@asynccontextmanager
async def served_by_uvicorn(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application; yields the URL of `/media`."""
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="websockets-sansio")
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/media"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def starlette(handler: Any = None, **options: Any) -> AsyncIterator[str]:
    """Serve a route of Starlette."""
    route = starlette_adapter.media_route("/media", handler, **options)
    async with served_by_uvicorn(Starlette(routes=[route])) as url:
        yield url


@asynccontextmanager
async def fastapi(handler: Any = None, **options: Any) -> AsyncIterator[str]:
    """Serve the same route in FastAPI."""
    app = FastAPI()
    app.router.routes.append(starlette_adapter.media_route("/media", handler, **options))
    async with served_by_uvicorn(app) as url:
        yield url


@asynccontextmanager
async def aiohttp(handler: Any = None, **options: Any) -> AsyncIterator[str]:
    """Serve a request handler of aiohttp."""
    app = web.Application()
    app.router.add_get("/media", aiohttp_adapter.media_handler(handler, **options))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/media"
    finally:
        await runner.cleanup()


HOSTS: dict[str, Serve] = {"starlette": starlette, "fastapi": fastapi, "aiohttp": aiohttp}
EITHER: dict[str, Serve] = {"starlette": starlette, "aiohttp": aiohttp}
"""One per adapter."""
