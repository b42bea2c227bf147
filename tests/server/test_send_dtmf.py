"""`call.send_dtmf`: keys by the carrier's command, and as tones that a detector of another origin finds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from rtpcodec.errors import CommandError, EndpointError, InvalidCommand, LocalProtocolError, QueueFull, StreamEnded
from rtpcodec.server import Call
from rtpcodec.sim import CallReport, CommandFault, Link, MarkHabits, Timing, Variations
from rtpcodec.stream.plan import StreamPlan
from tests.listening.goertzel import keys_in
from tests.server.conversation import L16
from tests.server.phone import PhoneScene, errors, on_phone

ALL = "0123456789*#ABCD"
SPEECH_HZ = 300.0
"""A tone that is not one of a key, in the place of speech."""


def hum(duration_ms: int, rate_hz: int = 8000) -> bytes:
    at = np.arange(duration_ms * rate_hz // 1000)
    return (6000 * np.sin(2 * np.pi * SPEECH_HZ * at / rate_hz)).astype(np.int16).tobytes()


def hums(report: CallReport) -> float:
    """Return how many ms of the hum the caller heard."""
    samples = np.frombuffer(report.heard_pcm, np.int16).astype(float)
    block = report.heard_hz // 50
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    power = np.abs(whole @ np.exp(-2j * np.pi * SPEECH_HZ * np.arange(block) / report.heard_hz)) / block
    return float(np.count_nonzero(power > 1500)) * 20


def runs(report: CallReport, *, floor: float = 1000) -> list[tuple[bool, float]]:
    """Return the sounds and silences that the caller heard, in ms, without the silence at both ends."""
    samples = np.abs(np.frombuffer(report.heard_pcm, np.int16).astype(int))
    step = report.heard_hz // 200
    loud = samples[: len(samples) // step * step].reshape(-1, step).max(axis=1) > floor
    edges = np.flatnonzero(np.diff(loud.astype(int))) + 1
    pieces = [(bool(piece[0]), len(piece) * 5.0) for piece in np.split(loud, edges)]
    return [piece for at, piece in enumerate(pieces) if piece[0] or 0 < at < len(pieces) - 1]


async def streamed(scene: PhoneScene) -> None:
    await scene.stream()
    await scene.phone.finished()
    await scene.endpoint.drain()


# In band


@pytest.mark.parametrize(
    "plan",
    [
        StreamPlan(send_codec="PCMU"),
        StreamPlan(send_codec="PCMA"),
        StreamPlan(send_codec="G722", send_rate_hz=16000),
        StreamPlan(send_codec="L16", send_rate_hz=8000),
        StreamPlan(send_codec="L16", send_rate_hz=24000),
    ],
    ids=lambda plan: f"{plan.send_codec} {plan.send_rate_hz}",
)
def test_a_detector_finds_every_key(plan: StreamPlan) -> None:
    async def press(call: Call) -> None:
        await call.send_dtmf(ALL, "in_band")

    report = on_phone(streamed, press, plan=plan)
    assert keys_in(report.heard_pcm, report.heard_hz) == ALL


@pytest.mark.parametrize(
    ("plan", "tone_ms"),
    [
        (L16, 40),
        (L16, 100),
        (L16, 1000),
        (StreamPlan(send_codec="G722", send_rate_hz=16000), 100),
        (StreamPlan(send_codec="PCMA"), 40),
    ],
    ids=lambda value: getattr(value, "send_codec", value),
)
def test_tones_and_pauses_are_those_of_the_standard(plan: StreamPlan, tone_ms: int) -> None:
    """ITU-T Q.24, table A-1: 40 ms of tone, 70 ms of pause and 125 ms per key suffice for every administration."""

    async def press(call: Call) -> None:
        await call.send_dtmf("159D", "in_band", tone_ms=tone_ms)

    sounds = runs(on_phone(streamed, press, plan=plan))
    assert [loud for loud, _ in sounds] == [True, False] * 3 + [True]
    for loud, duration_ms in sounds:
        expected_ms = tone_ms if loud else 100
        assert abs(duration_ms - expected_ms) <= 10


def test_the_level_of_both_tones_together() -> None:
    async def press(call: Call) -> None:
        await call.send_dtmf("5", "in_band", tone_ms=500)

    samples = np.frombuffer(on_phone(streamed, press).heard_pcm, np.int16) / 32768
    sounding = samples[samples.nonzero()[0][0] :][:3200]
    # A sine of full scale is 3.14 dBm0 in A-law and 3.17 dBm0 in mu-law (ITU-T G.711).
    level_dbm0 = 10 * np.log10(2 * np.mean(sounding**2)) + 3.15
    assert abs(level_dbm0 - -10) < 0.1


def test_pauses_between_keys() -> None:
    async def press(call: Call) -> None:
        await call.send_dtmf("1w2W3", "in_band")

    report = on_phone(streamed, press)
    assert keys_in(report.heard_pcm, report.heard_hz) == "123"
    pauses = [duration_ms for loud, duration_ms in runs(report) if not loud]
    assert abs(pauses[0] - 600) <= 10
    assert abs(pauses[1] - 1100) <= 10


def test_keys_have_their_place_among_the_replies() -> None:
    async def talk(call: Call) -> None:
        call.play(hum(500))
        keys = call.send_dtmf("123", "in_band")
        call.play(hum(300))
        await keys
        async with call.reply() as reply:
            await reply.play(hum(200))

    report = on_phone(streamed, talk)
    assert keys_in(report.heard_pcm, report.heard_hz) == "123"
    sounds = [duration_ms for loud, duration_ms in runs(report) if loud]
    assert [round(one / 20) for one in sounds] == [25, 5, 5, 5, 25]
    assert abs(hums(report) - 1000) <= 60


def interrupted(at_ms: Sequence[int], what: Any, **phone: Any) -> list[CallReport]:
    """Return the reports of calls whose keys stand between speech, and that are interrupted at these times."""
    left = list(at_ms)
    reports: list[CallReport] = []

    async def talk(call: Call) -> None:
        interrupted_ms = left.pop()
        call.play(hum(400))
        call.flush()
        call.send_dtmf("4711", "in_band")
        call.play(hum(400))
        await asyncio.sleep(interrupted_ms / 1000)
        call.interrupt(what)

    async def script(scene: PhoneScene) -> None:
        phones = [scene.carrier.new_call(bytes(16 * 5000), codec="L16", sample_rate_hz=8000, **phone) for _ in at_ms]
        for one in phones:
            await scene.stream(one)
        reports.extend([await one.finished() for one in phones])

    on_phone(script, talk)
    return reports


@pytest.mark.parametrize("what", ["all", "current"])
def test_an_interruption_never_cuts_a_key(what: Any) -> None:
    """Before, during and after the keys: each key is heard once and whole, and the speech around them ends."""
    for report in interrupted((300, 440, 620, 980, 1160, 1400), what):
        assert keys_in(report.heard_pcm, report.heard_hz) == "4711"
        sounds = [duration_ms for loud, duration_ms in runs(report) if loud]
        assert len([one for one in sounds if abs(one - 100) <= 10]) >= 4


@pytest.mark.long
@pytest.mark.parametrize("what", ["all", "current"])
def test_an_interruption_never_cuts_a_key_on_a_network_with_jitter(what: Any) -> None:
    network = Link(delay_ms=80, jitter_ms=40)
    timing = Timing(to_app=network, from_app=network)
    heard = [keys_in(one.heard_pcm, one.heard_hz) for one in interrupted(range(20, 2000, 50), what, timing=timing)]
    assert heard == ["4711"] * 40


def test_a_second_entry_follows_the_first() -> None:
    async def press(call: Call) -> None:
        first, second = call.send_dtmf("12", "in_band"), call.send_dtmf("34", "in_band")
        await second
        await first

    report = on_phone(streamed, press)
    assert keys_in(report.heard_pcm, report.heard_hz) == "1234"


def test_a_handler_that_returns_and_a_hang_up_wait_for_the_keys() -> None:
    async def leave(call: Call) -> None:
        reply = call.reply()
        reply.play(hum(500))
        call.send_dtmf("1#", "in_band")

    async def hang_up(call: Call) -> None:
        await leave(call)
        await call.hangup()

    for handler in (leave, hang_up):
        report = on_phone(streamed, handler)
        assert keys_in(report.heard_pcm, report.heard_hz) == "1#"


def test_from_on_audio_they_are_sent_in_the_background() -> None:
    begun: list[Call] = []

    def listen(call: Call, _audio: object) -> None:
        if not begun:
            begun.append(call)
            call.send_dtmf("1#", "in_band")

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(5)

    report = on_phone(script, on_audio=listen)
    assert keys_in(report.heard_pcm, report.heard_hz) == "1#"


def test_the_end_of_the_stream_ends_the_wait() -> None:
    async def press(call: Call) -> None:
        with pytest.raises(StreamEnded, match=r"^the stream has stopped before all keys were heard$"):
            await call.send_dtmf("1WWWW2", "in_band")
        with pytest.raises(StreamEnded):
            call.send_dtmf("1", "in_band")

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.hang_up()
        await scene.endpoint.drain()
        assert scene.endpoint.statistics().calls_failed == 0

    on_phone(script, press)


@pytest.mark.parametrize("own_marks", [True, False])
def test_keys_end_on_a_carrier_that_returns_no_marks(own_marks: bool) -> None:
    async def press(call: Call) -> None:
        call.play(hum(200))
        async with asyncio.timeout(6):
            await call.send_dtmf("12", "in_band")

    async def script(scene: PhoneScene) -> None:
        phone = scene.carrier.new_call(bytes(16 * 8000), variations=Variations(marks=MarkHabits(echo="never")))
        await scene.stream(phone)
        report = await phone.finished()
        assert keys_in(report.heard_pcm, report.heard_hz) == "12"
        assert scene.endpoint.statistics().calls_failed == 0

    on_phone(script, press, own_marks=own_marks)


@pytest.mark.parametrize("codec", ["OPUS", "AMR-WB"])
def test_a_codec_that_does_not_keep_tones_is_refused(codec: str, opus: object, amrwb: object) -> None:
    said: list[str] = []

    async def press(call: Call) -> None:
        with pytest.raises(LocalProtocolError) as refusal:
            call.send_dtmf("1", "in_band")
        said.append(str(refusal.value))

    on_phone(streamed, press, plan=StreamPlan(send_codec=codec))
    expected = (
        f"the stream sends {codec}, which does not keep the tones of keys; use method='carrier', or a plan with mode "
        "'rtp' and send_codec PCMU, PCMA, G722, L16"
    )
    assert said == [expected]


def test_mode_mp3_is_refused() -> None:
    async def press(call: Call) -> None:
        with pytest.raises(LocalProtocolError, match=r"^the stream sends MP3, which does not keep the tones of keys; "):
            call.send_dtmf("1", "in_band")

    on_phone(streamed, press, plan=StreamPlan(mode="mp3"))


def test_more_keys_than_the_queue_holds_are_refused() -> None:
    async def press(call: Call) -> None:
        with pytest.raises(QueueFull, match=r"^the keys last 1300 ms, at most 1000 ms are allowed$"):
            call.send_dtmf("1W", "in_band")

    on_phone(streamed, press, max_queue_ms=1000)


# By the carrier


@pytest.mark.parametrize("tone_ms", [None, 100, 500])
def test_the_carrier_gets_the_keys(tone_ms: float | None) -> None:
    async def press(call: Call) -> None:
        await call.send_dtmf("1w#", tone_ms=tone_ms)

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        action, body = scene.phone.commands[-1]
        assert (action, body["digits"], body.get("duration_millis")) == ("send_dtmf", "1w#", tone_ms)

    on_phone(script, press)


def test_errors_of_the_command_are_raised() -> None:
    async def press(call: Call) -> None:
        with pytest.raises(CommandError):
            await call.send_dtmf("1")
        with pytest.raises(InvalidCommand, match="duration_millis is 50"):
            await call.send_dtmf("1", tone_ms=50)
        await call.send_dtmf("2")

    async def script(scene: PhoneScene) -> None:
        scene.carrier.disturb(None, CommandFault(status=422))
        await streamed(scene)
        assert scene.phone.commands[-1][1]["digits"] == "2"

    on_phone(script, press)


def test_an_error_that_nobody_waits_for_is_logged_without_the_keys(caplog: pytest.LogCaptureFixture) -> None:
    async def press(call: Call) -> None:
        call.send_dtmf("4711")
        await asyncio.sleep(2)

    async def script(scene: PhoneScene) -> None:
        scene.carrier.disturb(None, CommandFault(status=422))
        await streamed(scene)

    on_phone(script, press)
    (error,) = errors(caplog)
    assert error.startswith("send_dtmf failed: CommandRefused: ")
    assert "4711" not in caplog.text


def test_without_a_control_it_is_refused() -> None:
    async def press(call: Call) -> None:
        with pytest.raises(
            EndpointError, match=r"^send_dtmf\(\) sends a command about the phone call and there is no control"
        ):
            call.send_dtmf("1")

    on_phone(streamed, press, control=None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("12x",), r"^digits has a character at position 2 that is neither a DTMF key \(0-9, A-D, \*, #\) nor a pause"),
        (("",), r"^digits has no DTMF key, at least 1 is needed$"),
        (("wW",), r"^digits has no DTMF key, at least 1 is needed$"),
        ((4711,), r"^digits is of type int, a str is needed$"),
        (("1", "sip"), r"^method is 'sip', 'carrier' or 'in_band' is needed$"),
    ],
)
@pytest.mark.parametrize("method", ["carrier", "in_band"])
def test_wrong_arguments(arguments: tuple[Any, ...], error: str, method: str) -> None:
    async def press(call: Call) -> None:
        with pytest.raises((ValueError, TypeError), match=error):
            call.send_dtmf(arguments[0], *(arguments[1:] or (method,)))

    on_phone(streamed, press)


@pytest.mark.parametrize("tone_ms", [39.9, 1000.1, float("nan")])
def test_a_tone_of_another_length_is_refused(tone_ms: float) -> None:
    async def press(call: Call) -> None:
        with pytest.raises(ValueError, match=rf"^tone_ms is {tone_ms}, 40 to 1000 is needed$"):
            call.send_dtmf("1", "in_band", tone_ms=tone_ms)

    on_phone(streamed, press)
