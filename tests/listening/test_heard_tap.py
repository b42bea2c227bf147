"""The tap of what the caller heard: without what an interruption dropped, and silent in private sections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import rtpcodec
from tests.listening.goertzel import keys_in
from tests.listening.test_taps import keys, pcm_of
from tests.server.conversation import tone
from tests.server.virtual_call import carried


def test_the_tap_has_exactly_what_was_heard(tmp_path: Path) -> None:
    async def speak(call: rtpcodec.Call) -> None:
        call.tap("heard", tmp_path / "heard.wav")
        await asyncio.sleep(0.5)
        call.play(tone(1, 8000))
        await asyncio.sleep(0.505)
        call.interrupt()
        await asyncio.sleep(1.0)
        call.play(tone(9001, 800))
        assert await call.played()

    report = carried(speak)
    heard, _ = pcm_of(tmp_path / "heard.wav")
    samples = [one for one in memoryview(heard).cast("h") if one]
    first = [one for one in samples if one <= 8000]
    truth = [one for one in memoryview(report.heard_pcm).cast("h") if 0 < one <= 8000]
    assert first == list(range(1, len(first) + 1))
    assert abs(len(first) - len(truth)) <= 8 * 25
    assert samples[len(first) :] == list(range(9001, 9801))


def test_private_sections_are_silent(tmp_path: Path) -> None:
    async def speak(call: rtpcodec.Call) -> None:
        call.tap("heard", tmp_path / "heard.wav")
        await asyncio.sleep(0.5)
        call.play(keys("12"))
        await call.played()
        async with call.private("card"):
            call.play(keys("4711"))
            await call.played()
        call.play(keys("88"))
        await call.played()
        await asyncio.sleep(0.5)

    carried(speak, speech_ms=6000)
    assert keys_in(pcm_of(tmp_path / "heard.wav")[0], 8000) == "1288"
