"""Prompts of `collect_dtmf`: what stops them, and when time-outs begin. All on the virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from rtpcodec.server import Call, Digits
from tests.listening.key_entries import PROMPT, entered, is_about, prompted, typed
from tests.server.conversation import tone


def test_the_first_time_out_begins_when_the_prompt_was_heard() -> None:
    [((digits, state, played_ms), at_ms)] = entered(lambda call: prompted(call, first_timeout_s=2.0))
    assert (digits, state, played_ms) == (Digits("", "timeout"), "played", 1000.0)
    assert is_about(at_ms, 3000)


def test_the_first_key_stops_the_prompt_and_only_the_prompt() -> None:
    states: list[str] = []

    async def ask(call: Call) -> tuple[Digits, str, float]:
        before = await call.say([tone(1, 8 * 300)], id="before")
        reply = await call.say([PROMPT], id="prompt")
        behind = await call.say([tone(1, 8 * 300)], id="behind")
        digits = await call.collect_dtmf(reply, max=2)
        found = reply.state, reply.played_ms
        assert await behind.played()
        states.extend((before.state, behind.state))
        return digits, *found

    [((digits, state, played_ms), _)] = entered(ask, *typed("12", 700.0))
    assert (digits, state) == (Digits("12", "complete"), "interrupted")
    assert is_about(played_ms, 400)
    assert states == ["played", "played"]


def test_a_prompt_that_waits_behind_another_reply_is_dropped_and_that_one_stays() -> None:
    async def ask(call: Call) -> tuple[Digits, str, float, str]:
        first = await call.say([PROMPT])
        digits, state, played_ms = await prompted(call, max=1)
        await first.played()
        return digits, state, played_ms, first.state

    assert entered(ask, (500.0, "7"))[0][0] == (Digits("7", "complete"), "interrupted", 0.0, "played")


def test_a_disclosure_is_not_stopped_and_no_time_out_runs_before_its_end() -> None:
    async def ask(call: Call) -> tuple[Digits, bool]:
        reply = await call.say([PROMPT * 5], interruptible=False)
        digits = await call.collect_dtmf(reply)
        return digits, await reply.played()

    [((digits, heard), at_ms)] = entered(ask, (500.0, "1"))
    assert (digits, heard) == (Digits("1", "timeout"), True)
    assert is_about(at_ms, 8000)


def test_keys_do_not_stop_a_prompt_without_interrupt() -> None:
    [((digits, state, _), at_ms)] = entered(lambda call: prompted(call, interrupt=False, max=2), *typed("12", 300.0))
    assert (digits, state) == (Digits("12", "complete"), "speaking")
    assert is_about(at_ms, 600)


def test_a_prompt_that_is_still_being_fed_is_stopped_as_well() -> None:
    ended: list[str] = []

    async def ask(call: Call) -> tuple[Digits, str]:
        reply = call.reply()

        async def speak() -> None:
            async with reply:
                for _ in range(100):
                    await reply.play(PROMPT)
                    await asyncio.sleep(0.5)
            ended.append(reply.state)

        speaking = asyncio.create_task(speak())
        digits = await call.collect_dtmf(reply, max=2)
        await speaking
        return digits, reply.state

    assert entered(ask, *typed("12", 1700.0))[0][0] == (Digits("12", "complete"), "interrupted")
    assert ended == ["interrupted"]


@pytest.mark.parametrize("how", ["interrupt", "current", "reply", "pause"])
def test_a_prompt_that_something_else_interrupts_ends_the_entry(how: str) -> None:
    async def ask(call: Call) -> tuple[Digits, str, float]:
        def stop() -> None:
            if how == "pause":
                call.pause_playback().discard()
            elif how == "current":
                call.interrupt("current")
            elif how == "interrupt":
                call.interrupt()
            else:
                reply.interrupt()

        reply = await call.say([PROMPT])
        asyncio.get_running_loop().call_later(0.5, stop)
        digits = await call.collect_dtmf(reply, interrupt=False)
        return digits, reply.state, reply.played_ms

    [((digits, state, _), at_ms)] = entered(ask, (200.0, "1"))
    assert (digits, state) == (Digits("1", "interrupted"), "interrupted")
    assert is_about(at_ms, 500)


def test_a_hang_up_during_the_prompt_is_a_hang_up() -> None:
    [((digits, _, _), _)] = entered(lambda call: prompted(call, interrupt=False), (500.0, "1"), speech_ms=700)
    assert digits == Digits("1", "hang_up")
