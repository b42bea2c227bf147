"""examples/openai_realtime.py with a stand-in of the service and a simulated call."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

import rtpcodec
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.sim import CallReport, Hold, Link, Timing
from tests.examples.openai_stand_in import KEY, PORT, RealtimeService
from tests.examples.service_calls import MAX_LINES, call_to, errors_of, example, lines_of, speech
from tests.examples.service_loop import run_with_services
from tests.lateness import heard_whole

PCMU = {"format": {"type": "audio/pcmu"}}
SESSION = {"type": "session.update", "session": {"type": "realtime", "audio": {"input": PCMU, "output": PCMU}}}
TRUNCATE = {"type": "conversation.item.truncate", "item_id": "item_1_0", "content_index": 0, "audio_end_ms": 0}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_URL", f"ws://127.0.0.1:{PORT}/v1/realtime?model=gpt-realtime-2.1")


def said(number: int, octets: int) -> bytes:
    """PCMU of one item: octets that no other item has."""
    return bytes([0x90 + number]) * octets


def heard_ms(report: CallReport, number: int) -> float:
    """How much of an item the caller heard."""
    (sample,) = np.frombuffer(pcmu_decode(said(number, 1)), np.int16)
    return float(np.count_nonzero(np.frombuffer(report.heard_pcm, np.int16) == sample) / 8)


def converse(service: RealtimeService, caller: bytes, **phone: Any) -> CallReport:
    module = example("openai_realtime")
    options = {"receive_pcm_hz": None}
    return run_with_services(call_to(module.answer, module.PLAN, caller, service.open(), options=options, **phone))


def test_pcmu_passes_unchanged_in_both_directions(caplog: pytest.LogCaptureFixture) -> None:
    items = [[said(1, 8000)], [said(2, 12_000), said(3, 4000)]]
    service = RealtimeService(items)
    report = converse(service, speech((1500, 500), (3000, 0)))
    assert service.problems == []
    assert service.truncated == {}
    assert [heard_ms(report, number) for number in (1, 2, 3)] == [1000, 1500, 500]
    assert pcmu_decode(items[1][0] + items[1][1]) in report.heard_pcm
    assert bytes(service.heard) == pcmu_encode(report.source_pcm)
    assert errors_of(caplog) == []


@pytest.mark.parametrize("pace", [0.05, 0.9], ids=["generated at once", "while it is generated"])
def test_an_item_is_truncated_where_the_caller_interrupted(pace: float) -> None:
    service = RealtimeService([[said(1, 24_000)], [said(2, 8000)]], pace)
    report = converse(service, speech((1700, 500), (3000, 0)))
    assert service.problems == []
    assert set(service.truncated) == {"item_1_0"}
    assert service.truncated["item_1_0"] == heard_ms(report, 1)
    assert 1000 < heard_ms(report, 1) < 2000
    assert heard_ms(report, 2) == 1000


def test_more_is_generated_than_the_call_may_queue() -> None:
    service = RealtimeService([[said(1, 90 * 8000), said(2, 8000)], [said(3, 8000)]], pace=0.001)
    report = converse(service, speech((1700, 500), (3000, 0)))
    assert service.problems == []
    assert service.generated["item_1_0"] == 90 * 8000
    assert service.truncated["item_1_0"] == pytest.approx(heard_ms(report, 1), abs=5)
    assert service.truncated["item_1_1"] == 0
    assert heard_ms(report, 3) == 1000


def test_behind_jitter_the_position_is_close_to_what_was_heard() -> None:
    link = Link(delay_ms=30, jitter_ms=40)
    service = RealtimeService([[said(1, 24_000)], [said(2, 8000)]])
    report = converse(service, speech((1700, 500), (3000, 0)), timing=Timing(to_app=link, from_app=link))
    assert service.problems == []
    assert service.truncated["item_1_0"] == pytest.approx(heard_ms(report, 1), abs=40)


def test_a_stall_of_the_network_loses_nothing_of_the_caller() -> None:
    link = Link(delay_ms=30, jitter_ms=40, stalls_ms=((600, 1600),))
    service = RealtimeService([[said(1, 4000)], [said(2, 8000)]])
    report = converse(service, speech((900, 500), (3000, 0)), timing=Timing(to_app=link))
    assert service.problems == []
    assert bytes(service.heard) == pcmu_encode(report.source_pcm)
    assert heard_ms(report, 2) == 1000


@pytest.mark.parametrize(("filled", "answers_ms"), [(False, (4500, 5500)), (True, (1900, 3000))])
def test_frames_that_are_filled_end_a_sentence_before_a_hold(filled: bool, answers_ms: tuple[int, int]) -> None:
    async def listen(call: rtpcodec.Call, model: ClientConnection, _octets: object) -> None:
        async for frame in call.audio(pcm_hz=8000, fill="silence"):
            audio = base64.b64encode(rtpcodec.pcmu_encode(frame.pcm)).decode()
            await model.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        await model.close()

    module = example("openai_realtime")
    if filled:
        vars(module)["listen"] = listen
    service = RealtimeService([[], [said(1, 8000)]])
    timing = Timing(holds=(Hold(from_ms=1500, to_ms=4500),))
    caller = speech((1000, 500), (2000, 0))
    report = run_with_services(call_to(module.answer, module.PLAN, caller, service.open(), timing=timing))
    assert service.problems == []
    begun_ms = np.flatnonzero(np.frombuffer(report.heard_pcm, np.int16))[0] / 8
    assert answers_ms[0] < begun_ms < answers_ms[1]


def test_an_item_that_was_not_begun_is_truncated_to_nothing() -> None:
    service = RealtimeService([[said(1, 20_000), said(2, 8000)], [said(3, 8000)]])
    report = converse(service, speech((1200, 500), (2500, 0)))
    assert service.problems == []
    assert service.truncated["item_1_1"] == 0
    assert 0 < service.truncated["item_1_0"] < 2500
    assert (heard_ms(report, 2), heard_ms(report, 3)) == (0, 1000)


def test_a_padded_last_frame_is_not_part_of_its_item() -> None:
    service = RealtimeService([[said(1, 8001)]])
    converse(service, speech((1105, 300), (1000, 0)))
    assert service.problems == []
    assert service.truncated == {"item_1_0": 1000}


def test_the_end_of_the_session_ends_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    service = RealtimeService([[said(1, 8000)]], closes_after=1)
    report = converse(service, speech((4000, 0)))
    assert report.end_reason == "app_closed"
    assert heard_ms(report, 1) == 1000
    assert errors_of(caplog) == []


def test_a_session_that_breaks_fails_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    service = RealtimeService([[said(1, 8000)]], closes_after=1, close_code=1011)
    report = converse(service, speech((4000, 0)))
    assert (report.end_reason, report.close_code) == ("app_closed", 1011)
    assert len(errors_of(caplog)) == 1


def test_a_caller_who_hangs_up_ends_the_session(caplog: pytest.LogCaptureFixture) -> None:
    service = RealtimeService([[said(1, 24_000)]])
    report = converse(service, speech((1000, 0)))
    assert report.end_reason == "speech_ended"
    assert service.problems == []
    assert errors_of(caplog) == []


def test_a_key_that_is_refused_reaches_no_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    report = converse(RealtimeService([]), speech((1000, 0)))
    assert report.close_code == 1011
    assert len(errors_of(caplog)) == 1
    assert "sk-wrong" not in caplog.text


APPEND = {"type": "input_audio_buffer.append", "audio": ""}
WRONG: dict[str, list[dict[str, Any]]] = {
    "audio before the session": [APPEND],
    "names of the beta": [{"type": "session.update", "session": {"input_audio_format": "g711_ulaw"}}],
    "an item that does not exist": [SESSION, {**TRUNCATE, "item_id": "item_9_0"}],
    "behind the end": [SESSION, {"type": "response.create"}, {**TRUNCATE, "audio_end_ms": 1001}],
    "no whole millisecond": [SESSION, {"type": "response.create"}, {**TRUNCATE, "audio_end_ms": 0.5}],
    "two responses": [SESSION, {"type": "response.create"}, {"type": "response.create"}],
    "no such message": [SESSION, {"type": "input_audio.append", "audio": ""}],
}


@pytest.mark.parametrize("messages", WRONG.values(), ids=WRONG)
def test_the_stand_in_refuses_what_the_service_would(messages: list[dict[str, Any]]) -> None:
    service = RealtimeService([[said(1, 8000)]], pace=0.0)

    async def main() -> None:
        headers, url = {"Authorization": f"Bearer {KEY}"}, f"ws://127.0.0.1:{PORT}/v1/realtime?model=a"
        async with service.open(), connect(url, additional_headers=headers) as client:
            for message in messages:
                if message["type"] == "conversation.item.truncate":
                    await asyncio.sleep(1)
                await client.send(json.dumps(message))
            while json.loads(await client.recv())["type"] != "error":
                pass

    run_with_services(main())
    assert service.problems


def test_over_real_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    service = RealtimeService([[said(1, 4000)]])

    async def main() -> CallReport:
        async with asyncio.timeout(60), service.open(0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            monkeypatch.setenv("OPENAI_URL", f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime-2.1")
            module = example("openai_realtime")
            return await call_to(module.answer, module.PLAN, speech((1000, 0)), nullcontext())

    report = asyncio.run(main())
    assert service.problems == []
    assert heard_whole(report, pcmu_decode(said(1, 4000)))
    assert pcmu_encode(report.source_pcm).startswith(service.heard)


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("openai_realtime") <= MAX_LINES
