"""An ended call leaves nothing of its captures and taps to the cycle collector, however they have ended."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.server import CallCapture, CallTap
from rtpcodec.stream.capture.capture import Capture
from rtpcodec.stream.capture.inputs import InputReporter
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.tapping.stages import Stage
from rtpcodec.stream.tapping.tapping import Tap
from tests.server.conversation import tone
from tests.server.virtual_call import carried

KINDS = (CallCapture, CallTap, Capture, InputReporter, Tap, MediaSession)


def alive() -> list[str]:
    return [type(one).__name__ for one in gc.get_objects() if type(one) in KINDS]


@pytest.mark.parametrize("stopped", [False, True])
def test_an_ended_call_leaves_nothing(tmp_path: Path, stopped: bool) -> None:
    async def speak(call: rtpcodec.Call) -> None:
        capture = call.capture(tmp_path / "call.jsonl")
        stages: tuple[Stage, ...] = ("received", "pcm", "spoken", "mixed", "encoded")
        taps = [call.tap(stage, tmp_path / f"{stage}.wav") for stage in stages]
        await call.play(tone(1, 8000))
        async for _ in call.audio():
            if stopped:
                capture.stop()
                for tap in taps:
                    tap.stop()
                break

    gc.collect()
    before = alive()
    gc.disable()
    try:
        carried(speak, speech_ms=500)
        assert alive() == before
    finally:
        gc.enable()
