"""The course of the doctor's call where it does not go well, and over real sockets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from rtpcodec import AsyncCallControl
from rtpcodec.audio.files import read_wav
from rtpcodec.cli.app import main
from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.doctor.readings.course import FIRST_PLAN, read_call
from rtpcodec.doctor.readings.ending import closing
from rtpcodec.doctor.readings.feed import WebhookFeed
from rtpcodec.doctor.readings.observer import now_ms
from rtpcodec.doctor.readings.reading import Reading
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.slow import slow_reading
from rtpcodec.doctor.readings.sound import chunk_counter, ringing
from rtpcodec.doctor.readings.streams import CallNotMade, Line, dialled, hung_up
from rtpcodec.errors import AuthenticationFailed
from rtpcodec.pump import run_virtual
from rtpcodec.sim import Carrier, Hold, Timing, Webhooks
from rtpcodec.sim.carrier import CALLEE, CALLER
from tests.doctor.site import free_port

Course = Callable[[Carrier, Line], Awaitable[Any]]


def lined(course: Course, *, key: str = "KEY_SIM", ring_s: float = 5.0) -> Any:
    """Run a course on the virtual clock with a carrier and a line to it."""

    async def run() -> Any:
        async with Carrier("KEY_SIM") as carrier, AsyncCallControl(key, base_url=carrier.base_url) as control:
            line = Line(control=control, to=CALLEE, from_=CALLER, connection_id="1", ring_s=ring_s)
            return await course(carrier, line)

    return run_virtual(run())


def test_a_phone_that_is_not_answered() -> None:
    async def course(carrier: Carrier, line: Line) -> list[str]:
        with pytest.raises(CallNotMade, match="was the phone answered"):
            await read_call(line, None, leg="test")
        return [call.state for call in carrier.calls]

    assert lined(course) == ["ended"]


def fed(webhook_course: Callable[[Carrier, Line, WebhookFeed], Awaitable[Any]]) -> Any:
    """As lined, with the webhooks of the carrier."""

    async def course(carrier: Carrier, line: Line) -> Any:
        feed = WebhookFeed(carrier.public_key)
        async with feed.listening("localhost", 0) as port:
            carrier.send_webhooks(Webhooks(url=f"http://localhost:{port}/"))
            return await webhook_course(carrier, line, feed)

    return lined(course, ring_s=40.0)


def test_a_call_that_is_hung_up_before_its_stream_ends_at_once() -> None:
    async def course(carrier: Carrier, line: Line, feed: WebhookFeed) -> float:
        async def hang_up() -> None:
            await feed.arrival("call.initiated")
            for call in carrier.calls:
                call.hang_up()

        task = asyncio.create_task(hang_up())
        begun_ms = now_ms()
        with pytest.raises(CallNotMade, match="the call ended before its stream began: normal_clearing"):
            await read_call(line, feed, leg="test")
        await task
        return now_ms() - begun_ms

    assert fed(course) < 100


def test_a_url_that_the_carrier_cannot_open() -> None:
    async def course(carrier: Carrier, line: Line, feed: WebhookFeed) -> list[str]:
        carrier.phone(CALLEE, bytes(16 * 3000))
        with pytest.raises(CallNotMade, match="run `rtpcodec doctor` with the same --url"):
            await read_call(replace(line, public_url="wss://nobody.example"), feed, leg="test")
        return [call.state for call in carrier.calls]

    assert fed(course) == ["ended"]


def test_webhooks_of_another_key_are_reported() -> None:
    async def course(carrier: Carrier, line: Line, feed: WebhookFeed) -> CallReadings:
        feed.public_key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(line, feed, leg="test")

    found = fed(course).by_point["start_against_ringing"]
    assert found.value is None
    assert "whose signatures do not fit the public key" in found.fits


def test_a_doctor_that_is_cancelled_hangs_up() -> None:
    async def course(carrier: Carrier, line: Line, feed: WebhookFeed) -> list[str]:
        task = asyncio.create_task(read_call(line, feed, leg="test"))
        await feed.arrival("call.initiated")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [call.state for call in carrier.calls]

    assert fed(course) == ["ended"]


def test_a_key_that_is_refused_makes_no_call() -> None:
    async def course(carrier: Carrier, line: Line) -> int:
        with pytest.raises(AuthenticationFailed):
            await read_call(line, None, leg="test")
        return len(carrier.calls)

    assert lined(course, key="KEY_other") == 0


def test_a_carrier_that_sends_no_audio() -> None:
    async def course(carrier: Carrier, line: Line) -> CallReadings:
        timing = Timing(holds=(Hold(from_ms=0, to_ms=3_000_000),))
        carrier.phone(CALLEE, bytes(16 * 60_000), keeps_audio=False, timing=timing)
        found = await read_call(line, None, leg="test")
        assert [call.state for call in carrier.calls] == ["ended"]
        return found

    found = lined(course)
    assert found.value("timestamp_unit") is None
    assert found.value("l16_rate_received") is None
    assert all(reading.fits for reading in found.ordered)


def test_a_caller_who_hangs_up_early() -> None:
    async def course(carrier: Carrier, line: Line) -> CallReadings:
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(line, None, leg="test")

    found = lined(course)
    assert found.value("timestamp_unit") == "ms"
    assert found.value("l16_order_sent") is None
    assert len(found.ordered) == 17


def test_without_webhooks_ringing_is_not_measurable() -> None:
    async def course(carrier: Carrier, line: Line) -> CallReadings:
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(line, None, leg="test")

    found = lined(course).by_point["start_against_ringing"]
    assert found.value is None
    assert "the webhook of the answer did not come" in found.fits


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--call", "+15550100009"], "--call needs --from and --connection-id, or --simulate"),
        (["--call", "+15550100009", "--from", "+15550100008", "--connection-id", "1"], "pass --yes"),
        (["--codec", "PCMX"], "no codec is named 'PCMX'"),
    ],
)
def test_a_call_that_nobody_agreed_to_is_not_made(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["doctor", *arguments]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_dials_nothing(answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["doctor", "--call", "+15550100009", "--from", "+15550100008", "--connection-id", "1"]) == 1
    printed = capsys.readouterr()
    assert "nothing was dialled" in printed.err
    assert "the number that ends in 09" in printed.out
    assert "+15550100009" not in printed.out + printed.err


def test_a_check_that_fails_dials_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY_other_secretsecret")
    with Carrier("KEY_SIM") as carrier:
        call = ["--call", CALLEE, "--from", CALLER, "--connection-id", "1", "--yes", "--port", str(free_port())]
        assert main(["doctor", *call, "--base-url", carrier.base_url]) == 1
        assert carrier.calls == ()
    printed = capsys.readouterr()
    assert "nothing was dialled, as a check failed" in printed.err
    assert "refuses the key" in " ".join(printed.out.split())
    assert "secretsecret" not in printed.out + printed.err


@pytest.mark.long
def test_a_socket_that_is_not_read_on_a_real_network() -> None:
    pcm, rate_hz = read_wav(SPEECH)

    async def run() -> list[Reading]:
        async with Carrier("KEY_SIM") as carrier, AsyncCallControl("KEY_SIM", base_url=carrier.base_url) as control:
            feed = WebhookFeed(carrier.public_key)
            carrier.phone(CALLEE, pcm, speech_hz=rate_hz, keeps_audio=False, answers_after_s=0.2)
            line = Line(control=control, to=CALLEE, from_=CALLER, connection_id="1")
            async with feed.listening("127.0.0.1", 0) as port:
                carrier.send_webhooks(Webhooks(url=f"http://127.0.0.1:{port}/"))
                async with dialled(line, FIRST_PLAN, feed) as first:
                    await first.observer.has_audio(30.0)
                    assert await feed.has("call.answered", 30.0)
                    slow = await slow_reading(first.observer, 1.0)
                    found = [ringing(first, feed), slow, chunk_counter(first.observer)]
                    found.append(await closing(line, first.observer, first.call_control_id, "socket_close_dial", feed))
                await hung_up(line, first.call_control_id)
            return found

    values = [reading.value for reading in asyncio.run(run())]
    assert values == ["at_answer", "kept", "per_track", "call_continues"]
