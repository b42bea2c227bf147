"""The doctor's call when it fails, and over real sockets."""

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
from rtpcodec.doctor.readings.ending import closing
from rtpcodec.doctor.readings.observer import now_ms
from rtpcodec.doctor.readings.reading import Reading
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.sequence import FIRST_PLAN, read_call
from rtpcodec.doctor.readings.slow import slow_reading
from rtpcodec.doctor.readings.sound import chunk_counter, ringing
from rtpcodec.doctor.readings.streams import CallNotMade, CallSetup, dialled, hung_up
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.errors import AuthenticationFailed
from rtpcodec.pump import run_virtual
from rtpcodec.sim import Carrier, Hold, Timing, Webhooks
from rtpcodec.sim.carrier import CALLEE, CALLER
from tests.doctor.site import free_port

Steps = Callable[[Carrier, CallSetup], Awaitable[Any]]


def with_setup(steps: Steps, *, key: str = "KEY_SIM", ring_s: float = 5.0) -> Any:
    """Run steps on the virtual clock, with a carrier and the setup of a call to it."""

    async def run() -> Any:
        async with Carrier("KEY_SIM") as carrier, AsyncCallControl(key, base_url=carrier.base_url) as control:
            setup = CallSetup(control=control, to=CALLEE, from_=CALLER, connection_id="1", ring_s=ring_s)
            return await steps(carrier, setup)

    return run_virtual(run())


def test_a_phone_that_is_not_answered() -> None:
    async def steps(carrier: Carrier, setup: CallSetup) -> list[str]:
        with pytest.raises(CallNotMade, match="was the phone answered"):
            await read_call(setup, None, leg="test")
        return [call.state for call in carrier.calls]

    assert with_setup(steps) == ["ended"]


def with_inbox(steps_with_inbox: Callable[[Carrier, CallSetup, WebhookInbox], Awaitable[Any]]) -> Any:
    """Run steps as `with_setup` does, with the webhooks of the carrier."""

    async def steps(carrier: Carrier, setup: CallSetup) -> Any:
        inbox = WebhookInbox(carrier.public_key)
        async with inbox.listening("localhost", 0) as port:
            carrier.send_webhooks(Webhooks(url=f"http://localhost:{port}/"))
            return await steps_with_inbox(carrier, setup, inbox)

    return with_setup(steps, ring_s=40.0)


def test_a_call_that_is_hung_up_before_its_stream_ends_at_once() -> None:
    async def steps(carrier: Carrier, setup: CallSetup, inbox: WebhookInbox) -> float:
        async def hang_up() -> None:
            await inbox.arrival("call.initiated")
            for call in carrier.calls:
                call.hang_up()

        task = asyncio.create_task(hang_up())
        begun_ms = now_ms()
        with pytest.raises(CallNotMade, match="the call ended before its stream began: normal_clearing"):
            await read_call(setup, inbox, leg="test")
        await task
        return now_ms() - begun_ms

    assert with_inbox(steps) < 100


def test_a_url_that_the_carrier_cannot_open() -> None:
    async def steps(carrier: Carrier, setup: CallSetup, inbox: WebhookInbox) -> list[str]:
        carrier.phone(CALLEE, bytes(16 * 3000))
        with pytest.raises(CallNotMade, match="run `rtpcodec doctor` with the same --url"):
            await read_call(replace(setup, public_url="wss://nobody.example"), inbox, leg="test")
        return [call.state for call in carrier.calls]

    assert with_inbox(steps) == ["ended"]


def test_webhooks_of_another_key_are_reported() -> None:
    async def steps(carrier: Carrier, setup: CallSetup, inbox: WebhookInbox) -> CallReadings:
        inbox.public_key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(setup, inbox, leg="test")

    found = with_inbox(steps).by_point["start_against_ringing"]
    assert found.value is None
    assert "whose signatures do not fit the public key" in found.fits


def test_a_doctor_that_is_cancelled_hangs_up() -> None:
    async def steps(carrier: Carrier, setup: CallSetup, inbox: WebhookInbox) -> list[str]:
        task = asyncio.create_task(read_call(setup, inbox, leg="test"))
        await inbox.arrival("call.initiated")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [call.state for call in carrier.calls]

    assert with_inbox(steps) == ["ended"]


def test_a_key_that_is_refused_makes_no_call() -> None:
    async def steps(carrier: Carrier, setup: CallSetup) -> int:
        with pytest.raises(AuthenticationFailed):
            await read_call(setup, None, leg="test")
        return len(carrier.calls)

    assert with_setup(steps, key="KEY_other") == 0


def test_a_carrier_that_sends_no_audio() -> None:
    async def steps(carrier: Carrier, setup: CallSetup) -> CallReadings:
        timing = Timing(holds=(Hold(from_ms=0, to_ms=3_000_000),))
        carrier.phone(CALLEE, bytes(16 * 60_000), keeps_audio=False, timing=timing)
        found = await read_call(setup, None, leg="test")
        assert [call.state for call in carrier.calls] == ["ended"]
        return found

    found = with_setup(steps)
    assert found.value("timestamp_unit") is None
    assert found.value("l16_rate_received") is None
    assert all(reading.fits for reading in found.ordered)


def test_a_caller_who_hangs_up_early() -> None:
    async def steps(carrier: Carrier, setup: CallSetup) -> CallReadings:
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(setup, None, leg="test")

    found = with_setup(steps)
    assert found.value("timestamp_unit") == "ms"
    assert found.value("l16_order_sent") is None
    assert len(found.ordered) == 17


def test_without_webhooks_ringing_is_not_measurable() -> None:
    async def steps(carrier: Carrier, setup: CallSetup) -> CallReadings:
        carrier.phone(CALLEE, bytes(16 * 3000))
        return await read_call(setup, None, leg="test")

    found = with_setup(steps).by_point["start_against_ringing"]
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
def test_the_answer_no_dials_nothing(
    answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
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
            inbox = WebhookInbox(carrier.public_key)
            carrier.phone(CALLEE, pcm, speech_hz=rate_hz, keeps_audio=False, answers_after_s=0.2)
            setup = CallSetup(control=control, to=CALLEE, from_=CALLER, connection_id="1")
            async with inbox.listening("127.0.0.1", 0) as port:
                carrier.send_webhooks(Webhooks(url=f"http://127.0.0.1:{port}/"))
                async with dialled(setup, FIRST_PLAN, inbox) as first:
                    await first.observer.has_audio(30.0)
                    assert await inbox.has("call.answered", 30.0)
                    slow = await slow_reading(first.observer, 1.0)
                    found = [ringing(first, inbox), slow, chunk_counter(first.observer)]
                    found.append(
                        await closing(setup, first.observer, first.call_control_id, "socket_close_dial", inbox)
                    )
                await hung_up(setup, first.call_control_id)
            return found

    values = [reading.value for reading in asyncio.run(run())]
    assert values == ["at_answer", "kept", "per_track", "call_continues"]
