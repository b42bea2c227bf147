"""Replies, pauses, background sound and plays of threads: nothing of them outlives their call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from rtpcodec.server import Call, PlaybackPause
from tests.server.test_freed_calls import Carry, Handler, freed, listen, lose, stop


async def speak(call: Call) -> None:
    async with call.reply() as reply:
        async for _ in call.audio():
            await reply.play(bytes(3200), note="words")
    await reply.played()


async def speak_and_interrupt(call: Call) -> None:
    asyncio.get_running_loop().call_later(0.01, call.interrupt)
    reply = await call.say(endless())
    assert not await reply.played()
    async with call.reply() as reply:
        call.interrupt()
        await reply.play(bytes(3200))
    await listen(call)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(3200)
        await asyncio.sleep(0)


async def pause_and_leave(call: Call) -> None:
    reply = call.reply()
    reply.play(bytes(32_000))
    call.background(bytes(1600), pcm_hz=8000)
    pause = call.pause_playback(60)
    waiting = asyncio.ensure_future(pause_of(pause))
    await listen(call)
    await waiting
    assert reply.state == "interrupted"


async def pause_of(pause: PlaybackPause) -> None:
    await pause


async def speak_in_a_thread(call: Call) -> None:
    def engine() -> None:
        reply = call.say_threadsafe([bytes(3200)] * 20)
        assert reply.state == "interrupted"

    await asyncio.to_thread(engine)
    await listen(call)


ENDS: dict[str, tuple[Handler, Carry]] = {
    "stopped while a reply speaks": (speak, stop),
    "lost while a reply speaks": (speak, lose),
    "interrupted replies": (speak_and_interrupt, stop),
    "lost in a pause, with background sound": (pause_and_leave, lose),
    "stopped in a pause, with background sound": (pause_and_leave, stop),
    "stopped while a thread waits": (speak_in_a_thread, stop),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_a_call_lives_after(end: str) -> None:
    assert freed(*ENDS[end]) == []
