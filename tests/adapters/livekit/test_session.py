"""A whole AgentSession on a simulated call: it speaks, is interrupted, pauses, resumes and ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import AgentSession

import rtpcodec
from rtpcodec.sim import Link, Timing
from tests.adapters.livekit.phone import all_heard_ms, cuts_ms, heard_ms
from tests.adapters.livekit.scripted import tone
from tests.adapters.livekit.sessions import ended, talk

FAR = {"timing": Timing(to_app=Link(delay_ms=60), from_app=Link(delay_ms=60)), "playout_delay_ms": 60}
TEN = "one two three four five six seven eight nine ten"
"""1600 ms of speech."""
WORD = tone(500, 700, 8000)


def silence(ms: int) -> bytes:
    return bytes(16 * ms)


def whole(ms: float) -> tuple[float, float]:
    """Return how long this much audio is heard, in steps of 20 ms, wherever it begins."""
    return (ms, ms + 20)


@pytest.mark.parametrize("dialect", ["telnyx", "twilio"])
def test_it_answers_the_caller(dialect: str) -> None:
    talked, report = talk([TEN], ["Good morning"], silence(300) + WORD + silence(3500), phone=FAR, dialect=dialect)
    assert talked.llm.contexts == [[("system", "Talk to the caller."), ("user", "Good morning")]]
    assert talked.history == [("user", "Good morning", False), ("assistant", TEN, False)]
    assert (talked.ends.positions_ms, talked.ends.interrupted) == ([1600], [False])
    assert heard_ms(report, 400) in whole(1600)
    assert [state for _, state in talked.states][-3:] == ["thinking", "speaking", "listening"]


@pytest.mark.parametrize("dialect", ["telnyx", "twilio"])
@pytest.mark.parametrize("resume", [False, True], ids=["interrupted at once", "paused, then interrupted"])
def test_an_interruption_by_the_caller(dialect: str, *, resume: bool) -> None:
    speech = silence(300) + WORD + silence(1200) + WORD + silence(3500)
    talked, report = talk(
        [TEN, "alpha beta gamma"],
        ["Good morning", "Stop"],
        speech,
        interruption={"resume_false_interruption": resume},
        phone=FAR,
        dialect=dialect,
    )
    assert talked.ends.interrupted == [True, False]
    first_ms = talked.ends.positions_ms[0]
    assert 700 < first_ms < 1500
    assert abs(first_ms - cuts_ms(report)[0]) <= 20
    assert abs(first_ms - heard_ms(report, 400)) <= 40
    assert talked.ends.positions_ms[1] == 480
    assert heard_ms(report, 800) in whole(480)
    assert report.playout_log is not None
    cut_ms = report.playout_log.clears[0].position / 8
    assert heard_ms(report, 400, from_ms=cut_ms) == 0
    assert [(role, interrupted) for role, _, interrupted in talked.history] == [
        ("user", False),
        ("assistant", True),
        ("user", False),
        ("assistant", False),
    ]


@pytest.mark.parametrize("dialect", ["telnyx", "twilio"])
def test_a_cough_pauses_and_the_sentence_is_heard_in_full(dialect: str) -> None:
    speech = silence(300) + WORD + silence(1200) + tone(300, 700, 8000) + silence(4000)
    talked, report = talk([TEN], ["Good morning", None], speech, phone=FAR, dialect=dialect)
    assert talked.false_interruptions == [True]
    assert (talked.ends.positions_ms, talked.ends.interrupted) == ([1600], [False])
    assert 1600 <= all_heard_ms(report) <= 1740
    assert talked.history == [("user", "Good morning", False), ("assistant", TEN, False)]


def test_an_interruption_by_the_program() -> None:
    async def script(call: rtpcodec.Call, session: AgentSession[Any]) -> None:
        session.say(TEN)
        await asyncio.sleep(0.9)
        await session.interrupt()
        await session.say("alpha beta", add_to_chat_ctx=False)
        call.close()

    talked, report = talk([], [], silence(6000), script=script, phone=FAR)
    assert talked.ends.interrupted == [True, False]
    assert abs(talked.ends.positions_ms[0] - cuts_ms(report)[0]) <= 20
    assert heard_ms(report, 800) in whole(320)


@pytest.mark.parametrize("dialect", ["telnyx", "twilio"])
def test_the_caller_hangs_up_in_mid_sentence(dialect: str) -> None:
    talked, report = talk([TEN], ["Good morning"], silence(300) + WORD + silence(1000), phone=FAR, dialect=dialect)
    assert talked.ends.interrupted == [True]
    assert abs(talked.ends.positions_ms[0] - heard_ms(report, 400)) <= 200  # the end of the call came later to us
    assert talked.history[1][2]


def test_the_session_ends_and_the_last_word_is_heard() -> None:
    async def script(_call: rtpcodec.Call, session: AgentSession[Any]) -> None:
        closed = asyncio.Event()
        session.on("close", lambda _event: closed.set())
        session.say(TEN)
        session.shutdown(drain=True)
        await closed.wait()

    talked, report = talk([], [], silence(6000), script=script, phone=FAR)
    assert (talked.ends.positions_ms, talked.ends.interrupted) == ([1600], [False])
    assert heard_ms(report, 400) in whole(1600)
    assert len(report.heard_pcm) / 16 < 5000  # the session ends the call, not the caller


def test_audio_that_is_switched_off_is_neither_heard_nor_spoken() -> None:
    async def script(call: rtpcodec.Call, session: AgentSession[Any]) -> None:
        session.input.set_audio_enabled(False)
        session.output.set_audio_enabled(False)
        await session.say("one two three")
        session.output.set_audio_enabled(True)
        await session.say("alpha beta")
        await ended(call)

    talked, report = talk([TEN], ["Good morning"], silence(300) + WORD + silence(2000), script=script, phone=FAR)
    assert talked.llm.contexts == []
    assert talked.ends.positions_ms == [320]
    assert all_heard_ms(report) in whole(320)
