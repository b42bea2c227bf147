"""Prints the CPU time of an echo by our serializer and by pipecat's own, in interleaved rounds and without a socket.

python -m tests.adapters.pipecat.costs
"""

from __future__ import annotations

import asyncio
import sys
import time
from types import SimpleNamespace
from typing import Any, Final

from loguru import logger
from pipecat.frames import frames
from pipecat.serializers.telnyx import TelnyxFrameSerializer

from rtpcodec.adapters.pipecat import StreamSerializer
from tests.adapters.pipecat.texts import media, start

ROUNDS: Final = 7
CHUNKS: Final = 3000


async def send_text(_text: str) -> None:
    """Drop a text."""


def ours() -> Any:
    """No time passes between the chunks, so all of them are early."""
    return StreamSerializer(send_text, lead_ms=20.0 * CHUNKS)


def theirs() -> Any:
    params = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
    return TelnyxFrameSerializer("stream", "PCMU", "PCMU", params=params)


async def echo_us(serializer: Any, pipeline_hz: int) -> float:
    """Return the microseconds of CPU time per chunk."""
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=pipeline_hz))
    await serializer.deserialize(start())
    texts = [media(number, bytes([number % 256]) * 160) for number in range(1, CHUNKS + 1)]
    before_s = time.process_time()
    for text in texts:
        heard = await serializer.deserialize(text)
        if isinstance(heard, frames.InputAudioRawFrame):
            sent = await serializer.serialize(frames.OutputAudioRawFrame(heard.audio, heard.sample_rate, 1))
            if sent:
                await send_text(sent)
    return (time.process_time() - before_s) / CHUNKS * 1e6


async def main() -> None:
    """Print one row per rate of the pipeline."""
    logger.remove()
    sys.stdout.write("pipeline   ours, us   pipecat's, us\n")
    for pipeline_hz in (8000, 16000, 24000):
        rounds = [[await echo_us(made(), pipeline_hz) for made in (ours, theirs)] for _ in range(ROUNDS)]
        best = [min(column) for column in zip(*rounds, strict=True)]
        sys.stdout.write(f"{pipeline_hz:5} Hz {best[0]:10.1f} {best[1]:15.1f}\n")


if __name__ == "__main__":
    asyncio.run(main())
