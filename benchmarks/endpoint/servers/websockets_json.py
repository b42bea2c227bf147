"""The package websockets with json, base64 and a codec."""

from __future__ import annotations

from importlib.metadata import version

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosed

from benchmarks.endpoint.servers.echoing import echo
from benchmarks.endpoint.servers.serving import Serving, bound_socket, port_of

VERSION = f"websockets {version('websockets')}"


async def serve(serving: Serving) -> None:
    """Serve."""

    async def call(socket: ServerConnection) -> None:
        echoed = echo(serving.codec)
        try:
            async for message in socket:
                if text := echoed(message):
                    await socket.send(text)
        except ConnectionClosed:
            return

    listening = bound_socket()
    async with listen(call, sock=listening, ping_interval=None):
        await serving.on(port_of(listening))
