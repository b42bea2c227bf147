"""CallAudioInput on a simulated call: the caller's audio as frames of one rate, without a gap."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import rtc

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioInput
from rtpcodec.sim import Hold, Timing
from tests.adapters.livekit.phone import carried
from tests.adapters.livekit.scripted import tone


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 48_000])
def test_frames_of_20_ms_until_the_stream_ends(rate_hz: int) -> None:
    frames: list[rtc.AudioFrame] = []

    async def listen(call: rtpcodec.Call) -> None:
        frames.extend([frame async for frame in CallAudioInput(call, sample_rate=rate_hz)])

    carried(listen, tone(1000, 400, 8000))
    assert {(frame.sample_rate, frame.num_channels, frame.samples_per_channel) for frame in frames} == {
        (rate_hz, 1, rate_hz // 50)
    }
    assert 49 <= len(frames) <= 51
    samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames]).astype(float)
    middle = samples[rate_hz // 10 : rate_hz * 9 // 10]
    assert np.argmax(np.abs(np.fft.rfft(middle))) * rate_hz / len(middle) == pytest.approx(400, abs=2)
    assert np.abs(middle).max() == pytest.approx(8000, rel=0.05)


def test_silence_fills_the_time_without_audio() -> None:
    times_s: list[float] = []

    async def listen(call: rtpcodec.Call) -> None:
        times_s.extend([asyncio.get_running_loop().time() async for _frame in CallAudioInput(call)])

    held = Timing(holds=(Hold(from_ms=500, to_ms=2500),))
    carried(listen, tone(1000, 400, 8000), phone={"timing": held})
    assert 148 <= len(times_s) <= 152
    assert max(np.diff(times_s)) < 0.2


def test_a_detached_input_drops_what_the_caller_says() -> None:
    at_ms: list[float] = []

    async def listen(call: rtpcodec.Call) -> None:
        source = CallAudioInput(call)
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        loop.call_later(0.5, source.on_detached)
        loop.call_later(1.0, source.on_attached)
        at_ms.extend([(loop.time() - begun_s) * 1000 async for _frame in source])

    carried(listen, tone(1500, 400, 8000))
    assert not [one_ms for one_ms in at_ms if 520 < one_ms < 1000]
    assert 48 <= len(at_ms) <= 52
