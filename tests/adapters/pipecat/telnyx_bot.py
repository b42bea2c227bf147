"""A phone bot as in pipecat's guide for this carrier. docs/pipecat.md lists the changes that migrate it."""

import os

from fastapi import FastAPI, WebSocket
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

app = FastAPI()
CALLERS: list[str] = []


class Echo(FrameProcessor):  # type: ignore[misc]
    """Repeats the caller's audio; stands for recogniser, model and voice."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Turn the caller's audio into the bot's."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


@app.websocket("/media")
async def media(websocket: WebSocket) -> None:
    """Run the bot for one call."""
    await websocket.accept()
    _, call_data = await parse_telephony_websocket(websocket)
    CALLERS.append(call_data.from_number)

    serializer = TelnyxFrameSerializer(
        stream_id=call_data["stream_id"],
        call_control_id=call_data["call_id"],
        outbound_encoding=call_data["outbound_encoding"],
        inbound_encoding="PCMU",
        api_key=os.environ["TELNYX_API_KEY"],
    )

    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer)
    transport = FastAPIWebsocketTransport(websocket, params)
    pipeline = Pipeline([transport.input(), Echo(), transport.output()])
    worker = PipelineWorker(pipeline, params=PipelineParams(audio_out_sample_rate=16000))

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def on_client_disconnected(_transport: BaseTransport, _websocket: WebSocket) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
