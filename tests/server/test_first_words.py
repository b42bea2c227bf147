"""The first words of a call: they wait for a moment, or for the answering-machine verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, EndpointSettings
from tests.server.conversation import tone
from tests.server.requested_call import begins_ms, requested
from tests.server.virtual_call import carried, positions

GREETING = tone(1, 800)
DETECTED = "call.machine.detection.ended"
PREMIUM = "call.machine.premium.detection.ended"
INITIATED = "call.initiated"


async def greet(call: Call) -> None:
    await call.play(GREETING)
    async for _ in call.audio():
        pass


async def greet_and_leave(call: Call) -> None:
    await call.play(GREETING)


def once(at_s: float, event_type: str, **payload: Any) -> Callable[[Callable[..., None]], Any]:
    async def script(tell: Callable[..., None]) -> None:
        await asyncio.sleep(at_s)
        tell(event_type, **payload)

    return script


def test_without_the_options_the_first_words_come_at_once() -> None:
    report = requested(greet)
    assert begins_ms(report) == pytest.approx(0, abs=5)


@pytest.mark.parametrize("handler", [greet, greet_and_leave])
def test_they_wait_for_a_moment_after_the_start(handler: Callable[..., Any]) -> None:
    report = requested(handler, first_words_after_ms=250)
    assert begins_ms(report) == pytest.approx(250, abs=5)
    assert positions(report) == list(range(1, 801)), "also where the handler has returned, nothing is lost"
    assert report.clears_received == 0


def test_they_wait_where_no_webhooks_and_no_request_are_seen() -> None:
    report = carried(greet, first_words_after_ms=250)
    assert begins_ms(report) == pytest.approx(250, abs=5)


def test_the_delay_counts_from_an_answer_that_comes_later() -> None:
    report = requested(greet, once(0.2, "call.answered"), first_words_after_ms=250)
    assert begins_ms(report) == pytest.approx(450, abs=5)


def test_the_callers_of_incoming_calls_do_not_wait() -> None:
    before = [(INITIATED, {"direction": "incoming"})]
    report = requested(greet, before=before, first_words_after_ms=250, await_verdict_s=10)
    assert begins_ms(report) == pytest.approx(0, abs=5)


@pytest.mark.parametrize("event_type", [DETECTED, PREMIUM])
@pytest.mark.parametrize("handler", [greet, greet_and_leave])
def test_they_wait_for_the_verdict(event_type: str, handler: Callable[..., Any]) -> None:
    before = [(INITIATED, {"direction": "outgoing"})]
    report = requested(handler, once(1.2, event_type, result="human"), before=before, await_verdict_s=10)
    assert begins_ms(report) == pytest.approx(1200, abs=5)
    assert positions(report) == list(range(1, 801))


def test_they_wait_no_longer_than_the_limit_for_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rtpcodec.server"):
        report = requested(greet, once(2.5, DETECTED, result="machine"), await_verdict_s=2)
    assert begins_ms(report) == pytest.approx(2000, abs=5)
    why = "endpoint.webhook and call.webhook have received no webhook"
    assert f"no verdict of answering-machine detection within 2 s; {why}" in caplog.text


def test_a_verdict_that_came_before_the_stream_counts() -> None:
    verdicts = []

    async def handler(call: Call) -> None:
        verdicts.append(await call.verdict())
        await greet(call)

    report = requested(handler, before=[(DETECTED, {"result": "machine"})], await_verdict_s=10)
    assert begins_ms(report) == pytest.approx(0, abs=5)
    assert verdicts == ["machine"]


def test_a_verdict_about_another_call_does_not_count() -> None:
    report = requested(greet, once(0.5, DETECTED, result="human", to="v3:other"), await_verdict_s=1)
    assert begins_ms(report) == pytest.approx(1000, abs=5)


def test_both_waits_have_to_end() -> None:
    report = requested(greet, once(0.1, DETECTED, result="human"), await_verdict_s=10, first_words_after_ms=300)
    assert begins_ms(report) == pytest.approx(300, abs=5)
    report = requested(greet, once(0.7, DETECTED, result="human"), await_verdict_s=10, first_words_after_ms=300)
    assert begins_ms(report) == pytest.approx(700, abs=5)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (once(0.7, DETECTED, result="machine"), ("machine", 700)),
        (once(0.7, PREMIUM, result="human_residence"), ("human_residence", 700)),
        (once(0.7, DETECTED), ("not_sure", 700)),
        (None, (None, 2000)),
    ],
)
def test_a_handler_learns_the_verdict(script: Any, found: tuple[str | None, int]) -> None:
    seen: list[tuple[str | None, float]] = []

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        call.play(GREETING)
        first, second = await asyncio.gather(call.verdict(), call.verdict())
        assert first == second == await call.verdict()
        seen.append((first, (loop.time() - begin_s) * 1000))
        if first == "machine":
            call.interrupt()

    report = requested(handler, script, await_verdict_s=2)
    ((verdict, at_ms),) = seen
    assert verdict == found[0]
    assert at_ms == pytest.approx(found[1], abs=10)
    assert len(positions(report)) == (0 if found[0] == "machine" else 800)


def test_a_verdict_is_not_awaited_beyond_the_end() -> None:
    seen: list[str | None] = []

    async def handler(call: Call) -> None:
        seen.append(await call.verdict())

    requested(handler, await_verdict_s=60)
    assert seen == [None]


def test_without_the_option_a_verdict_is_not_awaited() -> None:
    seen: list[str | None] = []

    async def handler(call: Call) -> None:
        seen.append(await call.verdict())
        await asyncio.sleep(1)
        seen.append(await call.verdict())

    requested(handler, once(0.5, DETECTED, result="human"))
    assert seen == [None, "human"]


def test_files_wait_as_well() -> None:
    from rtpcodec import StreamPlan

    async def handler(call: Call) -> None:
        await call.play(bytes(2 * 16000), pcm_hz=16000)

    report = requested(handler, once(1.0, DETECTED, result="human"), plan=StreamPlan(mode="mp3"), await_verdict_s=10)
    assert report.media_received == 1


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("first_words_after_ms", -1, "first_words_after_ms is -1, at least 0 is needed"),
        ("first_words_after_ms", "1", "first_words_after_ms is '1', a number is needed"),
        ("await_verdict_s", 0, "await_verdict_s is 0, more than 0 is needed; None disables it"),
    ],
)
def test_the_settings_are_checked(name: str, value: Any, text: str) -> None:
    with pytest.raises(EndpointError, match=f"^{text}$"):
        EndpointSettings(handler=greet, **{name: value})
