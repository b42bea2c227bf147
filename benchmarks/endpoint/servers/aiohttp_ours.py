"""aiohttp with rtpcodec's adapter."""

from __future__ import annotations

from aiohttp import web

from benchmarks.endpoint.servers import adapted
from benchmarks.endpoint.servers.aiohttp_json import VERSION as AIOHTTP
from benchmarks.endpoint.servers.aiohttp_json import serve_application
from benchmarks.endpoint.servers.serving import Serving
from rtpcodec.adapters.aiohttp import media_handler

VERSION = f"{AIOHTTP}, {adapted.VERSION}"


async def serve(serving: Serving) -> None:
    """Serve."""
    application = web.Application()
    application.router.add_get("/", media_handler(**adapted.arguments(serving)))
    await serve_application(application, serving)
