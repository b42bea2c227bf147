"""Replies on a way that stalls, and with arguments that are refused."""

from __future__ import annotations

import asyncio

import pytest

from rtpcodec.server import Call
from rtpcodec.sim import Link, Timing
from tests.server.conversation import tone
from tests.server.virtual_call import carried

TONE = tone(1, 8 * 400)


def test_while_the_way_up_stalls_the_uncertainty_covers_what_did_not_arrive() -> None:
    """What was sent until 3 s, with the lead, is 3400 ms; the rest arrives at 6 s."""

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for at in range(50):
                await reply.play(tone(1, 1600), note=at)
            await asyncio.sleep(3.9)
            for _ in range(20):
                await asyncio.sleep(0.1)
                assert reply.played_ms - reply.played_uncertainty_ms <= 3400
            found = call.interrupt()
        assert found.played_ms - found.played_uncertainty_ms <= 3400
        assert not await reply.played()
        assert reply.played_ms - reply.played_uncertainty_ms <= 3400

    timing = Timing(from_app=Link(delay_ms=20, outages_ms=((3000, 6000),)), to_app=Link(delay_ms=20))
    carried(speak, speech_ms=8000, phone={"timing": timing})


def test_another_word_interrupts_nothing_and_an_id_is_a_str() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(TONE)
            with pytest.raises(ValueError, match=r"^what is 'curent', 'all' or 'current' is needed$"):
                call.interrupt("curent")  # type: ignore[arg-type]
            with pytest.raises(TypeError, match=r"^the id of the reply is of type int, a str or None is needed$"):
                call.reply(5)  # type: ignore[arg-type]
        assert await reply.played()

    carried(speak)
