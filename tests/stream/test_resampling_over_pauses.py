"""A resampler keeps its history over pauses: audio after a pause continues the audio before it."""

from __future__ import annotations

import random
from array import array

import pytest

from rtpcodec import Resampler
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier

CHUNKS = 10
PAUSES_MS = [0.0, 210.0, 5000.0, 60_000.0]


def noise(samples: int) -> bytes:
    rng = random.Random(33)
    return array("h", (rng.randint(-9000, 9000) for _ in range(samples))).tobytes()


@pytest.mark.parametrize("pause_ms", PAUSES_MS)
def test_received_audio_behind_a_silent_socket(pause_ms: float) -> None:
    pcm = noise(160 * 2 * CHUNKS)
    start = carrier.start("L16", 8000)
    session = carrier.started(StreamPlan(l16_byte_order="little"), receive_pcm_hz=16000, start_text=start)
    now_ms, found = 0.0, b""
    for at in range(2 * CHUNKS):
        now_ms += 20.0 + (pause_ms if at == CHUNKS else 0.0)
        session.receive(carrier.media(pcm[320 * at : 320 * (at + 1)], at + 1, timestamp=str(20 * at)), now_ms)
        found += b"".join(audio.pcm for audio in carrier.audio_of(session.events(now_ms)))
    assert found == Resampler(8000, 16000).resample(pcm)


@pytest.mark.parametrize("pause_ms", PAUSES_MS)
def test_a_reply_whose_engine_pauses(pause_ms: float) -> None:
    pcm = noise(480 * 2 * CHUNKS)
    plan = StreamPlan(send_codec="L16", send_rate_hz=16000, l16_byte_order="little")
    session = carrier.started(plan, send_pcm_hz=24000, lead_ms=None)
    reply = session.reply()
    now_ms, texts = 0.0, []
    for at in range(2 * CHUNKS):
        now_ms += 20.0 + (pause_ms if at == CHUNKS else 0.0)
        reply.play(pcm[960 * at : 960 * (at + 1)])
        texts += session.outgoing(now_ms)
    reply.end()
    texts += session.outgoing(now_ms)
    resampler = Resampler(24000, 16000)
    expected = resampler.resample(pcm) + resampler.flush()
    assert carrier.sent_octets(texts)[: len(expected)] == expected
