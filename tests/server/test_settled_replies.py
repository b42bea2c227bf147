"""`await reply.settled()`: the end of a reply, with the final value of what was heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call, Reply
from rtpcodec.sim import ClearHabits, Link, Timing, Variations
from tests.server.conversation import tone
from tests.server.virtual_call import carried, positions

SPEECH = tone(1, 8 * 1000)
"""A second, whose samples show where they are from."""
FAR = {"timing": Timing(to_app=Link(delay_ms=80), from_app=Link(delay_ms=80)), "playout_delay_ms": 60}


def interrupted(stop: Callable[[Call, Reply], object], **phone: Any) -> tuple[Reply, float, float, list[float]]:
    """Interrupt a reply after 700 ms. Returns it, how long it took to settle, what was heard, and the event's value."""
    found: list[Any] = []

    async def speak(call: Call) -> None:
        loop = asyncio.get_running_loop()
        reader = call.events()
        reply = await call.say([SPEECH], id="first")
        await asyncio.sleep(0.7)
        stop(call, reply)
        begun_s = loop.time()
        assert not await reply.settled()
        found.extend([reply, (loop.time() - begun_s) * 1000, reply.played_ms])
        if not call.ended:
            call.close()
        found.extend([event.played_ms async for event in reader if isinstance(event, events.ReplyEnded)])

    report = carried(speak, phone=FAR | phone)
    return found[0], found[1], len(set(positions(report))) / 8, found[2:]


@pytest.mark.parametrize(
    "stop",
    [
        lambda call, _: call.interrupt(),
        lambda _, reply: reply.interrupt(),
        lambda call, _: call.pause_playback().discard(),
    ],
    ids=["all", "this one", "a discarded pause"],
)
def test_it_waits_one_round_trip_for_the_final_value(stop: Callable[[Call, Reply], object]) -> None:
    reply, waited_ms, heard_ms, values = interrupted(stop)
    assert waited_ms == pytest.approx(160, abs=21)
    assert values == [reply.played_ms, reply.played_ms]
    assert abs(reply.played_ms - heard_ms) <= 20


@pytest.mark.parametrize("effect", ["no_marks", "ignored"])
def test_a_carrier_that_does_not_answer_the_clear_is_waited_for_a_second_and_a_round_trip(effect: Any) -> None:
    _, waited_ms, _, values = interrupted(
        lambda call, _: call.interrupt(), variations=Variations(clears=ClearHabits(effect=effect))
    )
    assert waited_ms <= 1200
    assert values[0] == values[1]


def test_the_end_of_the_stream_ends_the_wait() -> None:
    reply, waited_ms, heard_ms, values = interrupted(lambda call, _: (call.interrupt(), call.close()))
    assert waited_ms == 0
    assert values == [reply.played_ms, reply.played_ms]
    assert abs(reply.played_ms - heard_ms) <= 100


def test_a_reply_that_was_heard_is_settled_with_its_end() -> None:
    async def speak(call: Call) -> None:
        reply = await call.say([SPEECH])
        assert await reply.settled()
        assert (reply.state, reply.played_ms) == ("played", 1000)
        assert await reply.settled()

    carried(speak, phone=FAR)


def test_a_reply_of_which_nothing_was_sent_is_settled_at_once() -> None:
    async def speak(call: Call) -> None:
        await call.say([SPEECH])
        waits = await call.say([SPEECH])
        waits.interrupt()
        before_s = asyncio.get_running_loop().time()
        assert not await waits.settled()
        assert asyncio.get_running_loop().time() == before_s
        assert waits.played_ms == 0

    carried(speak, phone=FAR)


def test_waits_are_independent() -> None:
    async def speak(call: Call) -> None:
        reply = await call.say([SPEECH])
        settled = [asyncio.ensure_future(reply.settled()) for _ in range(3)]
        played = asyncio.ensure_future(reply.played())
        await asyncio.sleep(0.5)
        settled[0].cancel()
        reply.interrupt()
        assert not await played
        settled[1].cancel()
        assert not any(wait.done() and not wait.cancelled() for wait in settled)
        assert not await settled[2]
        assert abs(reply.played_ms - 440) <= 20  # the clear arrives 80 ms later, as the audio did, which waits 60 ms

    carried(speak, phone=FAR)


def test_it_is_refused_where_it_could_not_end() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            with pytest.raises(LocalProtocolError, match="settled"):
                await reply.settled()

    carried(speak)
