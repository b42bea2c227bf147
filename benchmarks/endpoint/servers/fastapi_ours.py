"""FastAPI on uvicorn with rtpcodec's adapter."""

from __future__ import annotations

from fastapi import FastAPI

from benchmarks.endpoint.servers import adapted
from benchmarks.endpoint.servers.fastapi_json import VERSION as FASTAPI
from benchmarks.endpoint.servers.fastapi_json import serve_application
from benchmarks.endpoint.servers.serving import Serving
from rtpcodec.adapters.starlette import media_route

VERSION = f"{FASTAPI}, {adapted.VERSION}"


async def serve(serving: Serving) -> None:
    """Serve."""
    app = FastAPI()
    app.router.routes.append(media_route("/", **adapted.arguments(serving)))
    await serve_application(app, serving)
