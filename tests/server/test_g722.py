"""G722 calls between endpoint and simulator: PCM is 16 kHz, whether command and `start` name 8000 or 16000 Hz."""

from __future__ import annotations

import array
import asyncio
import math
from typing import Any

import pytest

import rtpcodec
from rtpcodec import StreamPlan, codec
from rtpcodec.client import AsyncCallControl
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, Variations
from rtpcodec.stream.messages import MediaFormat
from tests.lateness import heard_whole
from tests.server.dialler import run

TONE = array.array("h", (round(8000 * math.sin(0.3 * at)) for at in range(3200))).tobytes()


@pytest.mark.parametrize("command_hz", [0, 8000, 16000])
@pytest.mark.parametrize("start_hz", [8000, 16000])
def test_pcm_is_16_khz_whichever_rate_is_named(command_hz: int, start_hz: int) -> None:
    plan = StreamPlan(send_codec="G722", send_rate_hz=command_hz)
    seen: list[Any] = []
    got = bytearray()

    async def echo(call: Call) -> None:
        seen.append((call.media_format, call.send_pcm_hz))
        async for audio in call.audio():
            seen.append((audio.sample_rate_hz, audio.duration_ms))
            got.extend(audio.pcm)
            if not call.ended:
                await call.play(audio.pcm)

    async def main() -> None:
        async with (
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(echo, plan=plan) as endpoint,
        ):
            variations = Variations(announced_format=MediaFormat("G722", start_hz, 1))
            call = carrier.new_call(
                TONE, codec="G722", sample_rate_hz=16000, tail_ms=1000, playout_delay_ms=300, variations=variations
            )
            # `strict` turns warnings into errors: neither rate causes one.
            await control.start_streaming(
                call.call_control_id, strict=True, stream_url=endpoint.url, **plan.command_fields()
            )
            async with asyncio.timeout(50):
                report = await call.finished()
            await endpoint.drain()
            coded = codec("G722").encoder().encode(TONE)
            heard = codec("G722").decoder().decode(coded)
            assert got.startswith(heard), "silence follows while the caller listens"
            assert report.heard_hz == 16000
            echoed = codec("G722").decoder().decode(codec("G722").encoder().encode(heard))
            assert heard_whole(report, echoed)

    run(main)
    assert seen[0] == (MediaFormat("G722", start_hz, 1), 16000)
    assert set(seen[1:]) == {(16000, 20.0)}
