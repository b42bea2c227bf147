"""`reply.interrupt()` stops one reply, wherever it is, and no other one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.errors import ReplyInterrupted, StreamEnded
from rtpcodec.server import Call, Reply
from tests.server.conversation import tone
from tests.server.virtual_call import carried, positions

FIRST, SECOND, THIRD = (tone(begin, 8 * 600) for begin in (1, 10_001, 20_001))
"""600 ms each, whose samples show where they are from."""


async def three(call: Call, **second: Any) -> list[Reply]:
    return [
        await call.say([FIRST], id="first"),
        await call.say([SECOND], id="second", **second),
        await call.say([THIRD], id="third"),
    ]


def of(report_positions: list[int], begin: int) -> list[int]:
    return [position for position in report_positions if begin <= position < begin + 4800]


@pytest.mark.parametrize("at_s", [0.1, 0.5, 0.9, 1.3], ids=["waits", "sent, unheard", "is heard", "was heard"])
def test_other_replies_are_heard_in_full(at_s: float) -> None:
    states: list[str] = []
    found: list[events.Event] = []

    async def speak(call: Call) -> None:
        reader = call.events()
        replies = await three(call)
        await asyncio.sleep(at_s)
        replies[1].interrupt()
        await call.played()
        states.extend(reply.state for reply in replies)
        call.close()
        found.extend([event async for event in reader])

    report = carried(speak, lead_ms=400.0)
    heard = positions(report)
    assert sorted(set(of(heard, 1))) == list(range(1, 4801))
    assert sorted(set(of(heard, 20_001))) == list(range(20_001, 24_801))
    assert states == ["played", "played" if at_s == 1.3 else "interrupted", "played"]
    second = of(heard, 10_001)
    expected_ms = max(0.0, min(600.0, at_s * 1000 - 600))
    assert abs(len(second) / 8 - expected_ms) <= 45  # a piece of what was cut may be heard, or heard again
    ended = [event for event in found if isinstance(event, events.ReplyEnded)]
    assert sorted(event.reply_id for event in ended) == ["first", "second", "third"]


def test_one_that_has_ended_or_must_not_be_interrupted_stays_and_nothing_happens() -> None:
    kinds: list[str] = []

    async def speak(call: Call) -> None:
        reader = call.events()
        first, second, third = await three(call, interruptible=False)
        assert await first.played()
        for reply in (first, second):
            assert reply.interrupt() == events.Interrupted(0.0, 0.0, estimated=False)
        assert await third.played()
        kinds.extend((first.state, second.state, third.state))
        call.close()
        kinds.extend([type(event).__name__ async for event in reader])

    report = carried(speak)
    assert kinds[:3] == ["played", "played", "played"]
    assert "InterruptionSettled" not in kinds
    assert report.clears_received == 0


def test_a_pause_stays_unless_the_reply_is_stopped() -> None:
    async def speak(call: Call) -> None:
        _, second, _ = await three(call, interruptible=False)
        await asyncio.sleep(0.3)
        pause = call.pause_playback()
        second.interrupt()
        await asyncio.sleep(0.2)
        pause.resume()
        assert await call.played()

    heard = positions(carried(speak))
    assert sorted(set(heard)) == [*range(1, 4801), *range(10_001, 14_801), *range(20_001, 24_801)]


def test_a_pause_ends_with_the_reply_that_it_stopped_and_the_others_are_heard() -> None:
    resolved: list[str] = []

    async def speak(call: Call) -> None:
        _, second, _ = await three(call)
        await asyncio.sleep(0.3)
        pause = call.pause_playback()
        await asyncio.sleep(0.1)
        second.interrupt()
        resolved.append((await pause).outcome)
        await call.played()

    heard = positions(carried(speak))
    assert resolved == ["discarded"]
    assert sorted(set(heard)) == [*range(1, 4801), *range(20_001, 24_801)]


def test_what_waits_for_space_is_dropped_with_it() -> None:
    async def speak(call: Call) -> None:
        first, second = call.reply(), call.reply()
        waits = asyncio.create_task(feed(second))
        await asyncio.sleep(0.1)
        second.interrupt()
        with pytest.raises(ReplyInterrupted):
            await waits
        await first.play(FIRST)
        first.end()
        assert await first.played()
        assert call.queued_ms == 0

    async def feed(reply: Reply) -> None:
        await reply.play(SECOND * 40)

    assert positions(carried(speak, max_queue_ms=5000.0)) == list(range(1, 4801))


def test_after_the_end_of_the_stream() -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        async for _ in call.audio():
            pass
        with pytest.raises(StreamEnded):
            reply.interrupt()

    carried(speak, speech_ms=100)
