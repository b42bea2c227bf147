"""The package websockets with rtpcodec's adapter."""

from __future__ import annotations

from websockets.asyncio.server import serve as listen

from benchmarks.endpoint.servers import adapted
from benchmarks.endpoint.servers.serving import Serving, bound_socket, port_of
from benchmarks.endpoint.servers.websockets_json import VERSION as WEBSOCKETS
from rtpcodec.adapters.websockets import media_handler

VERSION = f"{WEBSOCKETS}, {adapted.VERSION}"


async def serve(serving: Serving) -> None:
    """Serve."""
    answered = media_handler(**adapted.arguments(serving))
    listening = bound_socket()
    async with listen(answered, sock=listening, **answered.serve_options):
        await serving.on(port_of(listening))
