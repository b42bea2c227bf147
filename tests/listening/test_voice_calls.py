"""Voice activity of calls: waits for silence, who speaks now, and a failing detector, on the virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

import rtpcodec
from rtpcodec import VoiceSettings
from rtpcodec.audio.levels import rms_of_dbov
from rtpcodec.errors import LocalProtocolError
from rtpcodec.kernels.noise import white_noise
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier
from rtpcodec.stream.events import SpeechEnded, SpeechStarted
from rtpcodec.stream.plan import StreamPlan

PLAN: Final = StreamPlan(send_codec="PCMU")


def sound(duration_ms: int) -> bytes:
    return white_noise(1, 0, duration_ms * 8, rms_of_dbov(-26))


def silence(duration_ms: int) -> bytes:
    return bytes(16 * duration_ms)


def called(handler: Callable[[Call], Awaitable[None]], speech: bytes, **options: Any) -> None:
    """One call of the simulator on the virtual clock; an error of the handler is raised here."""
    errors: list[BaseException] = []

    async def guarded(call: Call) -> None:
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.serve(guarded, plan=PLAN, **options) as endpoint:
            call = carrier.new_call(speech)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
            await call.finished()
            await endpoint.drain()

    run_virtual(main())
    for error in errors:
        raise error


def test_a_handler_reads_who_speaks_among_its_events() -> None:
    found: list[Any] = []

    async def handler(call: Call) -> None:
        call.voice()
        found.extend(
            [
                (type(event).__name__, round(event.media_ms), call.caller_speaking)
                async for event in call.events()
                if isinstance(event, SpeechStarted | SpeechEnded)
            ]
        )

    called(handler, silence(1000) + sound(1000) + silence(2000))
    assert found == [("SpeechStarted", 1000, True), ("SpeechEnded", 2000, False)]


def test_silence_counts_from_the_end_of_the_speech() -> None:
    waited: list[tuple[bool, float]] = []

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        call.voice()
        async for event in call.events():
            if isinstance(event, SpeechStarted):
                begun_s = loop.time()
                waited.append((await call.caller_silent(0.8), loop.time() - begun_s))
                break

    called(handler, silence(1000) + sound(1000) + silence(2000))
    # The speech lasts 0.94 s more.
    ((is_silent, seconds),) = waited
    assert is_silent
    assert seconds == pytest.approx(0.94 + 0.8, abs=0.05)


def test_silence_that_was_just_reported_counts_from_its_begin_and_an_older_one_does_not() -> None:
    waited: list[float] = []

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        call.voice(VoiceSettings(hangover_ms=300))
        async for event in call.events():
            if isinstance(event, SpeechEnded):
                for _ in range(2):
                    begun_s = loop.time()
                    assert await call.caller_silent(2.0)
                    waited.append(loop.time() - begun_s)
                break

    called(handler, silence(1000) + sound(1000) + silence(8000))
    assert waited == [pytest.approx(1.7, abs=0.05), pytest.approx(2.0, abs=0.05)]


def test_speech_restarts_the_count() -> None:
    waited: list[float] = []

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        call.voice()
        begun_s = loop.time()
        assert await call.caller_silent(1.5)
        waited.append(loop.time() - begun_s)

    called(handler, silence(1000) + sound(500) + silence(1000) + sound(500) + silence(4000))
    assert waited == [pytest.approx(4.5, abs=0.06)]


def test_the_end_of_the_stream_ends_the_wait() -> None:
    found: list[bool] = []

    async def handler(call: Call) -> None:
        call.voice()
        found.append(await call.caller_silent(60))
        found.append(await call.caller_silent(0))

    called(handler, silence(1000) + sound(500))
    assert found == [False, False]


def test_a_stopped_detector_ends_the_wait_and_reports_nothing() -> None:
    found: list[Any] = []

    async def handler(call: Call) -> None:
        voice = call.voice()
        wait = asyncio.ensure_future(call.caller_silent(60))
        await asyncio.sleep(0.5)
        voice.stop()
        voice.stop()
        found.append(await wait)
        found.extend([event async for event in call.events() if isinstance(event, SpeechStarted)])

    called(handler, silence(1000) + sound(500))
    assert found == [False]


def test_a_second_detector_replaces_the_first() -> None:
    found: list[float] = []

    async def handler(call: Call) -> None:
        first = call.voice()
        call.voice(VoiceSettings(onset_ms=160))
        assert first.stopped
        found.extend([event.media_ms async for event in call.events() if isinstance(event, SpeechStarted)])

    called(handler, silence(1000) + sound(500))
    assert found == [pytest.approx(1000)]


def test_a_cancelled_wait_leaves_nothing() -> None:
    async def handler(call: Call) -> None:
        voice = call.voice()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call.caller_silent(60), 0.5)
        assert not voice._waiters

    called(handler, silence(1000))


def test_voice_has_to_be_switched_on_first() -> None:
    async def handler(call: Call) -> None:
        with pytest.raises(
            LocalProtocolError, match=r"^caller_speaking needs voice activity, which is off: call voice\(\)"
        ):
            _ = call.caller_speaking
        with pytest.raises(LocalProtocolError, match=r"^caller_silent\(\) needs voice activity, which is off"):
            await call.caller_silent(1)
        call.voice()
        with pytest.raises(ValueError, match=r"^after_s is -1, 0 or more is needed$"):
            await call.caller_silent(-1)

    called(handler, silence(500))


def test_payloads_alone_are_refused() -> None:
    async def handler(call: Call) -> None:
        with pytest.raises(LocalProtocolError, match=r"^receive_pcm_hz is None"):
            call.voice()

    called(handler, silence(500), receive_pcm_hz=None)


def test_a_detector_that_fails_is_reported_once_and_the_level_decides() -> None:
    found: list[Any] = []

    class Broken:
        def is_speech(self, pcm: bytes, sample_rate_hz: int) -> bool:
            raise RuntimeError("no model")

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: found.append(context))
        call.voice(judge=Broken())
        found.extend([event.media_ms async for event in call.events() if isinstance(event, SpeechStarted)])
        loop.set_exception_handler(None)

    called(handler, silence(1000) + sound(500))
    reported, media_ms = found
    assert reported["message"] == "the detector of call.voice raised an exception; from now on the level decides"
    assert str(reported["exception"]) == "no model"
    assert media_ms == 1000


def test_a_detector_that_returns_something_else_fails_as_well() -> None:
    found: list[Any] = []

    class Words:
        def is_speech(self, pcm: bytes, sample_rate_hz: int) -> bool:
            return "yes"  # type: ignore[return-value]

    async def handler(call: Call) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: found.append(str(context["exception"])))
        call.voice(judge=Words())
        found.extend([event.media_ms async for event in call.events() if isinstance(event, SpeechStarted)])
        found.append(call.end_reason)
        loop.set_exception_handler(None)

    called(handler, silence(1000) + sound(500))
    assert found == ["could not convert string to float: 'yes'", 1000, "carrier_stop"]


def test_the_barge_in_of_the_docs_interrupts_and_keeps_the_first_word() -> None:
    heard: list[Any] = []

    async def handler(call: Call) -> None:
        call.voice()
        reply = call.reply()
        await reply.play(sound(20_000))
        async for event in call.events():
            if isinstance(event, SpeechStarted):
                call.interrupt()
                heard.append((reply.state, event.pre_roll.duration_ms))
                break

    called(handler, silence(3000) + sound(1000) + silence(1000))
    assert heard == [("interrupted", pytest.approx(360, abs=140))]
