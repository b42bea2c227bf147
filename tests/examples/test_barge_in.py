"""examples/barge_in.py: a caller who coughs, and one who speaks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan

PATH = Path(__file__).parents[2] / "examples" / "barge_in.py"
PLAN = StreamPlan(send_codec="L16", send_rate_hz=8000)
LOUD = b"\x00\x20\x00\xe0" * 4


def example() -> Any:
    spec = importlib.util.spec_from_file_location("barge_in", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answered(loud_ms: int) -> CallReport:
    """Run a call whose caller makes a noise of this length after a second, and hangs up after five."""
    speech = bytes(16 * 1000) + LOUD * loud_ms + bytes(16 * (4000 - loud_ms))

    async def main() -> CallReport:
        answer = example().answer
        async with Carrier("KEY") as carrier, rtpcodec.serve(answer, plan=PLAN) as endpoint:
            call = carrier.new_call(speech)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
            return await call.finished()

    return run_virtual(main())


def test_after_a_cough_all_words_are_heard(capsys: pytest.CaptureFixture[str]) -> None:
    report = answered(loud_ms=200)
    assert capsys.readouterr().out == ""
    words = 13 * 200
    heard_ms = sum(sample != 0 for sample in memoryview(report.heard_pcm).cast("h")) / 8
    assert words * 0.98 <= heard_ms <= words + 80


def test_a_caller_who_speaks_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    answered(loud_ms=1000)
    shown = capsys.readouterr().out
    assert shown.startswith(("the caller has heard 9", "the caller has heard 10"))
    assert shown.endswith(("up to 'been'\n", "up to 'sent'\n"))
