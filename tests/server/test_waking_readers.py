"""When the task of a reader is continued, and that its waits behave as any other wait of asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import call_on
from rtpcodec.server.readers._reading import Reading
from rtpcodec.server.readers.inbox import DtmfInbox, Inbox, TrackInbox
from rtpcodec.stream.event_queue import MAX_OTHER_EVENTS
from tests.server.dialler import LOOPS, run
from tests.stream import carrier as wire

KEY = events.Dtmf("1", None)


def chunk(number: int, track: str = "inbound", duration_ms: float = 20.0) -> events.Audio:
    return events.Audio(track, b"", b"\0\0", 8000, 0.0, duration_ms, number)


class Reader(Reading):
    """A reader without a call."""

    def __init__(self, inbox: Inbox | None = None, *, audio_only: bool = False) -> None:
        self._read_from(inbox or Inbox(), audio_only=audio_only)

    def __aiter__(self) -> Reader:
        return self


def in_a_callback(
    function: Callable[..., object], *args: object, then: Callable[[], object] = object
) -> asyncio.Future[None]:
    """Call a function as a socket would: by the event loop, outside any task. `then` is called after it."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def call() -> None:
        try:
            function(*args)
            then()
        finally:
            done.set_result(None)

    asyncio.get_running_loop().call_soon(call)
    return done


def read(reader: Reader, seen: list[Any]) -> asyncio.Task[None]:
    async def reading() -> None:
        async for item in reader:
            seen.append(item)  # noqa: PERF401 -- each one when it comes

    return asyncio.create_task(reading())


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_chunk_of_a_socket_continues_the_reader_before_its_delivery_returns(loop: str) -> None:
    async def main() -> None:
        reader = Reader()
        seen: list[Any] = []
        task = read(reader, seen)
        await turns()

        def deliver(number: int) -> None:
            reader._inbox.put_audio(chunk(number))
            seen.append("delivered")

        await in_a_callback(deliver, 1)
        await in_a_callback(deliver, 2)
        assert [one if isinstance(one, str) else one.chunk for one in seen] == [1, "delivered", 2, "delivered"]
        reader._inbox.end()
        await task

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_chunk_delivered_within_a_task_and_any_other_event_continue_it_by_the_event_loop(loop: str) -> None:
    async def main() -> None:
        reader = Reader()
        seen: list[Any] = []
        task = read(reader, seen)
        await turns()
        reader._inbox.put_audio(chunk(1))
        assert seen == []
        await turns()
        assert len(seen) == 1

        def deliver() -> None:
            reader._inbox.put(KEY)
            reader._inbox.put_audio(chunk(2))
            seen.append("delivered")

        await in_a_callback(deliver)
        await turns()
        assert seen[1:3] == ["delivered", KEY]
        assert seen[3].chunk == 2
        await in_a_callback(reader._inbox.end)
        await task

    run(main, loop)


def test_audio_that_came_during_a_step_is_read_without_a_wait() -> None:
    async def main() -> None:
        reader = Reader()
        for number in range(5):
            reader._inbox.put_audio(chunk(number))
        reader._inbox.end()
        assert [item.chunk async for item in reader] == [0, 1, 2, 3, 4]
        with pytest.raises(StopAsyncIteration):
            await anext(reader)

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancelled_wait_loses_nothing_and_the_reader_can_be_read_again(loop: str) -> None:
    async def main() -> None:
        reader = Reader()
        task = asyncio.create_task(anext(reader))
        await turns()
        task.cancel("enough")
        reader._inbox.put_audio(chunk(1))
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert (await anext(reader)).chunk == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(reader), 0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await anext(reader)
        reader._inbox.put_audio(chunk(2))
        found = await anext(reader, None)
        assert found is not None
        assert found.chunk == 2

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancellation_that_comes_after_the_wake_up_wins_as_with_a_future(loop: str) -> None:
    async def main() -> None:
        reader = Reader()
        task = asyncio.create_task(anext(reader))
        await turns()
        reader._inbox.put_audio(chunk(1))  # within this task: by the event loop
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await anext(reader)).chunk == 1

    run(main, loop)


def test_at_most_one_task_waits_and_the_next_one_may_after_it() -> None:
    async def main() -> None:
        reader = Reader()
        first = asyncio.create_task(anext(reader))
        await turns()
        with pytest.raises(LocalProtocolError, match="another task reads this reader"):
            await anext(reader)
        assert not first.done()
        first.cancel()
        await turns()
        second = asyncio.create_task(anext(reader))
        await turns()
        await in_a_callback(reader._inbox.put_audio, chunk(7))
        assert (await second).chunk == 7

    run(main)


def test_an_item_is_taken_when_it_is_awaited_and_a_dropped_wait_is_over() -> None:
    async def main() -> None:
        reader = Reader()
        reader._inbox.put_audio(chunk(1))
        never_awaited = anext(reader)
        del never_awaited
        assert (await anext(reader)).chunk == 1
        step: Any = anext(reader)
        step.send(None)
        del step
        gc.collect()
        step = anext(reader)
        waker = step.send(None)
        assert not waker.done()
        with pytest.raises(RuntimeError, match="await wasn't used with future"):
            step.send(None)
        step.close()
        reader._inbox.put_audio(chunk(2))
        with pytest.raises(StopIteration) as found:
            step.send(None)
        assert found.value.value.chunk == 2

    run(main)


def test_the_step_keeps_the_context_of_its_task() -> None:
    name = contextvars.ContextVar("name", default="socket")

    async def main() -> None:
        reader = Reader()
        seen: list[Any] = []

        async def reading() -> None:
            name.set("handler")
            async for _ in reader:
                seen.append((name.get(), asyncio.current_task()))  # noqa: PERF401 -- each one when it comes

        task = asyncio.create_task(reading())
        await turns()
        await in_a_callback(reader._inbox.put_audio, chunk(1), then=lambda: seen.append((name.get(), None)))
        assert seen == [("handler", task), ("socket", None)]
        reader._inbox.end()
        await task

    run(main)


def test_a_task_whose_context_is_that_of_the_socket_continues_by_the_event_loop() -> None:
    async def main() -> None:
        reader = Reader()
        context = contextvars.copy_context()
        seen: list[str] = []

        async def reading() -> None:
            await anext(reader)
            seen.append("item")

        task = asyncio.get_running_loop().create_task(reading(), context=context)
        await turns()
        await in_a_callback(context.run, reader._inbox.put_audio, chunk(1), then=lambda: seen.append("delivered"))
        await task
        assert seen == ["delivered", "item"]

    run(main)


def test_an_error_of_the_task_stays_in_the_task() -> None:
    async def main() -> None:
        reader = Reader()

        async def fail() -> None:
            await anext(reader)
            raise ValueError("of the handler")

        task = asyncio.create_task(fail())
        await turns()
        returned: list[bool] = []
        await in_a_callback(reader._inbox.put_audio, chunk(1), then=lambda: returned.append(True))
        assert returned == [True]
        with pytest.raises(ValueError, match="of the handler"):
            await task

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_exit_of_the_task_ends_the_event_loop_and_not_the_delivery(loop: str, kind: type[BaseException]) -> None:
    returned: list[bool] = []

    async def main() -> None:
        reader = Reader()

        async def leave() -> None:
            await anext(reader)
            raise kind

        task = asyncio.create_task(leave())
        await turns()
        await in_a_callback(reader._inbox.put_audio, chunk(1), then=lambda: returned.append(True))
        await task

    with pytest.raises(kind):
        run(main, loop)
    assert returned == [True]


@pytest.mark.parametrize("loop", LOOPS)
def test_what_dropped_audio_and_other_tracks_a_reader_of_audio_sees(loop: str) -> None:
    async def main() -> None:
        reader = Reader(TrackInbox("inbound"), audio_only=True)
        for number in range(7):
            reader._inbox.put_audio(chunk(number, duration_ms=1000.0))
            reader._inbox.put_audio(chunk(100 + number, "outbound"))
            reader._inbox.put(KEY)
        found = [await anext(reader) for _ in range(5)]
        assert [audio.chunk for audio in found] == [2, 3, 4, 5, 6]
        assert [audio.dropped_before_ms for audio in found] == [2000.0, 0.0, 0.0, 0.0, 0.0]
        assert len(reader._inbox.queue) == 0

    run(main, loop)


def test_a_reader_of_all_events_gets_the_overrun_in_its_place() -> None:
    async def main() -> None:
        reader = Reader()
        for _ in range(MAX_OTHER_EVENTS + 1):
            reader._inbox.put(KEY)
        assert await anext(reader) == events.Overrun(0.0, 1)
        assert await anext(reader) is KEY

    run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_wait_with_a_limit_ends_in_time_or_by_a_key(loop: str) -> None:
    async def main() -> None:
        inbox = DtmfInbox()
        now_ms = asyncio.get_running_loop().time() * 1000
        await inbox.wait(now_ms + 1.0)
        assert asyncio.get_running_loop().time() * 1000 >= now_ms
        waiting = asyncio.create_task(inbox.wait())
        await turns()
        await in_a_callback(inbox.put_audio, chunk(1))
        assert not waiting.done()
        await in_a_callback(inbox.put, KEY)
        await waiting
        assert inbox.pop() is KEY

    run(main, loop)


def test_a_handler_has_a_chunk_when_the_socket_has_delivered_it() -> None:
    async def nothing(_value: object) -> None:
        pass

    heard: list[int | None] = []

    async def handle(call: Any) -> None:
        async for audio in call.audio():
            heard.append(audio.chunk)
            await call.play(audio)

    async def main() -> None:
        async with call_on(nothing, nothing, handle) as receiver:
            receiver.received(wire.start())
            await turns()
            for number in range(1, 4):
                message = wire.media(chunk=str(number))
                await in_a_callback(receiver.received, message, then=lambda: heard.append(None))
            assert heard == [1, None, 2, None, 3, None]

    run(main)


Waiting = Callable[[Reader], Awaitable[Any]]


async def in_a_shield(reader: Reader) -> Any:
    return await asyncio.shield(anext(reader))


async def in_a_group(reader: Reader) -> Any:
    async with asyncio.TaskGroup() as group:
        item: Coroutine[Any, Any, Any] = anext(reader)
        task = group.create_task(item)
    return task.result()


async def gathered(reader: Reader) -> Any:
    return (await asyncio.gather(anext(reader), asyncio.sleep(0)))[0]


async def first_completed(reader: Reader) -> Any:
    task = asyncio.ensure_future(anext(reader))
    await asyncio.wait([task, asyncio.ensure_future(asyncio.sleep(0))])
    return task.result()


@pytest.mark.parametrize("waiting", [in_a_shield, in_a_group, gathered, first_completed])
@pytest.mark.parametrize("loop", LOOPS)
def test_the_next_item_is_accepted_where_asyncio_accepts_a_coroutine(waiting: Waiting, loop: str) -> None:
    async def main() -> None:
        reader = Reader()
        task = asyncio.ensure_future(waiting(reader))
        await turns()
        await in_a_callback(reader._inbox.put_audio, chunk(3))
        assert (await task).chunk == 3

    run(main, loop)
