"""examples/fastapi_echo.py with the simulated carrier: a call on a WebSocket of FastAPI and uvicorn."""

import asyncio
import base64
import contextlib
import importlib.util
import json
import os
import re
import socket
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
import websockets
from fastapi import FastAPI, WebSocket

from rtpcodec.client import AsyncCallControl
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.server import call_on
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan
from tests.examples.tones import LEGS, SPEECH_HZ, TONE_HZ, pitch_hz, tone
from tests.lateness import heard_whole

TOKEN = "a token of the test"
GREETING_CHUNKS = 10
EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_echo.py"
PAGE = Path(__file__).parents[2] / "docs" / "own-server.md"


def load_example() -> ModuleType:
    os.environ["MEDIA_TOKEN"] = TOKEN
    spec = importlib.util.spec_from_file_location("fastapi_echo", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GREETING = (b"\x00\x10" * 10 + b"\x00\xf0" * 10) * 80


def load_page() -> FastAPI:
    """Return an app whose WebSocket runs the block of docs/own-server.md that shows `call_on`."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "call_on(" in block]
    source = f"async def media(socket):\n    await socket.accept()\n{textwrap.indent(block, '    ')}"
    example = load_example()
    names: dict[str, Any] = {"call_on": call_on, "answer": example.answer, "plan": example.PLAN}
    exec(source, names)
    app = FastAPI()
    app.add_api_websocket_route("/media", annotated(names["media"]))
    return app


def annotated(media: Any) -> Any:
    media.__annotations__ = {"socket": WebSocket}
    return media


@contextlib.asynccontextmanager
async def served(app: FastAPI | None = None) -> AsyncIterator[str]:
    """Serve an app, by default the example, with uvicorn; yields its URL."""
    config = uvicorn.Config(app or load_example().app, log_level="error", lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/media"
    finally:
        server.should_exit = True
        await serving


def test_the_example_fits_a_page() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line.strip()]
    assert len(lines) <= 40, "imports and docstrings included"


def test_it_echoes_a_call_and_plays_from_another_task() -> None:
    speech = bytes(range(256)) * 64  # about one second

    async def main() -> None:
        async with (
            served() as url,
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        ):
            call = carrier.new_call(speech, codec="PCMU", speech_hz=8000, tail_ms=1000, playout_delay_ms=300)
            fields = StreamPlan(send_codec="PCMU").command_fields()
            await control.start_streaming(call.call_control_id, stream_url=url, stream_auth_token=TOKEN, **fields)
            report = await call.finished()
        assert report.end_reason == "speech_ended"
        # The echo of the last chunks may arrive after the hang-up.
        assert report.media_received >= len(speech) // 320 + GREETING_CHUNKS
        assert report.errors_sent == 0
        # Encoding decoded mu-law gives the same codes, so the echo equals the speech after one mu-law pass.
        assert heard_whole(report, pcmu_decode(pcmu_encode(GREETING)))
        assert heard_whole(report, pcmu_decode(pcmu_encode(speech)))

    asyncio.run(main())


@pytest.mark.usefixtures("opus", "amrwb")
def test_the_echo_has_the_pitch_of_the_caller_on_every_leg() -> None:
    """All legs at the same time, since this server needs real time."""

    async def main() -> dict[str, CallReport]:
        async with (
            served() as url,
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        ):

            async def echoed(leg: dict[str, Any]) -> CallReport:
                # The tail is far longer than the echo, so that a busy machine changes nothing.
                call = carrier.new_call(tone(1.5), speech_hz=SPEECH_HZ, tail_ms=4000, playout_delay_ms=300, **leg)
                fields = StreamPlan(send_codec="PCMU").command_fields()
                await control.start_streaming(call.call_control_id, stream_url=url, stream_auth_token=TOKEN, **fields)
                return await call.finished()

            reports = await asyncio.gather(*map(echoed, LEGS.values()))
        return dict(zip(LEGS, reports, strict=True))

    for leg, report in asyncio.run(main()).items():
        assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02), leg


@pytest.mark.parametrize("token", ["", "another"])
def test_a_wrong_token_is_refused_before_the_upgrade(token: str) -> None:
    async def main() -> None:
        async with served() as url:
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(url, additional_headers={"x-telnyx-streaming-auth-token": token})
            assert refused.value.response.status_code == 401

    asyncio.run(main())


@pytest.mark.parametrize("shown", ["example", "page"])
def test_a_binary_frame_is_dropped_and_the_call_continues(shown: str) -> None:
    async def main() -> None:
        headers = {"x-telnyx-streaming-auth-token": TOKEN}
        async with (
            served(load_page() if shown == "page" else None) as url,
            websockets.connect(url, additional_headers=headers) as client,
        ):
            await client.send('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
            await client.send(b"octets")
            await client.send([b"octets ", b"in fragments"])
            payload = base64.b64encode(b"\x55" * 160).decode()
            await client.send(json.dumps({"event": "media", "media": {"payload": payload}}))
            while json.loads(await client.recv())["media"]["payload"] != payload:  # behind the greeting
                pass
            await client.send('{"event":"stop"}')
            await client.wait_closed()
            assert client.close_code == 1000

    asyncio.run(main())


def test_twenty_binary_frames_in_a_row_end_the_call() -> None:
    async def main() -> None:
        headers = {"x-telnyx-streaming-auth-token": TOKEN}
        async with served() as url, websockets.connect(url, additional_headers=headers) as client:
            for _ in range(20):  # without any good message, such as `start`, before them
                await client.send(b"octets")
            await client.wait_closed()
            assert client.close_code == 1008

    asyncio.run(main())
