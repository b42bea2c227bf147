"""What our adapters get: an echo by a coroutine or a callback, with all features off that the peers lack."""

from __future__ import annotations

from typing import Any

import rtpcodec
from benchmarks.endpoint.servers.ours import ALL_OFF, play_back
from benchmarks.endpoint.servers.serving import Serving

VERSION = f"rtpcodec {rtpcodec.__version__}"


async def echo(call: rtpcodec.Call) -> None:
    """Play each chunk back."""
    async for audio in call.audio():
        await call.play(audio)


def arguments(serving: Serving) -> dict[str, Any]:
    """Return the keywords of an adapter. Options: form (coroutine or callback), and those of `call_on`."""
    options = {**ALL_OFF, "max_frames_per_s": None, "max_octets_per_s": None, **serving.options}
    form = options.pop("form", "coroutine")
    plan = rtpcodec.StreamPlan(send_codec=serving.codec)
    handlers: dict[str, Any] = {"on_audio": play_back} if form == "callback" else {"handler": echo}
    return {"plan": plan, "send_chunk_ms": serving.chunk_ms, **handlers, **options}
