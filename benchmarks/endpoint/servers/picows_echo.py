"""picows, which sends each text back as it came: the floor of an endpoint."""

from __future__ import annotations

from importlib.metadata import version

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from benchmarks.endpoint.servers.serving import PICOWS, Serving

VERSION = f"picows {version('picows')}"


class _Echo(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, frame.get_payload_as_memoryview())


async def serve(serving: Serving) -> None:
    """Serve."""
    server = await ws_create_server(lambda _request: _Echo(), **(PICOWS | serving.options))
    await serving.on(server.sockets[0].getsockname()[1])
