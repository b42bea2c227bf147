"""CallAudioOutput on a simulated call: segments, their starts and ends, interruption, pause and resume."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from livekit import rtc

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioOutput
from rtpcodec.sim import CallReport, Link, Timing
from tests.adapters.livekit.phone import Ends, all_heard_ms, capture, carried, cuts_ms, heard_ms
from tests.adapters.livekit.scripted import tone

FAR = {"timing": Timing(to_app=Link(delay_ms=60), from_app=Link(delay_ms=60)), "playout_delay_ms": 60}
Script = Callable[[rtpcodec.Call, CallAudioOutput, Ends], Awaitable[object]]


def played(script: Script, *, silence_ms: int = 4000, **options: Any) -> tuple[Ends, CallReport]:
    """Run a script with the output of a call. Returns what it reported, and the carrier's report."""
    found: list[Ends] = []

    async def handle(call: rtpcodec.Call) -> None:
        output = CallAudioOutput(call)
        found.append(Ends(output))
        await script(call, output, found[0])
        await output.wait_for_playout()

    report = carried(handle, bytes(16 * silence_ms), **{"phone": FAR} | options)
    return found[0], report


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_segment_of_any_rate_is_heard_to_its_end(rate_hz: int) -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(1010, 400, rate_hz), rate_hz, frame_ms=70)
        output.flush()

    ends, report = played(speak)
    assert ends.positions_ms == pytest.approx([1010], abs=0.2)
    assert ends.interrupted == [False]
    assert abs(heard_ms(report, 400) - 1010) <= 30
    assert len(ends.starts_s) == 1
    assert ends.ends_s[0] - ends.starts_s[0] == pytest.approx(1.02 + 0.18, abs=0.03)


def test_an_interruption_reports_what_was_heard_and_nothing_more_is() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(2000, 400, 24_000), 24_000)
        await asyncio.sleep(0.9)
        output.clear_buffer()
        await capture(output, tone(400, 400, 24_000), 24_000)  # of the same sentence
        output.flush()
        await output.wait_for_playout()
        await capture(output, tone(400, 800, 24_000), 24_000)
        output.flush()

    ends, report = played(speak)
    assert ends.interrupted == [True, False]
    assert abs(ends.positions_ms[0] - cuts_ms(report)[0]) <= 20
    assert abs(ends.positions_ms[0] - heard_ms(report, 400)) <= 40
    assert heard_ms(report, 800) == 400


def test_a_clear_after_the_flush_drops_every_segment_and_no_other_one_begins() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        for pitch_hz in (400, 800, 1200):
            await capture(output, tone(1000, pitch_hz, 16_000), 16_000)
            output.flush()
        await asyncio.sleep(0.6)
        output.clear_buffer()
        output.clear_buffer()

    ends, report = played(speak)
    assert ends.interrupted == [True, True, True]
    assert abs(ends.positions_ms[0] - cuts_ms(report)[0]) <= 20
    assert ends.positions_ms[1:] == [0, 0]
    assert heard_ms(report, 800) + heard_ms(report, 1200) == 0
    assert len(ends.starts_s) == 1


def test_segments_follow_each_other_and_end_in_order() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        for pitch_hz in (400, 800):
            await capture(output, tone(600, pitch_hz, 16_000), 16_000)
            output.flush()

    ends, report = played(speak)
    assert (ends.positions_ms, ends.interrupted) == ([600, 600], [False, False])
    assert ends.ends_s == sorted(ends.ends_s)
    assert (heard_ms(report, 400), heard_ms(report, 800), len(ends.starts_s)) == (600, 600, 2)


def test_what_was_paused_is_heard_in_full_after_the_resume() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(1000, 400, 24_000), 24_000)
        output.flush()
        await asyncio.sleep(0.5)
        output.pause()
        output.pause()
        await asyncio.sleep(0.8)
        output.resume()
        output.resume()

    ends, report = played(speak)
    assert (ends.positions_ms, ends.interrupted) == ([1000], [False])
    assert 1000 <= all_heard_ms(report) <= 1140  # the doubt about the cut is heard twice
    assert ends.ends_s[0] - ends.starts_s[0] > 1.8
    assert len(ends.starts_s) == 1


def test_a_pause_before_the_first_frame_holds_the_start() -> None:
    at_s: list[float] = []

    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, ends: Ends) -> None:
        output.pause()
        await capture(output, tone(600, 400, 24_000), 24_000)
        output.flush()
        await asyncio.sleep(0.5)
        assert not ends.starts_s
        at_s.append(asyncio.get_running_loop().time())
        output.resume()

    ends, report = played(speak)
    assert ends.starts_s == at_s
    assert (ends.positions_ms, heard_ms(report, 400)) == ([600], 600)


def test_a_clear_ends_the_pause() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(1000, 400, 24_000), 24_000)
        output.flush()
        await asyncio.sleep(0.5)
        output.pause()
        await asyncio.sleep(0.5)
        output.clear_buffer()
        await output.wait_for_playout()
        await capture(output, tone(400, 800, 24_000), 24_000)
        output.flush()
        output.resume()

    ends, report = played(speak)
    assert ends.interrupted == [True, False]
    assert abs(ends.positions_ms[0] - heard_ms(report, 400)) <= 40
    assert heard_ms(report, 800) == 400


def test_a_pause_that_is_never_ended_is_discarded() -> None:
    async def handle(call: rtpcodec.Call) -> None:
        output = CallAudioOutput(call, max_pause_s=1.0)
        ends = Ends(output)
        await capture(output, tone(1000, 400, 24_000), 24_000)
        output.flush()
        await asyncio.sleep(0.5)
        output.pause()
        event = await output.wait_for_playout()
        assert event.interrupted
        assert 300 < event.playback_position * 1000 < 500
        assert 1.4 < ends.ends_s[0] - ends.starts_s[0] < 1.7

    report = carried(handle, bytes(16 * 4000), phone=FAR)
    assert heard_ms(report, 400) < 540


def test_a_pause_of_the_handler_stays_its_own() -> None:
    async def speak(call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(1000, 400, 24_000), 24_000)
        output.flush()
        pause = call.pause_playback(5)
        output.pause()
        output.resume()
        assert pause.resolved is None
        pause.resume()

    ends, _ = played(speak)
    assert (ends.positions_ms, ends.interrupted) == ([1000], [False])


def test_an_interruption_by_the_handler_is_reported_as_one() -> None:
    async def speak(call: rtpcodec.Call, output: CallAudioOutput, ends: Ends) -> None:
        await capture(output, tone(1000, 400, 24_000), 24_000)
        await asyncio.sleep(0.5)
        call.interrupt()
        await asyncio.sleep(0.5)
        assert not ends.ends  # the segment is open
        await capture(output, tone(1000, 400, 24_000), 24_000)
        output.flush()

    ends, report = played(speak)
    assert ends.interrupted == [True]
    assert abs(ends.positions_ms[0] - cuts_ms(report)[0]) <= 20


def test_a_full_queue_slows_the_voice_down_and_loses_nothing() -> None:
    times_s: list[float] = []

    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(2500, 400, 24_000), 24_000)
        times_s.append(asyncio.get_running_loop().time())
        output.flush()

    ends, report = played(speak, max_queue_ms=500)
    assert times_s[0] - ends.starts_s[0] > 1.5
    assert (ends.positions_ms, heard_ms(report, 400)) == ([2500], 2500)


def test_a_capture_that_waits_for_space_ends_with_the_clear() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        feeding = asyncio.ensure_future(capture(output, tone(5000, 400, 24_000), 24_000))
        await asyncio.sleep(0.7)
        assert not feeding.done()
        output.clear_buffer()
        await asyncio.wait_for(feeding, 0.1)
        output.flush()

    ends, report = played(speak, max_queue_ms=500)
    assert ends.interrupted == [True]
    assert abs(ends.positions_ms[0] - cuts_ms(report)[0]) <= 20


def test_a_clear_after_the_end_changes_nothing() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        output.clear_buffer()
        output.flush()
        await capture(output, tone(400, 400, 24_000), 24_000)
        output.flush()
        await output.wait_for_playout()
        output.clear_buffer()
        await capture(output, tone(400, 400, 24_000), 24_000)
        output.flush()

    ends, report = played(speak)
    assert (ends.positions_ms, ends.interrupted) == ([400, 400], [False, False])
    assert heard_ms(report, 400) == 800


def test_an_empty_frame_is_a_segment_too() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await output.capture_frame(rtc.AudioFrame(b"", 24_000, 1, 0))
        output.flush()

    ends, _ = played(speak)
    assert (ends.positions_ms, ends.interrupted, ends.starts_s) == ([0], [False], [])


def test_other_audio_of_the_call_is_not_interrupted() -> None:
    async def speak(call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        await capture(output, tone(1000, 400, 8000), 8000)
        output.flush()
        await call.say([tone(600, 800, 8000)], 8000)
        await asyncio.sleep(0.5)
        output.clear_buffer()
        await call.played()

    ends, report = played(speak)
    assert ends.interrupted == [True]
    assert heard_ms(report, 800) == 600


@pytest.mark.parametrize("flushed", [False, True])
def test_the_end_of_the_stream_interrupts(*, flushed: bool) -> None:
    found: list[Ends] = []

    async def handle(call: rtpcodec.Call) -> None:
        output = CallAudioOutput(call)
        found.append(Ends(output))
        await capture(output, tone(3000, 400, 24_000), 24_000)
        if flushed:
            output.flush()
        async for _key in call.dtmf():
            pass
        output.flush()
        await asyncio.wait_for(output.wait_for_playout(), 1)
        # After the end, every segment ends at once, with nothing heard.
        output.pause()
        await capture(output, tone(100, 400, 24_000), 24_000)
        output.clear_buffer()
        output.flush()
        output.resume()
        await asyncio.wait_for(output.wait_for_playout(), 1)

    report = carried(handle, bytes(16 * 1500), phone=FAR)
    ends = found[0]
    assert ends.interrupted == [True, True]
    assert abs(ends.positions_ms[0] - heard_ms(report, 400)) <= 200  # the call was over before the last audio came
    assert ends.positions_ms[1] == 0


def test_stereo_is_refused() -> None:
    async def speak(_call: rtpcodec.Call, output: CallAudioOutput, _ends: Ends) -> None:
        with pytest.raises(ValueError, match="the frame has 2 channels, 1 is needed"):
            await output.capture_frame(rtc.AudioFrame(bytes(1920), 24_000, 2, 480))

    ends, _ = played(speak, silence_ms=200)
    assert not ends.ends
