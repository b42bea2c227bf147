"""CPU time of 20 ms of call, both ways: with the adapter, and with the reader and the reply that it uses.

python -m tests.adapters.livekit.costs [ROUNDS]    interleaved rounds on the virtual clock, the simulator included
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioInput, CallAudioOutput
from tests.adapters.livekit.phone import capture, carried
from tests.adapters.livekit.scripted import tone

SPEECH = tone(60_000, 400, 8000)
ANSWER = tone(50_000, 400, 24_000)
CHUNK_OCTETS = 9600
"""200 ms of the answer, the length of the frames of a synthesized voice."""


async def with_adapter(call: rtpcodec.Call) -> None:
    """Capture the answer, and read the caller."""
    source, output = CallAudioInput(call), CallAudioOutput(call)
    await capture(output, ANSWER, 24_000)
    output.flush()
    async for _frame in source:
        pass


async def without(call: rtpcodec.Call) -> None:
    """Play the answer, and read the caller."""
    reader = call.audio(pcm_hz=16_000, fill="silence")
    async with call.reply() as reply:
        for at in range(0, len(ANSWER), CHUNK_OCTETS):
            await reply.play(ANSWER[at : at + CHUNK_OCTETS], 24_000)
    async for _audio in reader:
        pass


def cost_us(handler: Callable[[rtpcodec.Call], Awaitable[object]]) -> float:
    """Return the CPU time of 20 ms."""
    begun_s = time.process_time()
    carried(handler, SPEECH)
    return (time.process_time() - begun_s) * 1e6 / 3000


def main() -> None:
    """Print both, as the median of all rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    found = [(cost_us(with_adapter), cost_us(without)) for _ in range(rounds)]
    for name, costs in zip(("with the adapter", "without"), zip(*found, strict=True), strict=True):
        print(f"{name:18} {median(costs):6.1f} us per 20 ms")  # noqa: T201
    print(f"{'difference':18} {median(a - b for a, b in found):6.1f} us per 20 ms")  # noqa: T201


if __name__ == "__main__":
    main()
