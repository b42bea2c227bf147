"""Calls of the simulated carrier to bots of pipecat that uvicorn serves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from rtpcodec.adapters.pipecat import StreamSerializer
from rtpcodec.client import AsyncCallControl
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan

Bot = Callable[[WebSocket], Awaitable[object]]


def app_of(bot: Bot) -> FastAPI:
    """Return an app whose WebSocket runs a bot."""
    app = FastAPI()

    async def media(websocket: Any) -> None:
        await websocket.accept()
        await bot(websocket)

    media.__annotations__ = {"websocket": WebSocket}
    app.add_api_websocket_route("/media", media)
    return app


async def run_pipeline(
    websocket: WebSocket, serializer: StreamSerializer, agent: FrameProcessor, pipeline_hz: int, **settings: Any
) -> None:
    """Run a pipeline of an agent for one call, until the caller hangs up or the agent ends it."""
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer, **settings)
    transport = FastAPIWebsocketTransport(websocket, params)
    rates = PipelineParams(audio_in_sample_rate=pipeline_hz, audio_out_sample_rate=pipeline_hz)
    pipeline = Pipeline([transport.input(), agent, transport.output()])
    # Nothing here detects speech, without which pipecat ends a call after five minutes.
    worker = PipelineWorker(pipeline, params=rates, enable_rtvi=False, idle_timeout_secs=None)

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def on_client_disconnected(_transport: object, _websocket: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


class Agent(FrameProcessor):  # type: ignore[misc]
    """Passes each frame to `heard`, which pushes the agent's speech; keeps everything except the caller's audio."""

    def __init__(self, heard: Callable[[Agent, Any], Awaitable[object]]) -> None:
        super().__init__()
        self._heard = heard
        self.frames: list[Any] = []

    async def process_frame(self, frame: Any, direction: Any) -> None:
        """Take a frame."""
        await super().process_frame(frame, direction)
        if isinstance(frame, frames.InputAudioRawFrame | frames.InputDTMFFrame | frames.InputTransportMessageFrame):
            self.frames.append(frame)
            await self._heard(self, frame)
        else:
            await self.push_frame(frame, direction)


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an app; yields the URL of its WebSocket."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/media"
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def phones(app: FastAPI) -> AsyncIterator[tuple[str, Carrier, AsyncCallControl]]:
    """Serve an app to a carrier; yields the URL, the carrier and its commands."""
    async with (
        served(app) as url,
        Carrier("KEY") as carrier,
        AsyncCallControl("KEY", base_url=carrier.base_url) as control,
    ):
        yield url, carrier, control


async def called(
    at: tuple[str, Carrier, AsyncCallControl], speech: bytes, plan: StreamPlan, token: str | None = None, **options: Any
) -> CallReport:
    """Let a caller speak to the bot. Returns the carrier's report."""
    url, carrier, control = at
    call = carrier.new_call(speech, **options)
    fields: Any = {**plan.command_fields(), "stream_url": url, "stream_auth_token": token}
    await control.start_streaming(call.call_control_id, **fields)
    return await call.finished()
