"""Hold and unhold by webhook: replies pause, voice activity is suspended, background sound continues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.kernels.noise import white_noise
from rtpcodec.server import Call
from tests.server.conversation import tone
from tests.server.requested_call import begins_ms, requested
from tests.server.virtual_call import positions

HOLD, UNHOLD = "call.hold", "call.unhold"
Steps = list[tuple[float, str, dict[str, Any]]]


def at(*steps: tuple[float, str, dict[str, Any]]) -> Callable[[Callable[..., None]], Any]:
    """Let webhooks arrive, each so many seconds after the start."""

    async def script(tell: Callable[..., None]) -> None:
        passed_s = 0.0
        for at_s, event_type, payload in steps:
            await asyncio.sleep(at_s - passed_s)
            passed_s = at_s
            tell(event_type, **payload)

    return script


async def seen_by(call: Call, kinds: tuple[type, ...]) -> list[str]:
    return [type(event).__name__ async for event in call.events() if isinstance(event, kinds)]


def test_a_reply_continues_after_the_hold() -> None:
    seen: list[str] = []

    async def handler(call: Call) -> None:
        await call.play(tone(1, 8000))
        seen.extend(await seen_by(call, (events.Held, events.Unheld)))

    script = at((0.5, HOLD, {"second": 1}), (1.5, UNHOLD, {"second": 2}))
    report = requested(handler, script)
    heard = positions(report)
    assert seen == ["Held", "Unheld"]
    assert set(heard) == set(range(1, 8001))
    assert len(heard) - 8000 <= 60 * 8
    samples = memoryview(report.heard_pcm).cast("h")
    assert not any(samples[8 * 600 : 8 * 1490]), "nothing is heard during the hold"


@pytest.mark.parametrize(
    ("steps", "kinds"),
    [
        ([(0.1, UNHOLD, {"second": 1})], []),
        ([(0.1, HOLD, {"second": 1}), (0.2, HOLD, {"second": 2})], ["Held"]),
        ([(0.1, UNHOLD, {"second": 2}), (0.2, HOLD, {"second": 1})], []),
        ([(0.1, HOLD, {"second": 1}), (0.2, UNHOLD, {"second": 2}), (0.3, HOLD, {"second": 1})], ["Held", "Unheld"]),
        ([(0.1, HOLD, {"second": 1, "to": "v3:other"})], []),
        (
            [(0.1, HOLD, {}), (0.2, UNHOLD, {}), (0.3, HOLD, {"second": 5}), (0.4, UNHOLD, {"second": 6})],
            ["Held", "Unheld", "Held", "Unheld"],
        ),
    ],
    ids=["unhold alone", "twice", "reversed", "late", "another call", "two holds"],
)
def test_events_that_are_doubled_late_or_about_another_call(steps: Steps, kinds: list[str]) -> None:
    seen: list[str] = []

    async def handler(call: Call) -> None:
        seen.extend(await seen_by(call, (events.Held, events.Unheld)))

    requested(handler, at(*steps), speech=bytes(16 * 600))
    assert seen == kinds


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        ([(HOLD, {"second": 1})], ["Held", "Unheld"]),
        ([(HOLD, {"second": 1}), (UNHOLD, {"second": 2})], []),
        ([(UNHOLD, {"second": 2}), (HOLD, {"second": 1})], []),
    ],
)
def test_a_call_that_was_held_before_its_stream(before: list[tuple[str, dict[str, Any]]], kinds: list[str]) -> None:
    seen: list[str] = []

    async def handler(call: Call) -> None:
        await call.play(tone(1, 800))
        seen.extend(await seen_by(call, (events.Held, events.Unheld)))

    report = requested(handler, at((0.5, UNHOLD, {"second": 3})), before=before)
    assert seen == kinds
    assert begins_ms(report) == pytest.approx(500 if kinds else 0, abs=5)


def test_hold_music_is_not_the_caller() -> None:
    seen: list[str] = []

    async def handler(call: Call) -> None:
        voice = call.voice()
        silent = asyncio.ensure_future(voice.silent(0.8))
        seen.extend(await seen_by(call, (events.Held, events.Unheld, events.SpeechStarted, events.SpeechEnded)))
        assert not await silent, "the caller was never silent for so long"

    speech = bytes(16 * 500) + white_noise(1, 0, 8 * 3000, 2000)
    requested(handler, at((1.0, HOLD, {"second": 1}), (2.0, UNHOLD, {"second": 2})), speech=speech)
    assert seen == ["SpeechStarted", "Held", "SpeechEnded", "Unheld", "SpeechStarted", "SpeechEnded"]


def test_background_sound_continues() -> None:
    async def handler(call: Call) -> None:
        call.background(tone(2000, 8000), level_dbov=-10, pcm_hz=8000)
        call.play(tone(1, 16_000))
        async for _ in call.audio():
            pass

    report = requested(handler, at((0.5, HOLD, {})), speech=bytes(16 * 2000))
    samples = memoryview(report.heard_pcm).cast("h")
    silent = sum(not sample for sample in samples[8 * 700 : 8 * 1900])
    assert silent < 8 * 20, "the background is heard during the hold"


def test_what_a_handler_has_left_is_heard_after_the_hold() -> None:
    async def handler(call: Call) -> None:
        await call.play(tone(1, 8000))

    report = requested(handler, at((0.3, HOLD, {"second": 1}), (2.8, UNHOLD, {"second": 2})), speech=bytes(16 * 9000))
    assert set(positions(report)) == set(range(1, 8001)), (
        "the handler's time to be heard counts from the end of the hold"
    )
    assert report.end_reason == "app_closed"


def test_an_endpoint_without_a_handler_sees_the_hold() -> None:
    seen: list[str] = []

    def take(_call: Call, event: events.Event) -> None:
        if isinstance(event, events.Held | events.Unheld):
            seen.append(type(event).__name__)

    requested(None, at((0.1, HOLD, {"second": 1}), (0.2, UNHOLD, {"second": 2})), speech=bytes(16 * 400), on_event=take)
    assert seen == ["Held", "Unheld"]


def test_a_hold_at_the_end_and_after_it() -> None:
    async def handler(call: Call) -> None:
        await call.play(tone(1, 8000))

    report = requested(handler, at((0.2, HOLD, {}), (1.2, UNHOLD, {}), (1.3, HOLD, {}), (5.0, UNHOLD, {})))
    assert max(positions(report)) < 8000, "the stream ended while the call was held"
