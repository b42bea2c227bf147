"""`say` plays an iterable as one reply: it paces it, closes its generator, and ends with an interruption."""

from __future__ import annotations

import array
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

from rtpcodec import events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call
from tests.server.conversation import tone
from tests.server.virtual_call import carried, positions


class Engine:
    """A speech engine: chunks of 100 ms, and a record of its end."""

    def __init__(self, chunks: int = 100, pause_s: float = 0.0) -> None:
        self.chunks = chunks
        self.pause_s = pause_s
        self.given = 0
        self.closed = False

    def chunk(self, at: int) -> bytes:
        self.given = at + 1
        return tone(1 + 800 * at, 800)

    def chunks_of(self) -> Iterator[bytes]:
        try:
            for at in range(self.chunks):
                yield self.chunk(at)
        finally:
            self.closed = True

    async def stream(self) -> AsyncIterator[bytes]:
        try:
            for at in range(self.chunks):
                await asyncio.sleep(self.pause_s)
                yield self.chunk(at)
        finally:
            self.closed = True


@pytest.mark.parametrize("asynchronous", [False, True], ids=["iterable", "async iterable"])
def test_all_chunks_are_heard_as_one_reply(asynchronous: bool) -> None:
    engine = Engine(5)

    async def speak(call: Call) -> None:
        reply = await call.say(engine.stream() if asynchronous else engine.chunks_of(), id="answer")
        assert (reply.id, engine.closed) == ("answer", True)
        assert await reply.played()
        assert reply.state == "played"

    assert positions(carried(speak)) == list(range(1, 4001))


def test_chunks_may_be_a_list_of_audio_of_any_rate_with_notes() -> None:
    async def speak(call: Call) -> None:
        first = events.Audio("inbound", b"", tone(1, 160), 8000, 20.0, 0.0)
        chunks: list[Any] = [first, (array.array("f", [0.5] * 480), "halves"), (first, "first again")]
        reply = await call.say(chunks[:1])
        assert await reply.played()
        reply = await call.say(chunks[1:2], 24000)
        assert await reply.played()
        assert reply.last_note_played == "halves"
        reply = await call.say(chunks[2:])
        assert await reply.played()
        assert reply.last_note_played == "first again"

    heard = positions(carried(speak))
    assert heard[:160] == heard[-160:] == list(range(1, 161))
    assert heard[200] == pytest.approx(16384, abs=200)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["iterable", "async iterable"])
def test_an_interruption_closes_the_generator_and_returns_quietly(asynchronous: bool) -> None:
    engine = Engine()

    async def speak(call: Call) -> None:
        asyncio.get_running_loop().call_later(0.5, call.interrupt)
        reply = await call.say(engine.stream() if asynchronous else engine.chunks_of())
        assert (reply.state, engine.closed) == ("interrupted", True)
        assert engine.given < 20
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0.1)  # a stale cancellation would end this

    report = carried(speak, max_queue_ms=400)
    assert len(positions(report)) < 8 * 600


def test_an_interruption_does_not_wait_for_the_next_chunk() -> None:
    engine = Engine(pause_s=60)

    async def speak(call: Call) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        loop.call_later(0.5, call.interrupt)
        reply = await call.say(engine.stream())
        assert loop.time() - begun == pytest.approx(0.5, abs=0.05)
        assert (reply.state, engine.closed, engine.given) == ("interrupted", True, 0)

    carried(speak)


def test_the_end_of_the_stream_ends_it_as_well() -> None:
    engine = Engine(pause_s=60)
    states: list[str] = []

    async def speak(call: Call) -> None:
        states.append((await call.say(engine.stream())).state)

    carried(speak, speech_ms=500)
    assert (states, engine.closed) == (["interrupted"], True)


def test_a_generator_that_interrupts_is_closed_and_leaves_no_cancellation() -> None:
    async def speak(call: Call) -> None:
        def chunks() -> Iterator[bytes]:
            yield tone(1, 800)
            call.interrupt()
            yield tone(1, 800)
            raise AssertionError("another chunk is taken")

        reply = await call.say(chunks())
        assert reply.state == "interrupted"
        for _ in range(5):
            await asyncio.sleep(0)

    carried(speak)


def test_a_generator_that_catches_the_cancellation_ends_at_its_next_chunk() -> None:
    async def speak(call: Call) -> None:
        async def stubborn() -> AsyncIterator[bytes]:
            yield tone(1, 800)
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            yield tone(1, 800)
            raise AssertionError("another chunk is taken")

        asyncio.get_running_loop().call_later(0.5, call.interrupt)
        reply = await call.say(stubborn())
        assert reply.state == "interrupted"
        await asyncio.sleep(0.1)

    carried(speak)


def test_a_cancelled_say_closes_its_generator_and_stays_cancelled() -> None:
    engine = Engine(pause_s=0.1)

    async def speak(call: Call) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.35):
                await call.say(engine.stream())
        assert (engine.closed, engine.given) == (True, 3)
        assert await call.played()

    assert positions(carried(speak)) == list(range(1, 2401))


def test_a_cancellation_in_the_turn_of_an_interruption_is_counted() -> None:
    counts: list[int] = []

    async def wait_long() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    async def say(call: Call) -> None:
        try:
            await call.say(wait_long())
        except asyncio.CancelledError:
            counts.append(cast("asyncio.Task[None]", asyncio.current_task()).cancelling())

    async def speak(call: Call) -> None:
        for interrupted_first in (True, False):
            task = asyncio.create_task(say(call))
            await asyncio.sleep(0.1)
            for stop in (call.interrupt, task.cancel) if interrupted_first else (task.cancel, call.interrupt):
                stop()
            await task

    carried(speak)
    assert counts == [1, 1]


def test_an_error_of_the_engine_comes_out_and_what_is_queued_is_heard() -> None:
    async def speak(call: Call) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield tone(1, 800)
            raise ConnectionError("the engine is gone")

        with pytest.raises(ConnectionError, match="the engine is gone"):
            await call.say(broken())
        assert await call.played()

    assert positions(carried(speak)) == list(range(1, 801))


@pytest.mark.parametrize("audio", [bytes(320), bytearray(320), array.array("h", [0]), "text"])
def test_audio_in_place_of_its_chunks_is_refused_before_a_reply_opens(audio: object) -> None:
    async def speak(call: Call) -> None:
        kind = type(audio).__name__
        with pytest.raises(TypeError, match=f"chunks is of type {kind}, an iterable of chunks of audio is needed"):
            await call.say(audio)  # type: ignore[arg-type]  # that is the mistake
        assert call.reply().id == "reply-1"

    carried(speak)


def test_on_audio_cannot_say() -> None:
    refusals: list[str] = []

    def answer(call: Call, _audio: events.Audio) -> None:
        saying = call.say([bytes(320)])
        try:
            saying.send(None)
        except LocalProtocolError as error:
            refusals.append(str(error))

    carried(None, on_audio=answer, speech_ms=40)
    assert refusals[0] == "say() waits, and on_audio cannot wait; pass a coroutine function as handler instead"
