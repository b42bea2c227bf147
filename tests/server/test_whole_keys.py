"""Keys in band are heard whole and once: pauses, holds and suspensions let them end, a lost connection repeats them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import CallReport, Link, LossHabits, Timing
from tests.listening.goertzel import keys_in
from tests.server.phone import PhoneScene, on_phone
from tests.server.phone_webhooks import phone_event
from tests.server.reconnection import scene
from tests.server.reconnection_outcome import until
from tests.server.test_send_dtmf import hum, hums, runs

DIGITS = "4711"
KEYS_MS = 1000


def pauses(call: Call) -> Callable[[], object]:
    """Pause the playback. Returns what ends the pause."""
    return call.pause_playback(timeout_s=20).resume


def holds(call: Call) -> Callable[[], object]:
    """Put the phone call on hold. Returns what ends that."""
    of = call.started.call_control_id or ""
    call.webhook(phone_event("call.hold", of, second=1))
    return lambda: call.webhook(phone_event("call.unhold", of, second=2))


def stopped(stop: Callable[[Call], Callable[[], object]], at_ms: list[int], **phone: Any) -> list[CallReport]:
    """Return the reports of calls with keys between speech that are stopped at these times, for 3 s."""
    left = list(at_ms)
    reports: list[CallReport] = []
    ended: list[float] = []

    async def talk(call: Call) -> None:
        stopped_ms = left.pop()
        call.play(hum(400))
        call.flush()
        keys = call.send_dtmf(DIGITS, "in_band")
        call.play(hum(400))
        await asyncio.sleep(stopped_ms / 1000)
        end = stop(call)
        await asyncio.sleep(3)
        end()
        await keys
        ended.append(stopped_ms)

    async def script(scene: PhoneScene) -> None:
        phones = [scene.carrier.new_call(bytes(16 * 8000), codec="L16", sample_rate_hz=8000, **phone) for _ in at_ms]
        for one in phones:
            await scene.stream(one)
        reports.extend([await one.finished() for one in phones])

    on_phone(script, talk)
    assert sorted(ended) == sorted(at_ms)
    return reports


@pytest.mark.parametrize("stop", [pauses, holds])
def test_a_pause_and_a_hold_never_cut_a_key(stop: Callable[[Call], Callable[[], object]]) -> None:
    for report in stopped(stop, [300, 520, 620, 760, 980, 1200, 1400]):
        assert keys_in(report.heard_pcm, report.heard_hz) == DIGITS
        tones = [duration_ms for loud, duration_ms in runs(report) if loud and duration_ms <= 110]
        assert len([one for one in tones if abs(one - 100) <= 10]) >= 4
        assert 790 <= hums(report) <= 900, "what is said before and behind them is heard as well"


@pytest.mark.long
@pytest.mark.parametrize("stop", [pauses, holds])
def test_the_same_on_a_network_with_jitter(stop: Callable[[Call], Callable[[], object]]) -> None:
    network = Link(delay_ms=80, jitter_ms=40)
    timing = Timing(to_app=network, from_app=network)
    heard = [keys_in(one.heard_pcm, one.heard_hz) for one in stopped(stop, list(range(20, 2000, 50)), timing=timing)]
    assert heard == [DIGITS] * 40


def test_keys_that_sound_end_in_the_pause_and_speech_waits() -> None:
    ends: list[float] = []

    async def talk(call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        keys = call.send_dtmf(DIGITS, "in_band")
        call.play(hum(400))
        await asyncio.sleep(0.3)
        pause = call.pause_playback(timeout_s=20)
        await keys
        ends.append(asyncio.get_running_loop().time() - begun)
        sent = call.statistics().media_sent
        await asyncio.sleep(2)
        assert call.statistics().media_sent == sent
        pause.resume()
        await call.played()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    report = on_phone(script, talk, speech=bytes(16 * 6000))
    assert ends[0] * 1000 == pytest.approx(KEYS_MS, abs=300)
    assert keys_in(report.heard_pcm, report.heard_hz) == DIGITS
    assert hums(report) == pytest.approx(400, abs=60)


def test_keys_that_have_not_begun_wait_for_the_end_of_the_pause() -> None:
    async def talk(call: Call) -> None:
        pause = call.pause_playback(timeout_s=20)
        keys = call.send_dtmf(DIGITS, "in_band")
        await asyncio.sleep(2)
        assert call.statistics().media_sent == 0
        pause.resume()
        await keys

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    report = on_phone(script, talk, speech=bytes(16 * 6000))
    assert keys_in(report.heard_pcm, report.heard_hz) == DIGITS


def lost(at_ms: float) -> tuple[CallReport, CallReport]:
    """Lose the socket so long after keys began. Returns the reports of both streams."""
    found: list[CallReport] = []
    done: list[float] = []

    async def press(call: Call) -> None:
        await call.send_dtmf(DIGITS, "in_band")
        done.append(at_ms)

    async def main() -> None:
        async with scene(press, reconnect=True, losses=LossHabits(busy_s=1)) as it:
            await it.stream()
            await asyncio.sleep(at_ms / 1000)
            it.live.lose_socket("rst")
            await until(lambda: bool(done))
            await it.endpoint.drain()
            found.extend(it.live.reports)

    run_virtual(main())
    return found[0], found[1]


def test_a_key_that_a_lost_line_has_cut_is_sent_again_as_a_whole() -> None:
    exact = 0
    for at_ms in range(50, 950, 75):
        reports = lost(at_ms)
        before, behind = (keys_in(report.heard_pcm, report.heard_hz) for report in reports)
        assert DIGITS.startswith(before), at_ms
        assert DIGITS.endswith(behind), at_ms
        # A key of which a part was heard may have been taken for one.
        assert len(DIGITS) <= len(before + behind) <= len(DIGITS) + 1, at_ms
        exact += before + behind == DIGITS
        tones = [duration_ms for loud, duration_ms in runs(reports[1]) if loud]
        assert all(abs(duration_ms - 100) <= 10 for duration_ms in tones), at_ms
    assert exact >= 4


def test_a_long_tone_is_sent_again_from_its_beginning() -> None:
    async def press(call: Call) -> None:
        await call.send_dtmf("5", "in_band", tone_ms=1000)

    async def main() -> None:
        async with scene(press, reconnect=True, losses=LossHabits(busy_s=1)) as it:
            await it.stream()
            await asyncio.sleep(0.9)
            it.live.lose_socket("rst")
            await until(lambda: len(it.live.reports) > 1)
            await it.endpoint.drain()
            sounds = [duration_ms for loud, duration_ms in runs(it.live.reports[1]) if loud]
            assert sounds == [pytest.approx(1000, abs=15)]

    run_virtual(main())


def test_tones_are_where_the_audio_has_them() -> None:
    from rtpcodec.audio.key_sequence import key_sequence, tone_spans

    for rate_hz in (8000, 16000, 24000):
        pcm = memoryview(key_sequence("1w2W3", rate_hz, 60)).cast("h")
        spans = tone_spans("1w2W3", rate_hz, 60)
        assert len(spans) == 3
        for begin, end in spans:
            assert any(pcm[begin : begin + 10])
            assert any(pcm[end - 10 : end])
            assert not any(pcm[end : end + rate_hz // 20])
        for (_, end), (begin, _) in pairwise(spans):
            assert not any(pcm[end:begin])
