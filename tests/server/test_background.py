"""Background sound and keep-alive on a call, and the options of the speaking side."""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.background_source import background_source
from tests.server.conversation import L16, tone
from tests.server.dialler import Dialler, call, run, until
from tests.server.test_handlers import write_wav
from tests.server.virtual_call import carried, positions

HUM = background_source(b"\x00\x10\x00\xf0" * 4000, 8000)
SPEECH = b"\x00\x20" * 3200


def test_background_is_heard_alone_and_under_speech_until_it_is_stopped() -> None:
    async def speak(call: Call) -> None:
        background = call.background(HUM, -30)
        assert not background.ended
        await asyncio.sleep(0.5)
        async with call.reply() as reply:
            await reply.play(SPEECH)
        assert await reply.played()
        await asyncio.sleep(0.3)
        background.stop()
        background.stop()
        await asyncio.sleep(0.3)
        assert background.ended
        assert call.queued_ms == 0

    report = carried(speak)
    heard = positions(report)
    loud = [sample for sample in heard if sample > 4000]
    assert len(loud) == 3200
    assert {sample > 8192 for sample in loud} == {True, False}, "the hum lies under the speech"
    assert len(heard) > 8 * 1100


def test_background_delays_a_reply_by_no_more_than_the_idle_lead() -> None:
    async def speak(call: Call) -> None:
        call.background(HUM, -45)
        await asyncio.sleep(1)
        sent_ms = call.sent_ms
        assert sent_ms - call.played_ms <= 100
        async with call.reply() as reply:
            await reply.play(SPEECH)
        await asyncio.sleep(0.13)
        assert reply.played_ms >= 10

    carried(speak)


@pytest.mark.parametrize("keep_alive", [None, "silence", "comfort_noise"])
def test_keep_alive_sends_between_replies(keep_alive: Any) -> None:
    async def speak(call: Call) -> None:
        await asyncio.sleep(1)
        sent = call.statistics().media_sent
        assert sent == pytest.approx(54, abs=3) if keep_alive else sent == 0
        assert await call.played(), "it waits for replies, not for the keep-alive"

    report = carried(speak, keep_alive=keep_alive)
    assert any(positions(report)) is (keep_alive == "comfort_noise")


def test_a_handler_that_returns_ends_the_call_although_sound_runs() -> None:
    async def speak(call: Call) -> None:
        call.background(HUM)
        await call.play(SPEECH)

    report = carried(speak, keep_alive="silence")
    assert report.end_reason == "app_closed"


def test_a_file_is_loaded_in_a_thread(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "office.wav", HUM.pcm, 8000)
    states: list[Any] = []

    async def speak(call: Call) -> None:
        background = call.background(path, -30, loop=False)
        states.append(background._sound)
        assert await background is background
        states.append(background.ended)
        await until(lambda: background.ended)

    async def main() -> None:
        async with rtpcodec.serve(speak, plan=L16) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1000

    run(main)
    assert states == [None, False]


def test_a_file_that_cannot_be_loaded_is_logged_and_raised_where_it_is_awaited(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def speak(call: Call) -> None:
        call.background(tmp_path / "first.wav")
        with pytest.raises(FileNotFoundError):
            await call.background(tmp_path / "missing.wav")
        with pytest.raises(ValueError, match="level_dbov is 3, -90 to 0 is needed"):
            call.background(tmp_path / "missing.wav", 3)
        await until(lambda: len(caplog.records) >= 2)

    async def main() -> None:
        async with rtpcodec.serve(speak, plan=L16) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1000

    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        run(main)
    assert sum("the background sound could not be loaded" in record.getMessage() for record in caplog.records) == 2


def test_long_pcm_is_measured_in_a_thread() -> None:
    async def speak(call: Call) -> None:
        background = call.background(bytes(3 << 20), pcm_hz=8000)
        assert background._sound is None
        await background
        background.stop()

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    async def main() -> None:
        async with rtpcodec.serve(speak, plan=L16) as endpoint, call(endpoint.url) as carrier:
            await carry(carrier)

    run(main)


# Options


def test_a_message_holds_send_chunk_ms() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(tone(1, 8 * 990))
        assert await reply.played()
        assert call.statistics().media_sent == 10

    assert positions(carried(speak, send_chunk_ms=100)) == list(range(1, 7921))


@pytest.mark.parametrize("send_chunk_ms", [20, 60, 200])
def test_marks_between_chunks_of_any_length_leave_no_gap(send_chunk_ms: float) -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for at in range(10):
                await reply.play(tone(1 + 400 * at, 400))
                call.mark()
        assert await reply.played()
        assert reply.sent_ms == 500

    report = carried(speak, send_chunk_ms=send_chunk_ms)
    assert positions(report) == list(range(1, 4001))


def test_a_reply_begins_once_the_prebuffer_waits() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(tone(1, 8 * 150))
            await asyncio.sleep(0.1)
            assert reply.sent_ms == 0
            await reply.play(tone(1201, 8 * 50))
            assert reply.sent_ms == 200
        async with call.reply() as short:
            await short.play(tone(1, 160))
        assert await short.played()

    carried(speak, prebuffer_ms=200)


def test_drop_oldest_keeps_the_newest_audio() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for at in range(20):
                call_ms = 1 + 800 * at
                assert reply.play(tone(call_ms, 800), note=at)._end is None, "it never waits"
            assert call.queued_ms == 300
            assert call.statistics().send_dropped_ms == 1300
        assert await reply.played()
        assert (reply.played_ms, reply.sent_ms, reply.last_note_played) == (700.0, 700.0, 19)
        assert call.statistics().send_dropped_ms == 1300

    report = carried(speak, when_full="drop_oldest", max_queue_ms=300)
    assert positions(report) == [*range(1, 3201), *range(16001 - 2400, 16001)]


def test_drop_oldest_counts_no_note_of_dropped_audio_as_played() -> None:
    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for at in range(12):
                reply.play(tone(1 + 800 * at, 800), note=at)
            await asyncio.sleep(0.45)
            assert reply.last_note_played == 3, "400 ms were sent at once, the next 500 ms were dropped"
            await asyncio.sleep(0.1)
            assert reply.last_note_played == 9
        assert await reply.played()

    carried(speak, when_full="drop_oldest", max_queue_ms=300)


def test_drop_oldest_behind_the_reply_that_speaks_drops_what_waits_longest_but_no_disclosure() -> None:
    async def speak(call: Call) -> None:
        current, disclosure = call.reply(), call.reply(interruptible=False)
        older, newer = call.reply(), call.reply()
        for reply in (disclosure, older, newer):
            await reply.play(tone(1, 8 * 100))
        assert [reply.queued_ms for reply in (disclosure, older, newer)] == [100, 100, 100]
        await newer.play(tone(1, 8 * 100))
        assert [reply.queued_ms for reply in (disclosure, older, newer)] == [100, 0, 200]
        await newer.play(tone(1, 8 * 100))
        assert [reply.queued_ms for reply in (disclosure, older, newer)] == [100, 0, 200]
        current.end()

    carried(speak, when_full="drop_oldest", max_queue_ms=300)


@pytest.mark.parametrize("rate_hz", [8000, 24000, 48000])
def test_drop_oldest_of_any_rate_and_a_chunk_longer_than_the_queue(rate_hz: int) -> None:
    async def speak(call: Call) -> None:
        reply = call.reply()
        reply.play(bytes(2 * rate_hz * 3), rate_hz)
        assert call.queued_ms <= 300
        assert reply.sent_ms + reply.queued_ms + call.statistics().send_dropped_ms == pytest.approx(3000, abs=1)
        call.mark("behind")
        reply.end()
        assert await reply.played()

    carried(speak, when_full="drop_oldest", max_queue_ms=300)


def test_drop_oldest_of_a_frame_codec_drops_whole_messages() -> None:
    encoder = rtpcodec.codec("OPUS").encoder()
    packets = [encoder.encode(tone(7 * at, 320)) for at in range(60)]

    async def speak(call: Call) -> None:
        async with call.reply() as reply:
            for packet in packets:
                reply.play_payload(packet)
            assert call.queued_ms == 300
        assert await reply.played()
        assert reply.played_ms == 700

    carried(speak, plan=StreamPlan(send_codec="OPUS"), when_full="drop_oldest", max_queue_ms=300)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"send_chunk_ms": 30}, "send_chunk_ms is 30, 20 to 200 in steps of 20 are allowed"),
        ({"idle_lead_ms": -1}, "idle_lead_ms is -1, 0 or more is needed"),
        ({"idle_lead_ms": math.inf}, "idle_lead_ms is inf, a finite number is needed"),
        ({"lead_ms": math.inf}, "lead_ms is inf, a finite number is needed, or None"),
        ({"prebuffer_ms": "5"}, "prebuffer_ms is '5', a number is needed"),
        ({"keep_alive": "music"}, "keep_alive is 'music', None, 'silence' or 'comfort_noise' is needed"),
        ({"when_full": "drop"}, "when_full is 'drop', 'wait' or 'drop_oldest' is needed"),
        (
            {"keep_alive": "silence", "plan": StreamPlan(mode="mp3")},
            "keep_alive is 'silence', the plan's mode is 'mp3' and it needs 'rtp'",
        ),
        (
            {"when_full": "drop_oldest", "plan": StreamPlan(mode="mp3")},
            "when_full is 'drop_oldest', the plan's mode is 'mp3' and it needs 'rtp'",
        ),
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    async def listen(_call: Call) -> None:
        pass

    with pytest.raises(EndpointError) as refusal:
        rtpcodec.serve(listen, **options)
    assert str(refusal.value) == message
