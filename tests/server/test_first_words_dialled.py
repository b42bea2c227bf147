"""The first words of a call that we have dialled, whose stream starts while the phone still rings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.server import Call
from rtpcodec.server.first_words import MAX_RINGING_S
from rtpcodec.sim import CallReport, Carrier, Variations
from tests.server.conversation import L16, tone
from tests.server.requested_call import begins_ms
from tests.server.transfers import AGENT, Deliver, at_once, hooks_at
from tests.server.virtual_call import positions

GREETING = tone(1, 800)
RINGING_S = 1.5


def dialled(
    *, dialled_stream: Any = "while_ringing", deliver: Deliver = at_once, speech_s: int = 3, **options: Any
) -> tuple[CallReport, float]:
    """Dial AGENT, who is greeted. Returns the report, and from `start` to the answer in ms."""
    started_s: list[float] = []
    answered_s: list[float] = []

    async def greet(call: Call) -> None:
        started_s.append(asyncio.get_running_loop().time())
        await call.play(GREETING)
        async for _ in call.audio():
            pass

    async def main() -> CallReport:
        loop = asyncio.get_running_loop()
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(greet, plan=L16, **{"first_words_after_ms": 250} | options) as endpoint,
        ):

            async def take(request: MemoryRequest) -> MemoryAnswer:
                event = webhook_events.read(request.body)
                if event.event_type == "call.answered":
                    answered_s.append(loop.time())
                for delay_s in deliver(event, 0):
                    loop.call_later(delay_s, endpoint.webhook, event)
                return MemoryAnswer(200)

            carrier.send_webhooks(hooks_at(take))
            carrier.phone(
                AGENT,
                bytes(16_000 * speech_s),
                answers_after_s=RINGING_S,
                variations=Variations(dialled_stream=dialled_stream),
            )
            fields = L16.command_fields("dial")
            await control.dial(
                to=AGENT, from_="+15550100001", connection_id="1", stream_url=endpoint.url, timeout_secs=90, **fields
            )
            (call,) = carrier.calls
            return await call.finished()

    report = run_virtual(main())
    return report, (answered_s[0] - started_s[0]) * 1000 if answered_s else 0.0


def without(kind: str) -> Deliver:
    def deliver(event: webhook_events.WebhookEvent, _number: int) -> Iterable[float]:
        return () if event.event_type == kind else (0.0,)

    return deliver


@pytest.mark.parametrize("dialled_stream", ["while_ringing", "at_answer"])
def test_they_wait_for_a_moment_after_the_answer(dialled_stream: Any) -> None:
    report, answer_ms = dialled(dialled_stream=dialled_stream)
    assert answer_ms == pytest.approx(RINGING_S * 1000 if dialled_stream == "while_ringing" else 0, abs=50)
    assert begins_ms(report) == pytest.approx(answer_ms + 250, abs=50)
    assert positions(report) == list(range(1, 801))


def test_without_webhooks_of_the_dialling_they_count_from_the_start() -> None:
    report, _ = dialled(deliver=without("call.initiated"))
    assert begins_ms(report) == pytest.approx(250, abs=50)


def test_an_answer_that_nobody_reports_is_not_awaited_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        report, _ = dialled(deliver=without("call.answered"), speech_s=62)
    assert begins_ms(report) == pytest.approx(MAX_RINGING_S * 1000 + 250, abs=50)
    assert "no webhook reported the answer within 60 s; replies begin without it" in caplog.text


def test_the_wait_for_the_verdict_counts_from_the_answer() -> None:
    report, answer_ms = dialled(first_words_after_ms=0, await_verdict_s=1)
    assert begins_ms(report) == pytest.approx(answer_ms + 1000, abs=50)
