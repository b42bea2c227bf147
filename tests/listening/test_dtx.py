"""DTX: the second to last chunk is lost, and nothing follows. Readers get the last chunk without waiting for more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest

import rtpcodec
from rtpcodec import codec, events
from rtpcodec.rtp.payloads import payload_format
from tests.listening.timed_messages import Message, media, received
from tests.stream.test_frame_codecs import speech

pytestmark = pytest.mark.usefixtures("opus", "amrwb")

LATEST_MS = 120.0
"""The last chunk before a silence must reach its readers this soon after its arrival."""
CHUNKS = 100
SILENCE_MS = 5000.0
CODECS = (("OPUS", 16000), ("OPUS", 8000), ("AMR-WB", 16000))


@cache
def payloads_of(encoding: str, rate_hz: int) -> list[bytes]:
    info = codec(encoding)
    encoder, form = info.encoder(rate_hz), payload_format(info, rate_hz)
    size = rate_hz // 50 * 2
    pcm = speech(2 * CHUNKS * size // 2)
    return [form.payload([encoder.encode(pcm[size * at : size * at + size])]) for at in range(2 * CHUNKS)]


def messages_of(encoding: str, rate_hz: int, lost: int, *, counts_pauses: bool) -> tuple[list[Message], float]:
    """Speech, then silence, then speech; and when the last chunk before the silence arrives.

    lost: chunks before the last one that are lost.
    counts_pauses: whether the timestamps continue in the silence.
    """
    found: list[Message] = []
    for at, payload in enumerate(payloads_of(encoding, rate_hz)):
        if CHUNKS - 1 - lost <= at < CHUNKS - 1:
            continue
        pause_ms = SILENCE_MS if at >= CHUNKS else 0.0
        timestamp = 20 * at + (round(pause_ms) if counts_pauses else 0)
        found.append(media(20.0 * at + 20 + pause_ms, at + 1, payload, timestamp=timestamp))
    return found, 20.0 * CHUNKS


class Listener:
    """All kinds of readers of one call, and when each had the last chunk before the silence."""

    def __init__(self) -> None:
        self.had_ms: dict[str, float] = {}
        self.frames: list[tuple[float, events.Audio]] = []

    async def __call__(self, call: rtpcodec.Call) -> None:
        time = asyncio.get_running_loop().time
        begun_s = time()

        async def watch(name: str, reader: AsyncIterator[Any]) -> None:
            async for event in reader:
                if isinstance(event, events.Audio) and event.chunk == CHUNKS:
                    self.had_ms[name] = (time() - begun_s) * 1000

        async def recognise() -> None:
            async for audio in call.audio(pcm_hz=16000, fill="silence"):
                self.frames.append(((time() - begun_s) * 1000, audio))

        async with asyncio.TaskGroup() as group:
            group.create_task(watch("audio", call.audio()))
            group.create_task(watch("all tracks", call.audio(None)))
            group.create_task(watch("events", call.events()))
            group.create_task(watch("rate", call.audio(pcm_hz=8000, max_burst_ms=200.0)))
            group.create_task(recognise())


@pytest.mark.parametrize("counts_pauses", [True, False], ids=["timestamps count", "timestamps stand still"])
@pytest.mark.parametrize("lost", [1, 2, 3])
@pytest.mark.parametrize(("encoding", "rate_hz"), CODECS)
def test_the_last_chunk_before_a_silence_comes_at_once(
    encoding: str, rate_hz: int, lost: int, counts_pauses: bool
) -> None:
    messages, last_ms = messages_of(encoding, rate_hz, lost, counts_pauses=counts_pauses)
    listener = Listener()
    received(listener, messages, encoding=encoding, rate_hz=rate_hz, end_ms=2 * last_ms + SILENCE_MS + 10)
    assert set(listener.had_ms) == {"audio", "all tracks", "events", "rate"}
    assert max(listener.had_ms.values()) - last_ms <= LATEST_MS
    spoken = [(at_ms, frame) for at_ms, frame in listener.frames if not frame.concealed]
    last = next(at_ms for at_ms, frame in spoken if frame.media_ms >= 20.0 * (CHUNKS - 1) - 1)
    assert last - last_ms <= LATEST_MS
    assert len(spoken) == 2 * CHUNKS - lost


@pytest.mark.parametrize(("encoding", "rate_hz"), CODECS)
def test_an_even_stream_has_50_frames_in_each_second_of_dtx(encoding: str, rate_hz: int) -> None:
    messages, last_ms = messages_of(encoding, rate_hz, 0, counts_pauses=True)
    listener = Listener()
    received(listener, messages, encoding=encoding, rate_hz=rate_hz, end_ms=2 * last_ms + SILENCE_MS + 10)
    counts = Counter(int(at_ms / 1000) for at_ms, _ in listener.frames)
    assert all(49 <= counts[second] <= 51 for second in range(9)), counts


def test_on_event_and_on_audio_have_it_as_well() -> None:
    had_ms: list[float] = []
    gaps_ms: list[float] = []

    def now_ms() -> float:
        return asyncio.get_running_loop().time() * 1000

    begun_ms: list[float] = []

    def take(_call: rtpcodec.Call, audio: events.Audio) -> None:
        if audio.chunk == CHUNKS:
            had_ms.append(now_ms() - begun_ms[0])

    def note(_call: rtpcodec.Call, event: events.Event) -> None:
        if isinstance(event, events.Started):
            begun_ms.append(now_ms())
        elif isinstance(event, events.Gap) and event.lost_chunks:
            gaps_ms.append(now_ms() - begun_ms[0])

    messages, last_ms = messages_of("OPUS", 16000, 1, counts_pauses=True)
    received(None, messages, encoding="OPUS", rate_hz=16000, end_ms=9100, on_audio=take, on_event=note)
    assert had_ms[0] - last_ms <= LATEST_MS
    assert gaps_ms[0] - last_ms <= LATEST_MS
