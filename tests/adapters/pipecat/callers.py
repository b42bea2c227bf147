"""A caller with pauses, heard through a serializer in virtual time: which samples reach the pipeline, and when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pipecat.audio.resamplers import soxr_stream_resampler
from pipecat.frames import frames
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from starlette.websockets import WebSocket

from rtpcodec.adapters.pipecat import StreamSerializer
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from tests.adapters.pipecat.phones import Agent, run_pipeline
from tests.adapters.pipecat.texts import media, start

PIPELINE_HZ: Final = 16000
"""The default of pipecat's pipelines."""
CHUNK_MS: Final = 20
SPEECH_MS: Final = 1700
PAUSE_MS: Final = 300
REACH: Final = 8000
"""How many samples one second may be shifted relative to the previous one."""
Pauses = Literal["silent", "stalled"]
"""In a silent pause the carrier sends nothing, and its timestamps continue. In a stalled one it sends, and all arrives
behind the pause at once."""
Which = Literal["ours", "pipecat's"]


@dataclass
class Heard:
    """What reached the pipeline."""

    sent: NDArray[np.int16]
    """What the caller said, at rate_hz."""
    rate_hz: int
    received: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    """At PIPELINE_HZ."""
    missing: list[int] = field(default_factory=list)
    """Behind each message: samples that its chunk and those before hold and that were not received yet."""


def speech(rate_hz: int, duration_ms: int) -> NDArray[np.int16]:
    """Noise below 2.5 kHz: no two places of it are alike."""
    samples = rate_hz * duration_ms // 1000
    random = np.random.default_rng(rate_hz)
    spectrum = np.fft.rfft(random.normal(size=samples))
    spectrum[2500 * duration_ms // 1000 :] = 0
    shaped = np.fft.irfft(spectrum, samples)
    found: NDArray[np.int16] = (6000 * shaped / np.abs(shaped).max()).astype(np.int16)
    return found


async def texts(payloads: list[bytes], pauses: Pauses) -> AsyncIterator[str]:
    """Yield the carrier's messages of media, each at its time."""
    pause_chunks, speech_chunks = PAUSE_MS // CHUNK_MS, SPEECH_MS // CHUNK_MS
    begin_s = asyncio.get_running_loop().time()
    for index, payload in enumerate(payloads):
        rounds = index // speech_chunks
        if pauses == "silent":
            due = at = index + rounds * pause_chunks
        else:
            at, inside = index, index % speech_chunks
            due = max(at, rounds * speech_chunks + pause_chunks) if rounds and inside < pause_chunks else at
        wait_s = begin_s + due * CHUNK_MS / 1000 - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        yield media(index + 1, payload, timestamp_ms=at * CHUNK_MS)


@contextlib.contextmanager
def loop_time() -> Iterator[None]:
    """Give pipecat's resampler the time of the event loop, so that it sees the pauses of a virtual clock."""
    own = soxr_stream_resampler.time
    soxr_stream_resampler.time = SimpleNamespace(time=asyncio.get_running_loop().time)
    try:
        yield
    finally:
        soxr_stream_resampler.time = own


def serializer_of(which: Which, codec_name: str) -> Any:
    """Return a serializer at its defaults."""

    async def send_text(_text: str) -> None:
        """Send nothing."""

    if which == "ours":
        return StreamSerializer(send_text)
    params = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
    return TelnyxFrameSerializer("stream", codec_name, "PCMU", params=params)


def payloads_of(heard: Heard, codec_name: str) -> list[bytes]:
    """Return the payloads of the caller's chunks, and put what they decode to into `heard.sent`."""
    if codec_name == "PCMU":
        octets = pcmu_encode(heard.sent.tobytes())
        heard.sent = np.frombuffer(pcmu_decode(octets), np.int16)
    else:
        octets = heard.sent.tobytes()
    step = len(octets) * CHUNK_MS * heard.rate_hz // (1000 * len(heard.sent))
    return [octets[at : at + step] for at in range(0, len(octets), step)]


async def heard_by_serializer(
    which: Which, codec_name: str, rate_hz: int, *, duration_ms: int, pauses: Pauses = "silent"
) -> Heard:
    """Let a serializer read a call, in virtual time. pipecat's resampler gets that time as well."""
    heard = Heard(speech(rate_hz, duration_ms), rate_hz)
    received = bytearray()
    serializer = serializer_of(which, codec_name)
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=PIPELINE_HZ))
    await serializer.deserialize(start(codec_name, rate_hz))
    sent = 0
    with loop_time():
        async for text in texts(payloads_of(heard, codec_name), pauses):
            frame = await serializer.deserialize(text)
            received += frame.audio if isinstance(frame, frames.InputAudioRawFrame) else b""
            sent += PIPELINE_HZ * CHUNK_MS // 1000
            heard.missing.append(sent - len(received) // 2)
    heard.received = np.frombuffer(received, np.int16)
    return heard


def shifts(heard: Heard) -> list[int]:
    """For each second of the call: how many samples earlier it lies in what was received than without any loss.

    The first one contains the delay of the resampler. A loss adds to all behind it.
    """
    factor = PIPELINE_HZ // heard.rate_hz
    expected = np.repeat(heard.sent.astype(np.float32), factor)
    received = heard.received.astype(np.float32)
    found, shift = [], 0
    for at in range(0, len(expected) - PIPELINE_HZ, PIPELINE_HZ):
        pattern = expected[at : at + PIPELINE_HZ // 2]
        low = max(0, at - shift - REACH)
        window = received[low : at - shift + len(pattern) + REACH]
        if len(window) < len(pattern):
            break
        size = 1 << (len(window) + len(pattern)).bit_length()
        product = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(pattern, size)), size)
        shift = at - low - int(product[: len(window) - len(pattern) + 1].argmax())
        found.append(shift)
    return found


async def heard_by_pipeline(
    which: Which, codec_name: str, rate_hz: int, *, duration_ms: int, pauses: Pauses = "silent"
) -> Heard:
    """Let a pipeline of pipecat hear a call through its FastAPI transport, in virtual time."""
    heard = Heard(speech(rate_hz, duration_ms), rate_hz)
    received = bytearray()

    async def take(_agent: Agent, frame: Any) -> None:
        received.extend(frame.audio if isinstance(frame, frames.InputAudioRawFrame) else b"")

    async def asgi() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "websocket.connect"}
        yield {"type": "websocket.receive", "text": start(codec_name, rate_hz)}
        sent = 0
        async for text in texts(payloads_of(heard, codec_name), pauses):
            heard.missing.append(sent - len(received) // 2)
            sent += PIPELINE_HZ * CHUNK_MS // 1000
            yield {"type": "websocket.receive", "text": text}
        await asyncio.sleep(1)
        yield {"type": "websocket.disconnect", "code": 1000}

    async def drop(_message: Any) -> None:
        """Send nothing."""

    websocket = WebSocket({"type": "websocket", "headers": []}, asgi().__anext__, drop)
    await websocket.accept()
    with loop_time():
        await run_pipeline(websocket, serializer_of(which, codec_name), Agent(take), PIPELINE_HZ)
    heard.received = np.frombuffer(received, np.int16)
    return heard
