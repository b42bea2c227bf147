"""FastAPI on uvicorn, which sends each text back as it came: the floor of FastAPI."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.endpoint.servers.fastapi_json import (
    VERSION,  # noqa: F401 -- the same versions
    serve_application,
)
from benchmarks.endpoint.servers.serving import Serving


async def serve(serving: Serving) -> None:
    """Serve."""
    app = FastAPI()

    @app.websocket("/")
    async def call(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text(await socket.receive_text())
        except WebSocketDisconnect:
            return

    await serve_application(app, serving)
