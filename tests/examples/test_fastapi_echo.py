"""The acceptance of the sans-IO face: a framework that knows nothing of us carries a call of the simulator."""

import asyncio
import importlib.util
import socket
from pathlib import Path
from types import ModuleType

import uvicorn

from rtpcodec.client import AsyncCallControl
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier
from rtpcodec.stream.plan import StreamPlan
from tests.lateness import heard_whole

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_echo.py"


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fastapi_echo", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_is_thirty_lines_and_echoes_a_call() -> None:
    lines = EXAMPLE.read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 36, "imports and docstring included"

    async def main() -> None:
        config = uvicorn.Config(load_example().app, log_level="error", lifespan="off", ws="websockets-sansio")
        server = uvicorn.Server(config)
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        speech = bytes(range(256)) * 64  # about one second
        async with Carrier("KEY") as carrier, AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            call = carrier.new_call(speech, codec="PCMU", speech_hz=8000, tail_ms=1000, playout_delay_ms=300)
            url = f"ws://127.0.0.1:{port}/media"
            plan = StreamPlan(send_codec="PCMU")
            await control.start_streaming(call.call_control_id, stream_url=url, **plan.command_fields())
            report = await call.finished()
        server.should_exit = True
        await serving
        assert report.end_reason == "speech_ended"
        # The last echoes may cross with the hang-up.
        assert len(speech) // 320 <= report.media_received <= report.media_sent
        assert report.errors_sent == 0
        # Mu-law twice is mu-law once: encoding what was decoded gives the same codes.
        assert heard_whole(report, pcmu_decode(pcmu_encode(speech)))

    asyncio.run(main())
