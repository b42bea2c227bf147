"""Replies: their order, end and interruption, and how much of them was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import LocalProtocolError, ReplyInterrupted, StreamEnded
from rtpcodec.server import Call, Reply
from rtpcodec.sim import ClearHabits, MarkHabits, Variations
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import tone
from tests.server.virtual_call import carried, positions

TONE = tone(1, 8 * 400)
"""400 ms whose samples show their position, from 1 on."""


def test_a_reply_is_heard_to_its_end_and_ends_as_an_utterance() -> None:
    found: list[Any] = []

    async def speak(call: Call) -> None:
        async with call.reply("greeting") as reply:
            assert (reply.id, reply.state, reply.interruptible) == ("greeting", "queued", True)
            await reply.play(TONE[:-100], note="all")
        found.append(await reply.played())
        found.append((reply.state, reply.sent_ms, reply.played_ms, reply.played_uncertainty_ms, reply.last_note_played))

    report = carried(speak)
    assert found == [True, ("played", 400.0, 400.0, 0.0, "all")]
    assert positions(report) == list(range(1, 8 * 400 - 49))


def test_its_place_is_fixed_when_it_opens_before_its_audio_exists() -> None:
    async def speak(call: Call) -> None:
        first = call.reply("first")
        async with call.reply("second") as second:
            await second.play(tone(1000, 160))
        call.play(tone(2000, 160))
        await asyncio.sleep(0.5)
        assert (first.state, second.state, call.queued_ms) == ("queued", "queued", 40.0)
        await first.play(tone(1, 160))
        await asyncio.sleep(0.2)
        assert second.state == "queued"
        first.end()
        assert await second.played()

    report = carried(speak)
    assert positions(report) == [*range(1, 161), *range(1000, 1160), *range(2000, 2160)]


def test_two_open_replies_that_get_their_chunks_alternately_are_heard_one_after_the_other() -> None:
    played: list[tuple[float, float]] = []

    async def speak(call: Call) -> None:
        async with call.reply() as first, call.reply() as second:
            for at in range(5):
                await first.play(tone(1 + 160 * at, 160))
                await second.play(tone(5001 + 160 * at, 160))
            first.end()
        assert (first.id, second.id) == ("reply-1", "reply-2")
        for _ in range(30):
            await asyncio.sleep(0.01)
            assert first.played_ms <= first.sent_ms
            assert second.played_ms <= second.sent_ms
        assert await first.played()
        assert await second.played()
        played.append((first.played_ms, second.played_ms))

    report = carried(speak)
    assert played == [(100.0, 100.0)]
    assert positions(report) == [*range(1, 801), *range(5001, 5801)]


@pytest.mark.parametrize("chunk_ms", [7, 20, 100])
def test_the_usual_loop_ends_once_it_is_interrupted(chunk_ms: int) -> None:
    chunks = 0
    after: list[bool] = []

    async def interrupt(call: Call) -> None:
        await asyncio.sleep(0.5)
        call.interrupt()

    async def speak(call: Call) -> None:
        nonlocal chunks
        interrupting = asyncio.create_task(interrupt(call))
        async with call.reply() as reply:
            for at in range(6000 // chunk_ms):
                chunks = at
                await reply.play(tone(1, 8 * chunk_ms))
                await asyncio.sleep(chunk_ms / 2000)
        after.append(await reply.played())
        await interrupting
        assert reply.state == "interrupted"
        with pytest.raises(ReplyInterrupted) as refusal:
            reply.play(tone(1, 160))
        assert refusal.value.reply_id == reply.id

    report = carried(speak)
    assert after == [False]
    assert chunks <= 1100 // chunk_ms
    assert len(positions(report)) < 8 * 600


def test_a_play_that_waits_for_space_ends_with_its_reply() -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        waiting = asyncio.ensure_future(reply.play(bytes(16 * 5000)))
        reply.play(bytes(16 * 100))  # nobody awaits this one
        await asyncio.sleep(0.1)
        assert reply.queued_ms > 4000
        call.interrupt()
        with pytest.raises(ReplyInterrupted):
            await waiting
        assert (reply.queued_ms, call.queued_ms) == (0.0, 0.0)

    carried(speak, max_queue_ms=400)


def test_an_interruption_of_the_current_reply_alone_lets_the_next_one_speak() -> None:
    async def speak(call: Call) -> None:
        first, second = call.reply("first"), call.reply("second")
        await first.play(tone(1, 8000))
        await second.play(tone(9001, 160))
        first.end()
        second.end()
        await asyncio.sleep(0.3)
        found = call.interrupt("current")
        assert found.reply_id == "first"
        assert found.played_ms == pytest.approx(300, abs=20)
        assert not await first.played()
        assert await second.played()

    report = carried(speak)
    assert positions(report)[-160:] == list(range(9001, 9161))
    assert len(positions(report)) < 8 * 450


def test_a_disclosure_is_not_interrupted() -> None:
    async def speak(call: Call) -> None:
        async with call.reply(interruptible=False) as reply:
            await reply.play(TONE)
            await asyncio.sleep(0.1)
            call.interrupt()
        assert await reply.played()

    assert positions(carried(speak)) == list(range(1, 8 * 400 + 1))


def test_notes_say_which_words_were_heard() -> None:
    async def speak(call: Call) -> None:
        ended: list[events.ReplyEnded] = []
        async with call.reply("words") as reply:
            for word in ("one", "two", "three", "four"):
                await reply.play(tone(1, 8 * 200), note=word)
            assert reply.last_note_played is None
            await asyncio.sleep(0.5)
            assert reply.last_note_played == "two"
            call.interrupt()
        async for event in call.events():
            if isinstance(event, events.ReplyEnded):
                ended.append(event)
                break
        assert (ended[0].reply_id, ended[0].state, ended[0].last_note_played) == ("words", "interrupted", "two")
        assert ended[0].played_ms == pytest.approx(500, abs=21)

    carried(speak)


class EngineFailed(Exception):
    pass


async def fail_in(reply: Reply) -> None:
    async with reply:
        await reply.play(TONE)
        raise EngineFailed


def test_after_an_error_of_the_engine_what_is_queued_is_heard() -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        with pytest.raises(EngineFailed):
            await fail_in(reply)
        assert await reply.played()

    assert positions(carried(speak)) == list(range(1, 8 * 400 + 1))


def test_a_block_swallows_the_interruption_of_its_own_reply_alone() -> None:
    async def speak(call: Call) -> None:
        outer, inner = call.reply(), call.reply()
        left: list[str] = []
        async with outer:
            async with inner:
                call.interrupt("current")
                await outer.play(TONE)
            left.append("inner")
        left.append("outer")
        assert left == ["outer"]
        async with call.reply() as third:
            call.interrupt()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(speak_late(third))
        left.append("third")
        assert left == ["outer", "third"]

    async def speak_late(reply: Any) -> None:
        await asyncio.sleep(0)
        await reply.play(TONE)

    carried(speak)


def test_a_cancelled_block_lets_what_is_queued_be_heard() -> None:
    replies: list[Any] = []

    async def read_aloud(call: Call) -> None:
        async with call.reply() as reply:
            replies.append(reply)
            await reply.play(TONE)
            await asyncio.Event().wait()

    async def speak(call: Call) -> None:
        reading = asyncio.create_task(read_aloud(call))
        await asyncio.sleep(0.1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await replies[0].played()

    assert positions(carried(speak)) == list(range(1, 8 * 400 + 1))


def test_within_its_block_a_reply_cannot_be_awaited() -> None:
    async def speak(call: Call) -> None:
        other = asyncio.Event()

        async def watch(reply: Any) -> None:
            other.set()
            assert await reply.played()
            assert await call.played()

        async with call.reply("mine") as reply:
            await reply.play(TONE)
            watching = asyncio.create_task(watch(reply))
            await other.wait()
            for played in (reply.played, call.played):
                with pytest.raises(LocalProtocolError, match="the end of reply 'mine', which this block holds open"):
                    await played()
            reply.end()
            assert await reply.played()
            with pytest.raises(LocalProtocolError, match="reply 'mine' has ended, nothing can be added to it"):
                reply.play(TONE)
        await watching

    carried(speak)


def test_audio_that_waits_for_space_when_its_reply_ends_is_heard() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            reply.play(tone(1, 8 * 1000))
        call.play(tone(9001, 8 * 600))
        call.flush()
        assert await call.played()
        assert (reply.state, call.queued_ms) == ("played", 0.0)

    report = carried(speak, max_queue_ms=200)
    assert positions(report) == [*range(1, 8001), *range(9001, 9001 + 8 * 600)]


def test_a_handler_that_returns_with_open_replies_lets_them_be_heard() -> None:
    async def speak(call: Call) -> None:
        call.reply()
        call.reply().play(TONE)

    report = carried(speak)
    assert positions(report) == list(range(1, 8 * 400 + 1))
    assert (report.end_reason, report.close_code) == ("app_closed", 1000)


def test_the_end_of_the_stream_ends_the_block_quietly() -> None:
    ended: list[Any] = []

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            while True:
                await reply.play(TONE)
        ended.append((await reply.played(), reply.state))
        with pytest.raises(StreamEnded):
            call.reply()

    carried(speak, speech_ms=1000, max_queue_ms=400)
    assert ended == [(False, "interrupted")]


STRANGE: dict[str, Variations] = {
    "no echo": Variations(marks=MarkHabits(echo="never")),
    "echo on receipt": Variations(marks=MarkHabits(echo="received")),
    "5 % lost": Variations(marks=MarkHabits(lost=0.05)),
    "2 s late": Variations(marks=MarkHabits(late_ms=2000)),
    "clear returns no marks": Variations(clears=ClearHabits(effect="no_marks")),
    "clear takes 300 ms": Variations(clears=ClearHabits(late_ms=300)),
    "clear ignored": Variations(clears=ClearHabits(effect="ignored")),
    "100005 on the third mark": Variations(marks=MarkHabits(refused=(3,))),
}


@pytest.mark.parametrize("carrier", STRANGE)
def test_no_carrier_lets_a_reply_wait_for_longer_than_a_second_behind_its_audio(carrier: str) -> None:
    async def speak(call: Call) -> None:
        loop = asyncio.get_running_loop()
        for at in range(6):
            begun_s = loop.time()
            async with call.reply() as reply:
                await reply.play(TONE)
            if at == 3:
                await asyncio.sleep(0.2)
                call.interrupt()
            assert await reply.played() is (at != 3)
            assert await call.played()
            assert loop.time() - begun_s <= 0.4 + 1.5
            assert reply.played_ms <= reply.sent_ms

    assert carried(speak, speech_ms=20_000, phone={"variations": STRANGE[carrier]}).end_reason == "app_closed"


def test_payloads_belong_to_a_reply_as_well() -> None:
    payloads = [bytes([value]) * 160 for value in (1, 2, 3)]

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for payload in payloads:
                await reply.play_payload(payload, note=payload[0])
        assert await reply.played()
        assert (reply.last_note_played, reply.played_ms) == (3, 60.0)

    report = carried(speak, plan=StreamPlan(send_codec="PCMU"))
    heard = rtpcodec.pcmu_decode(b"".join(payloads))
    assert heard in report.heard_pcm


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("reply", lambda call: call.reply()),
        ("pause_playback", lambda call: call.pause_playback()),
        ("background", lambda call: call.background(bytes(1600), pcm_hz=8000)),
        ("interrupt('current')", lambda call: call.interrupt("current")),
    ],
)
def test_mode_mp3_has_no_replies(name: str, use: Callable[[Call], object]) -> None:
    async def speak(call: Call) -> None:
        with pytest.raises(LocalProtocolError) as refusal:
            use(call)
        assert str(refusal.value) == f"the plan's mode is 'mp3', {name} needs 'rtp'"

    carried(speak, plan=StreamPlan(mode="mp3"))


def test_the_figures_of_the_call_count_all_that_waits() -> None:
    async def speak(call: Call) -> None:
        assert (call.queued_ms, call.queue_free_ms, call.sent_ms, call.played_ms) == (0.0, 1000.0, 0.0, 0.0)
        call.play(bytes(16 * 1500))
        reply = call.reply()
        reply.play(bytes(16 * 1200))
        assert call.queued_ms + call.sent_ms == pytest.approx(2700)
        assert call.queue_free_ms == 0.0
        await asyncio.sleep(1)
        assert call.played_ms == pytest.approx(1000, abs=25)
        assert call.sent_ms == pytest.approx(1400, abs=25)
        assert call.queued_ms == pytest.approx(1300, abs=25)

    carried(speak, max_queue_ms=1000)


def test_our_own_stalls_are_events_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    stalls = [events.SendStalled(150.0), events.SendStalled(3000.0)]

    async def speak(call: Call) -> None:
        sink = call._pump._sink
        assert sink is not None
        for stall in stalls:
            sink.take(stall)
        await call.close()
        assert [event async for event in call.events() if isinstance(event, events.SendStalled)] == stalls

    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        carried(speak)
    (record,) = caplog.records
    assert record.getMessage().endswith("audio was sent 150 ms late: the event loop was held")
