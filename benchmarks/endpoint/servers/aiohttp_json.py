"""aiohttp with json, base64 and a codec."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from benchmarks.endpoint.servers.echoing import echo
from benchmarks.endpoint.servers.serving import Serving, bound_socket, port_of

VERSION = f"aiohttp {aiohttp.__version__}"


async def serve(serving: Serving) -> None:
    """Serve."""

    async def call(request: web.Request) -> web.WebSocketResponse:
        socket, echoed = web.WebSocketResponse(), echo(serving.codec)
        await socket.prepare(request)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT and (text := echoed(message.data)):
                await socket.send_str(text)
        return socket

    application = web.Application()
    application.router.add_get("/", call)
    await serve_application(application, serving)


async def serve_application(application: web.Application, serving: Serving) -> None:
    """Serve an application without its access log."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = bound_socket()
    await web.SockSite(runner, listening).start()
    await serving.on(port_of(listening))
