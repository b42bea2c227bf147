"""Turns: the time from the end of the caller's speech to our first audio, compared with what the phone heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import numpy as np
import pytest

import rtpcodec
from rtpcodec.audio.levels import rms_of_dbov
from rtpcodec.kernels.noise import white_noise
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import CallReport, Carrier, Link, MarkHabits, Timing, Variations
from rtpcodec.stream.events import SpeechEnded, SpeechStarted
from rtpcodec.stream.listening.turn_times import LATENCY_BOUNDS_MS, MAX_TURNS, TurnTimes
from rtpcodec.stream.plan import StreamPlan

PLAN: Final = StreamPlan(send_codec="PCMU")


def sound(duration_ms: int) -> bytes:
    return white_noise(1, 0, duration_ms * 8, rms_of_dbov(-26))


def silence(duration_ms: int) -> bytes:
    return bytes(16 * duration_ms)


def conversation(
    handler: Callable[[Call], Awaitable[None]], speech: bytes, **phone: Any
) -> tuple[TurnTimes | None, CallReport, float]:
    """One call on the virtual clock: its turns, the carrier's report, and the latency sum that the endpoint counted."""
    found: list[TurnTimes | None] = []
    sums: list[float] = []

    async def main() -> CallReport:
        async def kept(call: Call) -> None:
            try:
                await handler(call)
            finally:
                found.append(call.statistics().turns)

        async with Carrier("KEY") as carrier, rtpcodec.serve(kept, plan=PLAN) as endpoint:
            call = carrier.new_call(speech, **phone)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
            report = await call.finished()
            await endpoint.drain()
            sums.append(endpoint.statistics().media.turn_latency_ms)
            return report

    report = run_virtual(main())
    return found[0], report, sums[0]


async def answering(call: Call, think_s: float = 0.3) -> None:
    """Answer each end of speech after a time for thinking."""
    call.voice()
    async for event in call.events():
        if isinstance(event, SpeechEnded):
            await asyncio.sleep(think_s)
            await call.say([sound(800)])


def heard_at_ms(report: CallReport, after_ms: float) -> float:
    """When the caller heard our first audio after a moment, since the start of the stream."""
    samples = np.frombuffer(report.heard_pcm, np.int16)
    begin = round(after_ms * report.heard_hz / 1000)
    return (begin + int(np.flatnonzero(np.abs(samples[begin:].astype(int)) > 100)[0])) * 1000 / report.heard_hz


@pytest.mark.parametrize(
    ("phone", "doubt_ms"),
    [
        pytest.param({}, 60, id="no network"),
        pytest.param({"playout_delay_ms": 100.0}, 60, id="hold"),
        pytest.param(
            {
                "timing": Timing(to_app=Link(delay_ms=150), from_app=Link(delay_ms=70)),
                "playout_delay_ms": 60.0,
            },
            60,
            id="way",
        ),
        pytest.param(
            {"timing": Timing(to_app=Link(delay_ms=40, jitter_ms=40), from_app=Link(delay_ms=40, jitter_ms=40))},
            150,
            id="jitter",
        ),
        pytest.param(
            {
                "timing": Timing(to_app=Link(delay_ms=60), from_app=Link(delay_ms=60)),
                "variations": Variations(marks=MarkHabits(echo="never")),
            },
            600,
            id="no echoes",
        ),
    ],
)
def test_a_turn_is_as_long_as_the_caller_waits(phone: dict[str, Any], doubt_ms: float) -> None:
    speech = silence(1000) + (sound(1000) + silence(3000)) * 3
    turns, report, total_ms = conversation(answering, speech, **phone)
    assert turns is not None
    assert turns.count == len(turns.last) == 3
    for number, turn in enumerate(turns.last):
        ended_ms = 2000.0 + 4000 * number
        truth_ms = heard_at_ms(report, ended_ms) - ended_ms
        assert turn.speech_ended_ms == pytest.approx(ended_ms, abs=45)
        assert turn.uncertainty_ms <= doubt_ms
        assert abs(turn.latency_ms - truth_ms) <= turn.uncertainty_ms + 25
        assert turn.answered_ms == turn.speech_ended_ms + turn.latency_ms
        assert turn.reply_id == f"reply-{number + 1}"
    assert turns.max_ms == max(turn.latency_ms for turn in turns.last)
    assert turns.median_ms == sorted(turn.latency_ms for turn in turns.last)[1]
    assert turns.total_ms == total_ms == pytest.approx(sum(turn.latency_ms for turn in turns.last))
    assert sum(turns.histogram) == 3
    assert len(turns.histogram) == len(LATENCY_BOUNDS_MS) + 1


def test_without_voice_activity_there_are_no_turns() -> None:
    async def talk(call: Call) -> None:
        await call.say([sound(500)])
        async for _ in call.audio():
            pass

    turns, _, total_ms = conversation(talk, sound(2000))
    assert (turns, total_ms) == (None, 0.0)


def test_unanswered_speech_is_not_a_turn() -> None:
    async def listen(call: Call) -> None:
        call.voice()
        async for _ in call.events():
            pass

    turns, _, _ = conversation(listen, sound(1000) + silence(2000))
    assert turns == TurnTimes()
    assert turns.median_ms is turns.max_ms is None


def test_an_answer_within_the_hang_over_counts() -> None:
    """A program with its own end-of-turn detector answers 60 ms after the speech."""

    async def talk(call: Call) -> None:
        call.voice()
        async for audio in call.audio():
            if audio.media_ms >= 2060:
                break
        await call.say([sound(500)])
        async for _ in call.audio():
            pass

    turns, report, _ = conversation(talk, silence(1000) + sound(1000) + silence(3000))
    assert turns is not None
    (turn,) = turns.last
    assert turn.latency_ms == pytest.approx(heard_at_ms(report, 2000) - 2000, abs=turn.uncertainty_ms)
    assert 0 < turn.latency_ms < 200


def test_a_reply_that_began_before_the_speech_ended_is_not_an_answer() -> None:
    async def talk(call: Call) -> None:
        call.voice()
        async for event in call.events():
            if isinstance(event, SpeechStarted):
                await call.say([sound(3000)])

    turns, _, _ = conversation(talk, silence(500) + sound(1500) + silence(3000))
    assert turns is not None
    assert turns.count == 0


def test_an_answer_that_is_cut_before_it_is_heard_is_not_a_turn() -> None:
    async def talk(call: Call) -> None:
        call.voice()
        async for event in call.events():
            if isinstance(event, SpeechEnded):
                reply = call.reply()
                await reply.play(sound(500))
                call.interrupt()

    turns, _, _ = conversation(talk, silence(500) + sound(1000) + silence(3000), playout_delay_ms=150.0)
    assert turns is not None
    assert turns.count == 0


def test_audio_of_play_answers_without_an_id_and_background_does_not() -> None:
    async def talk(call: Call) -> None:
        call.voice()
        call.background(sound(1000), level_dbov=-40, pcm_hz=8000)
        async for event in call.events():
            if isinstance(event, SpeechEnded):
                await asyncio.sleep(0.5)
                await call.play(sound(500))

    turns, _, _ = conversation(talk, silence(500) + (sound(1000) + silence(2500)) * 2)
    assert turns is not None
    assert [turn.reply_id for turn in turns.last] == [None, None]
    assert all(turn.latency_ms > 500 for turn in turns.last)


def test_only_the_latest_turns_are_kept_individually() -> None:
    async def quick(call: Call) -> None:
        await answering(call, 0.0)

    turns, _, _ = conversation(quick, (sound(300) + silence(1700)) * (MAX_TURNS + 3), keeps_audio=False)
    assert turns is not None
    assert (turns.count, len(turns.last)) == (MAX_TURNS + 3, MAX_TURNS)
    assert sum(turns.histogram) == MAX_TURNS + 3


def test_an_answer_that_the_hang_up_prevents_is_not_a_turn() -> None:
    async def late(call: Call) -> None:
        await answering(call, 0.0)

    # The first turn shows the carrier's hold, which the second answer would have needed.
    speech = silence(500) + sound(1000) + silence(3000) + sound(1000) + silence(560)
    turns, _, _ = conversation(late, speech, playout_delay_ms=150.0)
    assert turns is not None
    assert turns.count == 1
