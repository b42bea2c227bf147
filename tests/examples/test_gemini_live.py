"""examples/gemini_live.py with a stand-in of the service and a simulated call."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rtpcodec.sim import CallReport, Hold, Timing
from tests.examples.gemini_stand_in import KEY, PORT, LiveService
from tests.examples.service_calls import MAX_LINES, call_to, errors_of, example, lines_of, speech
from tests.examples.service_loop import run_with_services

SETUP: dict[str, Any] = {
    "setup": {"model": "models/a", "generationConfig": {"responseModalities": ["AUDIO"]}, "sessionResumption": {}}
}
PARTS_MS = 10
"""The length of the parts in which the tests look for tones."""


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_URL", f"ws://127.0.0.1:{PORT}/ws")


def tone(frequency_hz: int, duration_ms: int) -> bytes:
    """PCM of a turn of the model."""
    times = np.arange(duration_ms * 24) / 24000
    return (9000 * np.sin(times * 2 * np.pi * frequency_hz)).astype(np.int16).tobytes()


def heard_ms(report: CallReport, frequency_hz: int) -> float:
    """How much of a tone the caller heard, in parts of PARTS_MS that are whole periods of it."""
    samples = np.frombuffer(report.heard_pcm, np.int16).astype(float)
    part = report.heard_hz * PARTS_MS // 1000
    parts = samples[: len(samples) // part * part].reshape(-1, part)
    spectrum = np.abs(np.fft.rfft(parts))
    strongest = spectrum.argmax(axis=1) * 1000 / PARTS_MS
    return float(np.count_nonzero((strongest == frequency_hz) & (spectrum.max(axis=1) > 1000 * part / 4)) * PARTS_MS)


def converse(service: LiveService, caller: bytes, **phone: Any) -> CallReport:
    module = example("gemini_live")
    return run_with_services(call_to(module.answer, module.PLAN, caller, service.open(), **phone))


def test_the_model_greets_and_answers(caplog: pytest.LogCaptureFixture) -> None:
    service = LiveService([tone(500, 1000), tone(900, 1500)])
    report = converse(service, speech((1800, 600), (3000, 0)))
    assert service.problems == []
    assert service.texts == ["Greet the caller."]
    assert [heard_ms(report, hz) for hz in (500, 900)] == pytest.approx([1000, 1500], abs=20)
    assert report.heard_hz == 16000
    assert len(service.heard) / 32 == pytest.approx(5400, abs=60)
    assert errors_of(caplog) == []


def test_the_caller_interrupts(caplog: pytest.LogCaptureFixture) -> None:
    service = LiveService([tone(500, 3000), tone(900, 1000)])
    report = converse(service, speech((1800, 600), (3000, 0)))
    assert service.problems == []
    assert 1000 < heard_ms(report, 500) < 2000
    assert heard_ms(report, 900) == pytest.approx(1000, abs=20)
    heard = np.flatnonzero(np.abs(np.frombuffer(report.heard_pcm, np.int16)) > 100) / 16
    assert np.count_nonzero(np.diff(heard) > 300) == 1, "the interrupted turn continues"
    assert errors_of(caplog) == []


def test_on_hold_the_model_hears_silence() -> None:
    service = LiveService([])
    timing = Timing(holds=(Hold(from_ms=1000, to_ms=3000),))
    report = converse(service, speech((500, 490), (1500, 0)), timing=timing)
    assert service.problems == []
    assert len(service.heard) / 32 == pytest.approx(report.media_sent * 20 + 2000, abs=160)
    loud = np.flatnonzero(np.abs(np.frombuffer(bytes(service.heard), np.int16)) > 3000) / 16
    assert loud[-1] - loud[0] == pytest.approx(490, abs=5)


def test_no_frame_of_the_caller_is_lost_between_sessions() -> None:
    noise = np.random.default_rng(1).normal(0, 300, 8 * 4000).astype(np.int16).tobytes()
    unbroken, resumed = LiveService([]), LiveService([], expires_after_s=(1.0, 0.7))
    for service in (unbroken, resumed):
        converse(service, noise)
        assert service.problems == []
    assert len(resumed.resumptions) == 3
    assert resumed.heard == unbroken.heard


def test_a_key_that_is_refused_reaches_no_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-wrong")
    report = converse(LiveService([]), speech((1000, 0)))
    assert report.close_code == 1011
    assert len(errors_of(caplog)) == 1
    assert "AIza-wrong" not in caplog.text


WRONG: dict[str, list[dict[str, Any]]] = {
    "audio before setup": [{"realtimeInput": {"audio": {}}}],
    "text answers": [{"setup": {"model": "models/a", "generationConfig": {"responseModalities": ["TEXT"]}}}],
    "another name": [{"config": {"model": "models/a"}}],
    "8 kHz": [SETUP, {"realtimeInput": {"audio": {"data": "AAAA", "mimeType": "audio/pcm;rate=8000"}}}],
    "two inputs in one": [SETUP, {"realtimeInput": {"audio": {}, "text": "hello"}}],
}


@pytest.mark.parametrize("messages", WRONG.values(), ids=WRONG)
def test_the_stand_in_refuses_what_the_service_would(messages: list[dict[str, Any]]) -> None:
    service = LiveService([])

    async def main() -> None:
        async with (
            service.open(),
            connect(f"ws://127.0.0.1:{PORT}/", additional_headers={"x-goog-api-key": KEY}) as client,
        ):
            for message in messages:
                await client.send(json.dumps(message))
            with suppress(ConnectionClosed):
                while True:
                    await client.recv()
            assert client.close_code == 1007

    run_with_services(main())
    assert service.problems


def test_a_session_that_expires_is_resumed(caplog: pytest.LogCaptureFixture) -> None:
    service = LiveService([tone(500, 2000), tone(900, 1000)], expires_after_s=(1.0, 1.5))
    report = converse(service, speech((4500, 600), (3000, 0)))
    assert service.problems == []
    assert service.resumptions == [{}, {"handle": "handle-1"}, {"handle": "handle-2"}]
    assert len(service.texts) == 1
    assert [heard_ms(report, hz) for hz in (500, 900)] == pytest.approx([2000, 1000], abs=20)
    assert errors_of(caplog) == []


@pytest.mark.parametrize(("close_code", "errors"), [(1000, 0), (1011, 1)])
def test_the_end_of_the_session_ends_the_handler(
    close_code: int, errors: int, caplog: pytest.LogCaptureFixture
) -> None:
    service = LiveService([tone(500, 1000)], close_code=close_code)
    report = converse(service, speech((4000, 0)))
    assert (report.end_reason, report.close_code) == ("app_closed", close_code)
    assert 900 <= heard_ms(report, 500) <= 1020
    assert len(errors_of(caplog)) == errors


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("gemini_live") <= MAX_LINES
