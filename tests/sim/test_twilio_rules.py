"""The simulator as Twilio: begin and end of its streams, and refusals of features that Twilio lacks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import pytest

import rtpcodec
from rtpcodec.errors import CommandRefused
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks
from rtpcodec.sim.calls.signing_dialer import signature_of
from rtpcodec.stream.plan import StreamPlan
from tests.pump.recorder import Recorder, network
from tests.sim.twilio_app import TwilioApp


@pytest.mark.parametrize("one_way", [False, True])
def test_the_end_of_a_two_way_stream_ends_the_call_and_that_of_a_one_way_stream_does_not(one_way: bool) -> None:
    """After `<Connect>` no verb is left; after `<Start>` the next verbs continue."""

    def accept(socket: MemorySocket) -> TwilioApp:
        return TwilioApp(socket, {40: lambda app: app.socket.close(1000)})

    async def main() -> tuple[str, bool]:
        listener = network().listen("localhost", 0, lambda _target, _headers: accept)
        async with Carrier(dialect="twilio") as carrier:
            call = carrier.new_call(bytes(16 * 1000))
            call.stream_to(f"ws://localhost:{listener.port}/", one_way=one_way)
            report = await call.finished()
            await asyncio.sleep(1)
            ended = call.ended
        listener.close()
        return report.end_reason, ended

    assert run_virtual(main()) == ("app_closed", not one_way)


def test_the_query_of_the_url_never_arrives() -> None:
    targets: list[str] = []

    def answer(target: str, _headers: object) -> type[Recorder]:
        targets.append(target)
        return Recorder

    async def main() -> None:
        listener = network().listen("localhost", 0, answer)
        async with Carrier(dialect="twilio") as carrier:
            call = carrier.new_call(bytes(320))
            call.stream_to(f"ws://localhost:{listener.port}/media?token=t")
            await call.finished()
        listener.close()

    run_virtual(main())
    assert targets == ["/media"]


def test_the_request_is_signed_with_the_token_of_the_account() -> None:
    """The signature is that of release 9.13 of Twilio's library for this URL and token."""
    assert signature_of("wss://a.example/media", "12345") == "IVNc30jzUhSSQ8/bdPnOLN3eQGw="
    headers: dict[str, str] = {}

    def answer(_target: str, given: Mapping[str, str]) -> type[Recorder]:
        headers.update(given)
        return Recorder

    async def main() -> str:
        listener = network().listen("localhost", 0, answer)
        url = f"ws://localhost:{listener.port}/media"
        async with Carrier("12345", dialect="twilio") as carrier:
            call = carrier.new_call(bytes(320))
            call.stream_to(url)
            await call.finished()
        listener.close()
        return url

    url = run_virtual(main())
    assert headers["x-twilio-signature"] == signature_of(url, "12345")


def streamed_by(document: str) -> tuple[TwilioApp, SimulatedCall]:
    apps: list[TwilioApp] = []

    def accept(socket: MemorySocket) -> TwilioApp:
        apps.append(TwilioApp(socket, {}))
        return apps[0]

    async def main() -> SimulatedCall:
        listener = network().listen("localhost", 0, lambda _target, _headers: accept)
        async with Carrier(dialect="twilio") as carrier:
            call = carrier.new_call(bytes(16 * 100))
            call.texml(document.replace("URL", f"ws://localhost:{listener.port}/"))
            await call.finished()
        listener.close()
        return call

    call = run_virtual(main())
    return apps[0], call


def test_a_twiml_document_streams_a_call() -> None:
    stream = '<Stream name="n" url="URL"><Parameter name="FirstName" value="Jane" /></Stream>'
    document = f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect>{stream}</Connect></Response>'
    app, call = streamed_by(document)
    start = app.of("start")[0]["start"]
    assert (start["customParameters"], start["tracks"], start["callSid"]) == (
        {"FirstName": "Jane"},
        ["inbound"],
        call.call_control_id,
    )


def test_a_document_of_twilio_s_helper_library_for_a_one_way_stream() -> None:
    """By its release 9."""
    start = '<Start><Stream statusCallback="https://a.example/x" track="both_tracks" url="URL" /></Start>'
    document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{start}<Pause length="5" /><Hangup /></Response>'
    app, call = streamed_by(document)
    assert app.of("start")[0]["start"]["tracks"] == ["inbound", "outbound"]
    assert call.reports[0].end_reason == "speech_ended"


@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        ('track="both_tracks"', "track is 'both_tracks', a two-way stream of Twilio has inbound_track only"),
        ('bidirectionalMode="rtp"', "Stream has no attribute 'bidirectionalMode' in TwiML"),
        ('codec="PCMU"', "Stream has no attribute 'codec' in TwiML"),
    ],
)
def test_twilio_does_not_have_such_a_document(stream: str, rule: str) -> None:
    with Carrier(dialect="twilio") as carrier:
        call = carrier.new_call(b"")
        document = f'<Response><Connect><Stream url="ws://127.0.0.1/" {stream}/></Connect></Response>'
        with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
            call.texml(document)


def test_twilio_does_not_have_such_a_stream() -> None:
    url = "ws://127.0.0.1/"
    with Carrier(dialect="twilio") as carrier:
        call = carrier.new_call(b"")
        with pytest.raises(ValueError, match=r"^the call has L16 at 16000 Hz, Twilio has PCMU at 8000 Hz$"):
            call.stream_to(url, StreamPlan(send_codec="L16", send_rate_hz=16000))
        with pytest.raises(ValueError, match=r"^the call has PCMA, Twilio has PCMU at 8000 Hz$"):
            call.stream_to(url, StreamPlan(receive_codec="PCMA"))
        with pytest.raises(ValueError, match=r"^mode is 'mp3', a stream of Twilio has 'rtp' only$"):
            call.stream_to(url, StreamPlan(mode="mp3"))
        with pytest.raises(ValueError, match=r"^track is 'both_tracks', a two-way stream of Twilio has"):
            call.stream_to(url, StreamPlan(tracks="both_tracks"))
        with pytest.raises(ValueError, match=r"^auth_token is for the dialect telnyx, Twilio sends no token$"):
            call.stream_to(url, auth_token="t")
        with pytest.raises(ValueError, match=r"^name and value of a parameter have 501 characters, at most 500"):
            call.stream_to(url, parameters={"n": "v" * 500})
        with pytest.raises(ValueError, match=r"^the call has G722, Twilio has PCMU at 8000 Hz$"):
            carrier.new_call(b"", codec="G722")


def test_a_simulated_twilio_has_no_commands_and_webhooks() -> None:
    with Carrier(dialect="twilio") as carrier:
        rule = "^a simulated Twilio has no commands and webhooks, use new_call and stream_to$"
        with pytest.raises(RuntimeError, match=rule):
            carrier.incoming_call(b"")
        with pytest.raises(RuntimeError, match=rule):
            carrier.phone("+15550100003", b"")
        with pytest.raises(RuntimeError, match=rule):
            carrier.send_webhooks(Webhooks(url="http://127.0.0.1:1/"))
        call = carrier.new_call(b"")
        with (
            rtpcodec.CallControl(carrier.api_key, base_url=carrier.base_url) as control,
            pytest.raises(CommandRefused, match="this simulated carrier takes no commands"),
        ):
            control.hangup(call.call_control_id)
    with pytest.raises(ValueError, match=r"^dialect is 'other', one of telnyx, twilio is needed$"):
        Carrier(dialect="other")  # type: ignore[arg-type]


def test_a_call_of_telnyx_is_streamed_without_a_command() -> None:
    apps: list[TwilioApp] = []

    def accept(socket: MemorySocket) -> TwilioApp:
        apps.append(TwilioApp(socket, {}))
        return apps[0]

    async def main() -> tuple[TwilioApp, CallReport]:
        listener = network().listen("localhost", 0, lambda _target, _headers: accept)
        async with Carrier() as carrier:
            call = carrier.new_call(bytes(640))
            call.stream_to(f"ws://localhost:{listener.port}/", auth_token="token", parameters={"tenant": "t1"})
            with pytest.raises(RuntimeError, match=r"^the call is streaming, it cannot be streamed$"):
                call.stream_to("ws://localhost:1/")
            report = await call.finished()
            with pytest.raises(RuntimeError, match=r"^the call is ended, it cannot be streamed$"):
                call.stream_to("ws://localhost:1/")
            with pytest.raises(ValueError, match=r"^one_way is for the dialect twilio, a stream of Telnyx is two-way$"):
                call.stream_to("ws://localhost:1/", one_way=True)
        listener.close()
        return apps[0], report

    app, report = run_virtual(main())
    start = app.of("start")[0]
    assert (start["stream_id"], start["start"]["custom_parameters"]) == (report.stream_id, {"tenant": "t1"})
    assert app.of("connected")[0]["connected"] == {"x-telnyx-streaming-auth-token": "token"}
