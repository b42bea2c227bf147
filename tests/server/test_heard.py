"""Played audio is interrupted, marked, or heard to its end."""

from __future__ import annotations

import asyncio

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.server import Call
from tests.server.conversation import L16, converse, tone
from tests.server.dialler import Dialler, call, run


def test_an_interruption_drops_queued_and_waiting_audio() -> None:
    found: list[events.Interrupted] = []
    settled: list[events.InterruptionSettled] = []
    queued_ms: list[float] = []

    async def play(call: Call) -> None:
        plays = [asyncio.create_task(call.play(bytes(2 * 8 * duration_ms))) for duration_ms in (5000, 900)]
        async for event in call.events():
            if isinstance(event, events.Audio):
                queued_ms.append(call.queued_ms)
                found.append(call.interrupt())
            elif isinstance(event, events.InterruptionSettled):
                settled.append(event)
                break
        await asyncio.gather(*plays)
        await call.play(tone(100, 160))

    async def carry(carrier: Dialler) -> None:
        for _ in range(20):
            assert await carrier.payload() == bytes(320)
        await carrier.media()
        while (message := await carrier.next())["event"] == "media":
            pass
        assert message == {"event": "clear"}
        assert await carrier.payload() == tone(100, 160)
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16, max_queue_ms=1000)
    # All but the 400 ms that were sent, and perhaps 20 ms more since.
    assert 5000 <= queued_ms[0] <= 5500
    assert queued_ms[0] <= found[0].dropped_ms <= 5900
    assert [event.interrupted for event in settled] == found


def test_on_audio_may_interrupt() -> None:
    def play(call: Call, audio: events.Audio) -> None:
        if audio.chunk == 1:
            call.play(bytes(2 * 8 * 1000))
            call.mark("end")
        else:
            call.interrupt()
            call.play(tone(100, 160))

    async def main() -> None:
        async with rtpcodec.serve(on_audio=play, plan=L16) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            await carrier.payload()
            await carrier.media()
            assert await carrier.next("clear") == {"event": "clear"}
            assert await carrier.payload() == tone(100, 160)

    run(main)


def test_played_returns_when_everything_was_heard() -> None:
    heard: list[bool] = []

    async def play(call: Call) -> None:
        await call.play(tone(0, 200))
        heard.append(await call.played())
        await call.play(tone(0, 160))

    async def carry(carrier: Dialler) -> None:
        assert await carrier.payload() + await carrier.payload() == tone(0, 200) + bytes(240)
        name = await carrier.own_mark()
        assert heard == []
        await carrier.echo_mark(name)
        assert await carrier.payload() == tone(0, 160)
        assert heard == [True]

    converse(play, carry, plan=L16)


def test_played_waits_behind_plays_that_wait() -> None:
    order: list[str] = []

    async def play(call: Call) -> None:
        async def say() -> None:
            await call.play(bytes(2 * 8 * 900))
            order.append("queued")

        saying = asyncio.create_task(say())
        await asyncio.sleep(0)
        assert await call.played()
        order.append("heard")
        await saying

    async def carry(carrier: Dialler) -> None:
        for _ in range(45):
            await carrier.payload()
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, max_queue_ms=200)
    assert order == ["queued", "heard"]


@pytest.mark.parametrize("waiting", [False, True], ids=["on its way", "waiting its turn"])
def test_played_is_false_after_an_interruption(waiting: bool) -> None:
    heard: list[bool] = []

    async def play(call: Call) -> None:
        call.play(bytes(2 * 8 * (5000 if waiting else 100)))
        played = asyncio.create_task(call.played())
        async for _ in call.audio():
            call.interrupt()
            break
        heard.append(await played)

    async def carry(carrier: Dialler) -> None:
        if waiting:
            await carrier.payload()
        else:
            name = await carrier.own_mark()
        await carrier.media()
        await carrier.next("clear")
        if not waiting:
            await carrier.echo_mark(name)
        assert await carrier.close_code() == 1000

    converse(play, carry, max_queue_ms=200)
    assert heard == [False]


def test_after_an_interruption_played_does_not_wait_for_an_echo_that_cannot_change_it() -> None:
    passed_s: list[float] = []

    async def play(call: Call) -> None:
        call.play(bytes(2 * 8 * 300))
        played = asyncio.create_task(call.played())
        await anext(call.audio())
        begun = asyncio.get_running_loop().time()
        call.interrupt()
        assert not await played
        passed_s.append(asyncio.get_running_loop().time() - begun)

    async def carry(carrier: Dialler) -> None:
        await carrier.own_mark()
        await carrier.media()
        assert await carrier.close_code() == 1000

    converse(play, carry)
    assert passed_s[0] < 5.0


def test_marks_of_played_are_not_among_the_events_and_cannot_be_given() -> None:
    seen: list[events.Event] = []
    names: list[str] = []

    async def play(call: Call) -> None:
        call.play(bytes(320))
        heard, cancelled = asyncio.create_task(call.played()), asyncio.create_task(call.played())
        await asyncio.sleep(0)
        names.append(call.mark())
        for name in ("rtpcodec-played-1", names[0]):
            with pytest.raises(ValueError, match="only generated names begin with 'rtpcodec-'"):
                call.mark(name)
        await asyncio.sleep(0)
        cancelled.cancel()
        assert await heard
        await call.close()
        seen.extend([event async for event in call.events()])

    async def carry(carrier: Dialler) -> None:
        own = await carrier.own_mark()
        names.append((await carrier.next("mark"))["mark"]["name"])
        for name in (own, names[-1]):
            await carrier.echo_mark(name)
        await carrier.close_code()

    converse(play, carry)
    assert names[1:] == names[:1]
    marks = [event for event in seen if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert [mark.name for mark in marks] == names[:1]


@pytest.mark.parametrize("waiting", [False, True], ids=["on its way", "waiting its turn"])
def test_played_is_false_when_the_stream_ends(waiting: bool) -> None:
    heard: list[bool] = []

    async def play(call: Call) -> None:
        call.play(bytes(2 * 8 * (5000 if waiting else 100)))
        heard.append(await call.played())

    async def carry(carrier: Dialler) -> None:
        await carrier.payload() if waiting else await carrier.own_mark()
        await carrier.stop()
        assert await carrier.close_code() == 1000

    converse(play, carry, max_queue_ms=200)
    assert heard == [False]


def test_marks_come_back_as_events() -> None:
    seen: list[events.Event] = []

    async def play(call: Call) -> None:
        call.play(bytes(320))
        call.flush()
        assert call.mark("one") == "one"
        call.play(bytes(3200 * 10))
        name = call.mark()
        async for event in call.events():
            if isinstance(event, events.Stalled | events.SendStalled | events.Diagnosis):
                continue  # a busy machine, and own marks that this carrier loses
            seen.append(event)
            if isinstance(event, events.MarkPlayed):
                call.interrupt()
                seen.append(events.MarkCleared(name, "timeout"))  # marks the moment of the interruption

    async def carry(carrier: Dialler) -> None:
        await carrier.echo_mark((await carrier.next("mark"))["mark"]["name"])
        await carrier.next("clear")
        await carrier.stop()
        await carrier.close_code()

    converse(play, carry)
    name = "rtpcodec-1"
    assert [event for event in seen[1:] if not isinstance(event, events.InterruptionSettled)] == [
        events.MarkPlayed("one"),
        events.MarkCleared(name, "timeout"),
        events.MarkCleared(name, "interrupt"),
        events.Stopped("stop"),
    ]
    assert len(seen) == 6


def test_audio_queued_when_the_handler_returns_is_heard_before_the_close() -> None:
    async def play(call: Call) -> None:
        await call.play(tone(0, 8 * 600))

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(30)]) == tone(0, 8 * 600)
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16)


def test_a_returned_handlers_unawaited_plays_are_heard_before_the_close() -> None:
    async def play(call: Call) -> None:
        call.play(tone(0, 8 * 600))

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(30)]) == tone(0, 8 * 600)
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16, max_queue_ms=200)


def test_after_a_return_the_wait_for_the_last_mark_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpcodec.server.play_out.ECHO_MS", 100.0)

    begun: list[float] = []

    async def play(call: Call) -> None:
        begun.append(asyncio.get_running_loop().time())
        await call.play(bytes(320 * 5))

    async def carry(carrier: Dialler) -> None:
        await carrier.own_mark()
        assert await carrier.close_code() == 1000
        assert 0.1 < asyncio.get_running_loop().time() - begun[0] < 30

    converse(play, carry)


def test_a_handler_that_returns_without_audio_closes_the_call_at_once() -> None:
    async def leave(_call: Call) -> None:
        pass

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    converse(leave, carry)
