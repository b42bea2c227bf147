"""Pause and resume: the reversible interruption, however it ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.errors import LocalProtocolError, ReplyInterrupted
from rtpcodec.server import Call
from rtpcodec.sim import Link, Timing
from tests.server.conversation import tone
from tests.server.virtual_call import carried, positions

SPEECH = tone(1, 8 * 1000)


def without_repetition(heard: list[int]) -> tuple[list[int], int]:
    """Return what was heard without a step back, and how many samples were heard twice."""
    first: list[int] = []
    again = 0
    for sample in heard:
        if first and sample <= first[-1]:
            again += 1
        else:
            first.append(sample)
    return first, again


def test_what_was_not_heard_is_heard_after_the_pause() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(SPEECH)
        await asyncio.sleep(0.51)
        pause = call.pause_playback()
        assert pause.resolved is None
        await asyncio.sleep(0.7)
        call.play(tone(10_001, 160))
        pause.resume()
        pause.discard()  # it has ended
        resolved = await pause
        assert (resolved.outcome, round(resolved.paused_ms)) == ("resumed", 700)
        assert pause.resolved is resolved
        assert await reply.played()
        assert await call.played()

    heard = positions(carried(speak))
    first, again = without_repetition(heard[:-160])
    assert heard[-160:] == list(range(10_001, 10_161))
    assert [sample for sample in range(1, 8001) if sample not in set(first)] == []
    assert again <= 8 * 60


@pytest.mark.parametrize("seed", range(12))
def test_at_any_moment_nothing_is_missing_and_little_is_heard_twice(seed: int) -> None:
    dice = random.Random(seed)
    moments_s = [dice.uniform(0.02, 0.9), dice.uniform(0.01, 0.5)]
    doubts_ms: list[float] = []

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for at in range(0, 8000, 250):
                await reply.play(SPEECH[2 * at : 2 * at + 500])
        for moment_s in moments_s:
            await asyncio.sleep(moment_s)
            doubts_ms.append(reply.played_uncertainty_ms)
            pause = call.pause_playback()
            await asyncio.sleep(dice.uniform(0.1, 1))
            pause.resume(dice.choice((20, 27, 40)))
        assert await reply.played()
        assert (reply.state, reply.played_ms) == ("played", 1000.0)

    link = Link(delay_ms=dice.choice((0, 20, 120)))
    phone = {"timing": Timing(from_app=link, to_app=Link(delay_ms=10)), "playout_delay_ms": dice.choice((0, 60))}
    first, again = without_repetition(positions(carried(speak, speech_ms=6000, phone=phone)))
    assert first == list(range(1, 8001))
    assert again <= 8 * sum(40 + 2 * (doubt_ms + 20) for doubt_ms in doubts_ms)


def test_a_discarded_pause_drops_the_rest() -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        waiting = asyncio.ensure_future(reply.play(tone(1, 8 * 2000)))
        await asyncio.sleep(0.5)
        pause = call.pause_playback()
        pause.discard()
        assert await pause == events.PauseResolved("discarded", 0.0)
        with pytest.raises(ReplyInterrupted):
            await waiting
        assert (reply.state, call.queued_ms) == ("interrupted", 0.0)
        assert not await reply.played()
        await call.play(tone(10_001, 160))

    heard = positions(carried(speak, max_queue_ms=400))
    assert heard[-160:] == list(range(10_001, 10_161))
    assert len(heard) < 8 * 600


@pytest.mark.parametrize("then", ["resume", "discard"])
def test_the_time_out_resolves_it(then: Any) -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(SPEECH)
        await asyncio.sleep(0.3)
        pause = call.pause_playback(timeout_s=0.5, then=then)
        resolved = await pause
        assert resolved.outcome == {"resume": "resumed", "discard": "discarded"}[then]
        assert 500 <= resolved.paused_ms <= 521
        assert await reply.played() is (then == "resume")
        found = [event async for event in unread(call)]
        assert [event for event in found if isinstance(event, events.PauseResolved)] == [resolved]

    carried(speak)


async def unread(call: Call) -> Any:
    await call.close()
    async for event in call.events():
        yield event


async def interrupt(call: Call) -> None:
    call.interrupt()


async def close(call: Call) -> None:
    await call.close()


@pytest.mark.parametrize("end", [interrupt, close])
def test_an_interruption_and_our_close_discard_it(end: Callable[[Call], Any]) -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(SPEECH)
        await asyncio.sleep(0.3)
        pause = call.pause_playback()
        await asyncio.sleep(0.1)
        await end(call)
        assert (await pause).outcome == "discarded"
        assert reply.state == "interrupted"
        pause.resume()
        assert call.queued_ms == 0

    assert len(positions(carried(speak))) < 8 * 400


def test_a_hang_up_discards_it() -> None:
    resolved: list[Any] = []

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(SPEECH)
        await asyncio.sleep(0.3)
        pause = call.pause_playback(timeout_s=60)
        resolved.append(await pause)
        resolved.append(reply.state)

    carried(speak, speech_ms=600)
    assert (resolved[0].outcome, resolved[1]) == ("discarded", "interrupted")


def test_a_handler_that_returns_in_a_pause_lets_it_end() -> None:
    async def speak(call: Call) -> None:
        await call.play(SPEECH)
        await asyncio.sleep(0.3)
        call.pause_playback(timeout_s=1.5)

    first, _ = without_repetition(positions(carried(speak)))
    assert first == list(range(1, 8001))


def test_only_one_pause_at_a_time() -> None:
    async def speak(call: Call) -> None:
        pause = call.pause_playback()
        with pytest.raises(LocalProtocolError, match="the playback is already paused"):
            call.pause_playback()
        for rewind_ms in (19, 41):
            with pytest.raises(ValueError, match=f"rewind_ms is {rewind_ms}, 20 to 40 is needed"):
                pause.resume(rewind_ms)
        pause.resume(40)
        call.pause_playback().discard()
        with pytest.raises(ValueError, match="then is 'stop'"):
            call.pause_playback(then="stop")  # type: ignore[arg-type]  # that is the mistake
        with pytest.raises(ValueError, match="the time-out of the pause is 0 ms"):
            call.pause_playback(0)

    carried(speak)


def test_what_was_sent_at_once_is_kept_until_it_was_heard() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for _ in range(12):
                await reply.play(SPEECH)
        await asyncio.sleep(1.5)
        call.pause_playback().resume()
        assert await reply.played()

    heard = positions(carried(speak, lead_ms=None, speech_ms=20_000))
    assert 8 * 12_000 <= len(heard) <= 8 * 12_060
