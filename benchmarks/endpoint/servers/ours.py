"""rtpcodec's endpoint: a callback per chunk or a coroutine per call, with one feature or another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import rtpcodec
from benchmarks.endpoint.servers.serving import Serving
from rtpcodec.server.collector import rare_collections
from rtpcodec.stream.events import Audio

VERSION = f"rtpcodec {rtpcodec.__version__}"
ALL_OFF: dict[str, Any] = {"own_marks": False, "diagnosis_s": None}
"""Settings without which a call does more than the peers' echoes."""
UNLIMITED: dict[str, Any] = {
    "max_calls": 10_000,
    "max_lag_ms": None,
    "max_frames_per_s": None,
    "max_octets_per_s": None,
}
SCRAPE_S = 1.0


def play_back(call: rtpcodec.Call, audio: Audio) -> None:
    """Play a chunk back."""
    call.play(audio)


Feature = Callable[[rtpcodec.Call, Serving, int], object]


def _record(call: rtpcodec.Call, serving: Serving, number: int) -> object:
    return call.record(serving.folder / f"{number}.wav")


def _background(call: rtpcodec.Call, _serving: Serving, _number: int) -> object:
    return call.background(OFFICE, -45.0)


def _voice(call: rtpcodec.Call, _serving: Serving, _number: int) -> object:
    return call.voice()


def _tap(call: rtpcodec.Call, serving: Serving, number: int) -> object:
    return call.tap("pcm", serving.folder / f"tap{number}.wav")


OFFICE = rtpcodec.background_source(bytes(range(256)) * 64, 8000)
FEATURES: dict[str, Feature] = {"recorder": _record, "background": _background, "voice": _voice, "tap": _tap}


async def serve(serving: Serving) -> None:
    """Serve. Options: form (callback or coroutine), feature, statistics, and the settings of the endpoint."""
    options = {"send_chunk_ms": serving.chunk_ms, **ALL_OFF, **UNLIMITED, **serving.options}
    form, feature = options.pop("form", "callback"), FEATURES.get(options.pop("feature", ""))
    scraped, numbers = options.pop("statistics", False), count()
    options["plan"] = rtpcodec.StreamPlan(send_codec=serving.codec)

    async def coroutine(call: rtpcodec.Call) -> None:
        kept = feature(call, serving, next(numbers)) if feature else None
        async for audio in call.audio():
            await call.play(audio)
        del kept

    handlers: dict[str, Any] = {"on_audio": play_back} if form == "callback" else {"handler": coroutine}
    with rare_collections(asyncio.get_running_loop()):  # as `run` does
        async with rtpcodec.serve(**handlers, **options) as endpoint:
            scraping = asyncio.create_task(_scrape(endpoint)) if scraped else None
            await serving.on(endpoint.port)
            del scraping


async def _scrape(endpoint: Any) -> None:
    while True:
        await asyncio.sleep(SCRAPE_S)
        endpoint.statistics()
