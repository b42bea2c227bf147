"""Plays from other threads block until there is space, and end with the reply, the stream or their time-out."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import LocalProtocolError, ReplyInterrupted, StreamEnded
from rtpcodec.server import Call
from tests.server.conversation import L16, tone
from tests.server.dialler import LOOPS, Dialler, call, run, until

Handler = Callable[[Call], Awaitable[None]]


async def leave(carrier: Dialler) -> None:
    await carrier.close_code()


def conversed(handler: Handler, carry: Callable[[Dialler], Awaitable[Any]] = leave, loop: str = "asyncio") -> None:
    """Run one call over a real socket; an error of the handler is raised here."""
    errors: list[BaseException] = []

    async def handle(call: Call) -> None:
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> None:
        async with rtpcodec.serve(handle, plan=L16, max_queue_ms=300) as endpoint, call(endpoint.url) as carrier:
            await carry(carrier)
            await until(lambda: not endpoint.statistics().calls_running)

    run(main, loop)
    if errors:
        raise errors[0]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_long_play_blocks_its_thread_until_it_is_queued(loop: str) -> None:
    received: list[bytes] = []

    async def speak(call: Call) -> None:
        def engine() -> None:
            for at in range(12):
                assert call.play_threadsafe(tone(1 + 800 * at, 800)) is True
            # 1200 ms were given, at most 400 are at the carrier and 300 wait.
            assert call.sent_ms >= 450

        await asyncio.to_thread(engine)

    async def carry(carrier: Dialler) -> None:
        received.extend([await carrier.payload() for _ in range(60)])
        await carrier.echo_mark(await carrier.own_mark())
        await carrier.close_code()

    conversed(speak, carry, loop)
    assert b"".join(received) == tone(1, 9600)


def test_an_iterable_is_said_from_another_thread() -> None:
    closed: list[bool] = []

    def chunks() -> Iterator[tuple[bytes, str]]:
        try:
            yield tone(1, 160), "one"
            yield tone(161, 160), "two"
        finally:
            closed.append(True)

    async def speak(call: Call) -> None:
        reply = await asyncio.to_thread(call.say_threadsafe, chunks(), id="of a thread")
        assert (reply.id, closed) == ("of a thread", [True])
        with pytest.raises(LocalProtocolError, match="has ended"):
            reply.play(tone(1, 160))

    async def carry(carrier: Dialler) -> None:
        assert await carrier.payload() + await carrier.payload() == tone(1, 320)
        await carrier.echo_mark(await carrier.own_mark())
        await carrier.close_code()

    conversed(speak, carry)


def test_an_interruption_ends_the_wait_and_asks_for_no_further_chunk() -> None:
    asked: list[int] = []

    def chunks() -> Iterator[bytes]:
        try:
            for at in range(100):
                asked.append(at)
                yield tone(1, 1600)
        finally:
            asked.append(-1)

    async def speak(call: Call) -> None:
        saying = asyncio.create_task(asyncio.to_thread(call.say_threadsafe, chunks()))
        await until(lambda: call._pump.machine.plays.waiting_ms)
        call.interrupt()
        reply = await saying
        assert reply.state == "interrupted"
        playing = asyncio.create_task(asyncio.to_thread(call.play_threadsafe, tone(1, 16_000)))
        await until(lambda: call._pump.machine.plays.waiting_ms)
        call.interrupt()
        assert await playing is False
        with pytest.raises(ReplyInterrupted):
            await asyncio.to_thread(reply.play_threadsafe, tone(1, 160))

    conversed(speak)
    assert asked[-1] == -1
    assert len(asked) < 10


def test_the_end_of_the_stream_ends_the_wait() -> None:
    outcomes: list[Any] = []

    async def speak(call: Call) -> None:
        reply = call.reply(interruptible=False)

        def play_for_the_reply() -> None:
            try:
                reply.play_threadsafe(tone(1, 80_000))
            except ReplyInterrupted as error:
                outcomes.append(error.reply_id)

        playing = asyncio.create_task(asyncio.to_thread(call.play_threadsafe, tone(1, 80_000)))
        threads = [asyncio.create_task(asyncio.to_thread(play_for_the_reply)), playing]
        async for _ in call.events():
            pass
        await asyncio.gather(*threads)
        outcomes.append(playing.result())
        with pytest.raises(StreamEnded):
            await asyncio.to_thread(call.play_threadsafe, tone(1, 160))
        with pytest.raises(StreamEnded):
            await asyncio.to_thread(call.say_threadsafe, [tone(1, 160)])

    async def carry(carrier: Dialler) -> None:
        await carrier.payload()
        await carrier.stop()
        await carrier.close_code()

    conversed(speak, carry)
    assert outcomes == ["reply-1", False]


def test_a_time_out_drops_what_was_not_queued() -> None:
    async def speak(call: Call) -> None:
        def engine() -> None:
            begun_s = time.monotonic()
            with pytest.raises(TimeoutError, match=r"there was no space for the audio within 0\.05 s"):
                call.play_threadsafe(tone(1, 80_000), timeout_s=0.05)
            assert 0.05 <= time.monotonic() - begun_s < 30

        await asyncio.to_thread(engine)
        await until(lambda: not call._pump.machine.plays.waiting_ms)
        call.interrupt()

    conversed(speak)


def test_in_the_thread_of_the_loop_they_are_refused() -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        for name, blocks in (
            ("await call.play()", lambda: call.play_threadsafe(bytes(320))),
            ("await call.say()", lambda: call.say_threadsafe([bytes(320)])),
            ("await reply.play()", lambda: reply.play_threadsafe(bytes(320))),
        ):
            with pytest.raises(LocalProtocolError) as refusal:
                blocks()
            assert "can make space: use " + name in str(refusal.value)
        assert call.queued_ms == 0

    conversed(speak)


def test_errors_reach_the_calling_thread() -> None:
    async def speak(call: Call) -> None:
        def engine() -> None:
            with pytest.raises(ValueError, match="pcm is a WAV file"):
                call.play_threadsafe(b"RIFF\0\0\0\0WAVE" + bytes(320))
            with pytest.raises(TypeError, match="an iterable of chunks of audio is needed"):
                call.say_threadsafe(bytes(320))  # type: ignore[arg-type]  # that is the mistake

        await asyncio.to_thread(engine)

    conversed(speak)


def test_a_thread_does_not_wait_for_an_event_loop_that_was_closed() -> None:
    kept: list[Call] = []
    outcomes: list[str] = []

    async def speak(call: Call) -> None:
        kept.append(call)

    conversed(speak)

    def engine() -> None:
        try:
            kept[0].play_threadsafe(bytes(320))
        except StreamEnded as error:
            outcomes.append(str(error))

    thread = threading.Thread(target=engine)
    thread.start()
    thread.join(30)
    assert outcomes == ["the event loop of the call is closed; nothing can be sent any more"]
