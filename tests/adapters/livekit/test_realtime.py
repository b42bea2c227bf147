"""A session with a realtime model: speech to speech, and truncation at what the caller heard."""

from __future__ import annotations

from livekit.agents import Agent, AgentSession

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioInput, CallAudioOutput
from rtpcodec.sim import Link, Timing
from tests.adapters.livekit.phone import Ends, carried, cuts_ms, heard_ms
from tests.adapters.livekit.scripted import tone
from tests.adapters.livekit.scripted_realtime import ANSWER_MS, ScriptedRealtime
from tests.adapters.livekit.sessions import ended

FAR = {"timing": Timing(to_app=Link(delay_ms=60), from_app=Link(delay_ms=60)), "playout_delay_ms": 60}


def test_a_realtime_model_is_truncated_at_what_was_heard() -> None:
    model = ScriptedRealtime()
    reported: list[Ends] = []

    async def answer(call: rtpcodec.Call) -> None:
        session: AgentSession[None] = AgentSession(llm=model, vad=None, aec_warmup_duration=None)
        reported.append(Ends(CallAudioOutput(call)))
        session.input.audio = CallAudioInput(call, sample_rate=24_000)
        session.output.audio = reported[0].output
        await session.start(Agent(instructions="Talk to the caller."))
        await ended(call)
        await session.aclose()

    word = tone(500, 700, 8000)
    speech = bytes(16 * 300) + word + bytes(16 * 1500) + word + bytes(16 * 4500)
    report = carried(answer, speech, phone=FAR)
    (ends,) = reported
    assert model.rates_hz == {24_000}
    assert ends.interrupted == [True, False]
    ((message, heard_to_ms),) = model.truncations
    assert message == "message-1"
    assert 700 < heard_to_ms < 1500
    assert abs(heard_to_ms - cuts_ms(report)[0]) <= 20
    assert report.playout_log is not None
    assert heard_ms(report, 400, from_ms=report.playout_log.clears[0].position / 8) == 0
    assert ends.positions_ms[1] == ANSWER_MS
    assert heard_ms(report, 800) in (ANSWER_MS, ANSWER_MS + 20)
