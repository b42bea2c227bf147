"""FastAPI with pipecat's serializer of Telnyx messages, its pipeline at the rate of the call: nothing is resampled."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.endpoint.servers.fastapi_json import VERSION as FASTAPI
from benchmarks.endpoint.servers.fastapi_json import serve_application
from benchmarks.endpoint.servers.serving import Serving
from benchmarks.endpoint.traffic import STREAM_ID

telnyx: Any = import_module("pipecat.serializers.telnyx")
frames: Any = import_module("pipecat.frames.frames")

VERSION = f"{FASTAPI}, pipecat-ai {version('pipecat-ai')}"


def application() -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.websocket("/")
    async def call(socket: WebSocket) -> None:
        await socket.accept()
        settings = telnyx.TelnyxFrameSerializer.InputParams(auto_hang_up=False, sample_rate=8000)
        serializer = telnyx.TelnyxFrameSerializer(STREAM_ID, "PCMU", "PCMU", params=settings)
        await serializer.setup(SimpleNamespace(audio_in_sample_rate=8000))
        try:
            while True:
                heard = await serializer.deserialize(await socket.receive_text())
                if heard is not None:
                    spoken = frames.OutputAudioRawFrame(heard.audio, heard.sample_rate, heard.num_channels)
                    await socket.send_text(await serializer.serialize(spoken))
        except WebSocketDisconnect:
            return

    return app


async def serve(serving: Serving) -> None:
    """Serve."""
    if serving.codec != "PCMU":
        sys.exit("pipecat's serializer knows PCMU and PCMA only")
    await serve_application(application(), serving)
