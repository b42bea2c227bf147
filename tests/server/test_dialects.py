"""Calls of two carriers on one endpoint, and on another server's WebSocket: the first message shows which it is."""

from __future__ import annotations

import asyncio
import json
import logging
import wave
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import StreamPlan, events
from rtpcodec.errors import EndpointError, LocalProtocolError, PlanError
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, call_on
from rtpcodec.stream.wire import DIALECTS
from tests.server.dialler import Dialler, call, dial, run
from tests.server.test_external_websockets import OtherSocket
from tests.stream import carrier, twilio_texts
from tests.stream.carrier import FRAME

SPEECH = bytes(range(160))
BEGINS = {
    "telnyx": [carrier.CONNECTED, carrier.start(call_control_id="v3:control")],
    "twilio": [twilio_texts.CONNECTED, twilio_texts.START],
}
STREAMS = {"telnyx": "stream-1", "twilio": twilio_texts.STREAM_SID}


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play_payload(audio.payload)


async def payload_of(dialler: Dialler) -> tuple[dict[str, Any], str]:
    """The next chunk of audio without its payload, and the payload."""
    message = await dialler.next("media")
    return message, message["media"].pop("payload")


def test_one_endpoint_answers_the_calls_of_both_carriers() -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo) as endpoint, call(endpoint.url) as telnyx, dial(endpoint.url) as twilio:
            for text in BEGINS["twilio"]:
                await twilio.socket.send(text)
            await twilio.socket.send(twilio_texts.media(SPEECH, 1))
            await telnyx.media(SPEECH)
            assert await payload_of(telnyx) == ({"event": "media", "media": {}}, b64encode(SPEECH).decode())
            body = {"event": "media", "streamSid": twilio_texts.STREAM_SID, "media": {}}
            assert await payload_of(twilio) == (body, b64encode(SPEECH).decode())
            await twilio.socket.send(twilio_texts.STOP)
            assert await twilio.close_code() == 1000

    run(main)


def test_a_call_that_the_carrier_cannot_do_is_closed_with_the_reason_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        plan = StreamPlan(send_codec="L16", send_rate_hz=16000)
        async with rtpcodec.serve(echo, plan=plan) as endpoint, dial(endpoint.url) as twilio:
            await twilio.socket.send(twilio_texts.CONNECTED)
            assert await twilio.close_code() == 1008

    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        run(main)
    (record,) = caplog.records
    assert "send_codec is 'L16', twilio has PCMU" in record.getMessage()


def test_a_named_carrier_refuses_a_plan_that_it_cannot_do_before_anything_is_opened() -> None:
    with pytest.raises(EndpointError, match=r"^tracks is 'both_tracks', twilio has inbound_track$") as caught:
        rtpcodec.serve(echo, plan=StreamPlan(tracks="both_tracks"), dialect="twilio")
    assert isinstance(caught.value.__cause__, PlanError)
    with pytest.raises(EndpointError, match=r"^dialect is 'vonage', one of telnyx, twilio or None is needed$"):
        rtpcodec.serve(echo, dialect="vonage")  # type: ignore[arg-type]


def on_socket(handler: Any, texts: list[str], **options: Any) -> OtherSocket:
    """The socket of a call that gets these texts, and what `call_on` wrote to it."""
    socket = OtherSocket()

    async def main() -> None:
        async with call_on(socket.send_text, socket.close, handler, **options) as receiver:
            for text in texts:
                receiver.received(text)
                await asyncio.sleep(0.02)
            await asyncio.sleep(8)
            receiver.peer_closed(None)

    run_virtual(main())
    return socket


@pytest.mark.parametrize("dialect", [None, "named"])
@pytest.mark.parametrize("name", BEGINS)
def test_a_call_on_another_server(name: str, dialect: str | None) -> None:
    async def say(call: Call) -> None:
        await call.play_payload(FRAME)
        call.mark("said")

    socket = on_socket(say, BEGINS[name], dialect=None if dialect is None else name)
    assert socket.texts[0] == DIALECTS[name].media_text(FRAME, STREAMS[name])
    assert DIALECTS[name].mark_text("said", STREAMS[name]) in socket.texts


@pytest.mark.parametrize(("name", "other"), [("twilio", "telnyx"), ("telnyx", "twilio")])
def test_a_named_carrier_is_not_changed_by_the_first_message(name: str, other: str) -> None:
    begun: list[Call] = []

    async def note(call: Call) -> None:
        begun.append(call)

    on_socket(note, BEGINS[other], dialect=name)
    assert begun == []


@pytest.mark.parametrize("name", BEGINS)
def test_tones_of_keys_are_refused_where_the_carrier_swallows_them(name: str) -> None:
    found: list[str] = []

    async def send_keys(call: Call) -> None:
        try:
            await call.send_dtmf("1", method="in_band")
        except LocalProtocolError as error:
            found.append(str(error))

    on_socket(send_keys, BEGINS[name])
    assert found == ([] if name == "telnyx" else ["twilio does not pass on the tones of keys in our audio"])


class Control:
    """Notes each command."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def command(*_arguments: object, **_fields: object) -> None:
            self.commands.append(name)

        return command


@pytest.mark.parametrize("name", BEGINS)
def test_commands_of_telnyx_are_sent_about_its_own_calls_alone(name: str) -> None:
    found: list[str] = []

    async def command(call: Call) -> None:
        assert call.started.call_control_id == ("v3:control" if name == "telnyx" else twilio_texts.CALL_SID)
        for act in ("send_dtmf", "hangup"):
            try:
                await (call.send_dtmf("1", method="carrier") if act == "send_dtmf" else call.hangup())
            except EndpointError as error:
                found.append(str(error))

    control = Control()
    on_socket(command, BEGINS[name], control=control)
    if name == "telnyx":
        assert (control.commands, found) == (["send_dtmf", "hangup"], [])
    else:
        assert control.commands == []
        assert [text.partition(" ")[0] for text in found] == ["send_dtmf()", "hangup()"]
        assert all("its carrier has no commands" in text for text in found)


def test_digits_of_the_phone_and_parameters_reach_the_handler() -> None:
    found: list[object] = []

    async def listen(call: Call) -> None:
        found.append(call.started.custom_parameters)
        found.extend([event.digit async for event in call.events() if isinstance(event, events.Dtmf)])

    on_socket(listen, [*BEGINS["twilio"], twilio_texts.DTMF, twilio_texts.STOP])
    assert found == [json.loads(twilio_texts.START)["start"]["customParameters"], "1"]


@pytest.mark.parametrize("options", [{"on_handler_end": "hangup"}, {"control": Control()}, {"await_verdict_s": 2.0}])
def test_a_named_carrier_without_commands_refuses_settings_that_need_them(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(EndpointError, match=rf"^{name}.*: dialect is 'twilio', whose calls have neither commands"):
        rtpcodec.serve(echo, dialect="twilio", **options)


@pytest.mark.parametrize("name", BEGINS)
def test_the_handler_of_a_call_without_commands_ends_the_stream_in_place_of_the_call(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def say(call: Call) -> None:
        await call.play_payload(FRAME)

    control = Control()
    socket = on_socket(say, BEGINS[name], control=control, on_handler_end="hangup", await_verdict_s=30.0)
    if name == "twilio":
        assert (control.commands, socket.close_codes) == ([], [1000])
        assert sum('"media"' in text for text in socket.texts) == 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("name", BEGINS)
def test_both_sides_of_a_call_are_recorded(name: str, tmp_path: Path) -> None:
    async def record(call: Call) -> None:
        recording = call.record(tmp_path / "call.wav")
        await call.play_payload(20 * FRAME)
        await asyncio.sleep(0.5)
        recording.stop()
        await recording.finished()

    speech = [twilio_texts.media(SPEECH, at) for at in range(1, 20)]
    if name == "telnyx":
        speech = [carrier.media(SPEECH, str(at), track="inbound") for at in range(1, 20)]
    on_socket(record, BEGINS[name] + speech)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert file.getnchannels() == 2
        assert any(file.readframes(file.getnframes()))  # what the caller hears is silence
