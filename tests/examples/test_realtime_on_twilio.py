"""The examples of speech-to-speech models on calls of Twilio: the handlers are those of Telnyx."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any

import pytest

import rtpcodec
from rtpcodec.kernels.g711 import pcmu_encode
from rtpcodec.sim import CallReport, Carrier
from tests.examples import gemini_stand_in, openai_stand_in, test_gemini_live, test_openai_realtime
from tests.examples.service_calls import DELAYS, example, speech
from tests.examples.service_loop import run_with_services

CALLER = speech((1700, 500), (3000, 0))


def converse(module: ModuleType, service: AbstractAsyncContextManager[Any], plan: rtpcodec.StreamPlan) -> CallReport:
    async def main() -> CallReport:
        async with (
            service,
            Carrier(dialect="twilio") as carrier,
            rtpcodec.serve(module.answer, plan=plan) as endpoint,
        ):
            call = carrier.new_call(CALLER, timing=DELAYS, playout_delay_ms=60)
            call.stream_to(endpoint.url)
            report = await call.finished()
            await endpoint.drain()
            return report

    return run_with_services(main())


def test_an_item_is_truncated_on_twilio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", openai_stand_in.KEY)
    monkeypatch.setenv("OPENAI_URL", f"ws://127.0.0.1:{openai_stand_in.PORT}/v1/realtime?model=gpt-realtime-2.1")
    module, said = example("openai_realtime"), test_openai_realtime.said
    service = openai_stand_in.RealtimeService([[said(1, 24_000)], [said(2, 8000)]])
    report = converse(module, service.open(), module.PLAN)
    assert service.problems == []
    assert service.truncated == {"item_1_0": test_openai_realtime.heard_ms(report, 1)}
    assert test_openai_realtime.heard_ms(report, 2) == 1000
    assert bytes(service.heard) == pcmu_encode(report.source_pcm)


def test_the_caller_interrupts_gemini_on_twilio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", gemini_stand_in.KEY)
    monkeypatch.setenv("GEMINI_URL", f"ws://127.0.0.1:{gemini_stand_in.PORT}/ws")
    tone, heard_ms = test_gemini_live.tone, test_gemini_live.heard_ms
    service = gemini_stand_in.LiveService([tone(500, 3000), tone(900, 1000)])
    report = converse(example("gemini_live"), service.open(), rtpcodec.StreamPlan())
    assert service.problems == []
    assert 1000 < heard_ms(report, 500) < 2000
    assert heard_ms(report, 900) == pytest.approx(1000, abs=20)
