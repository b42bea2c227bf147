"""FastAPI on uvicorn with json, base64 and a codec."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.endpoint.servers.echoing import echo
from benchmarks.endpoint.servers.serving import Serving, bound_socket, port_of

VERSION = f"FastAPI {version('fastapi')}, uvicorn {version('uvicorn')}"


def application(codec: str) -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.websocket("/")
    async def call(socket: WebSocket) -> None:
        await socket.accept()
        echoed = echo(codec)
        try:
            while True:
                if text := echoed(await socket.receive_text()):
                    await socket.send_text(text)
        except WebSocketDisconnect:
            return

    return app


async def serve_application(app: FastAPI, serving: Serving) -> None:
    """Serve an application as `uvicorn` does by default."""
    listening = bound_socket()
    config = uvicorn.Config(app, log_level="critical", access_log=False, ws_ping_interval=None)
    running = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listening]))
    await asyncio.gather(running, serving.on(port_of(listening)))


async def serve(serving: Serving) -> None:
    """Serve."""
    await serve_application(application(serving.codec), serving)
