"""picows with json, base64 and a codec."""

from __future__ import annotations

from importlib.metadata import version

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from benchmarks.endpoint.servers.echoing import echo
from benchmarks.endpoint.servers.serving import PICOWS, Serving

VERSION = f"picows {version('picows')}"


class _Call(WSListener):
    def __init__(self, codec: str) -> None:
        self._echo = echo(codec)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT and (text := self._echo(frame.get_payload_as_ascii_text())):
            transport.send(WSMsgType.TEXT, text.encode())


async def serve(serving: Serving) -> None:
    """Serve."""
    server = await ws_create_server(lambda _request: _Call(serving.codec), **(PICOWS | serving.options))
    await serving.on(server.sockets[0].getsockname()[1])
