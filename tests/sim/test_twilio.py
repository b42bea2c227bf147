"""The simulator as Twilio: every message as its documents write it, and the app's messages read strictly.

The texts stand here by hand, as in the documents (docs/twilio.md, Messages): a witness apart from both sides.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import CommandRefused
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, StreamWarning, Variations, Webhooks
from rtpcodec.stream.plan import StreamPlan
from tests.pump.recorder import Recorder, network
from tests.sim.streams import START_MS, open_stream

TONE = rtpcodec.pcmu_encode(b"\x10\x20" * 160)
SILENCE = rtpcodec.pcmu_encode(bytes(320))


class TwilioApp(Recorder):
    """Keeps each message with its time since `start`; its steps then run at their times."""

    def __init__(self, socket: MemorySocket, steps: dict[float, Callable[[TwilioApp], object]]) -> None:
        super().__init__(socket)
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.began_ms = 0.0
        self.stream_sid = ""
        self._steps = steps

    @property
    def now_ms(self) -> float:
        return round(asyncio.get_running_loop().time() * 1000 - self.began_ms, 3)

    def received(self, text: object) -> None:
        message = json.loads(str(text))
        if message["event"] == "start":
            loop = asyncio.get_running_loop()
            self.began_ms = loop.time() * 1000
            self.stream_sid = message.get("streamSid", "")
            for at_ms, step in self._steps.items():
                loop.call_later(at_ms / 1000, step, self)
        self.messages.append((self.now_ms, message))

    def say(self, event: str, **members: Any) -> None:
        self.socket.send(json.dumps({"event": event, "streamSid": self.stream_sid, **members}))

    def play(self, payload: bytes) -> None:
        self.say("media", media={"payload": b64encode(payload).decode()})

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for _, message in self.messages if message["event"] == event]


def streamed(
    steps: dict[float, Callable[[TwilioApp], object]] | None = None,
    *,
    speech: bytes = bytes(16 * 200),
    stream: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[TwilioApp, CallReport]:
    """Stream one call of Twilio to an app with these steps, by ms since `start` came."""
    apps: list[TwilioApp] = []

    def accept(socket: MemorySocket) -> TwilioApp:
        apps.append(TwilioApp(socket, steps or {}))
        return apps[0]

    async def main() -> CallReport:
        listener = network().listen("localhost", 0, lambda _target, _headers: accept)
        async with Carrier(dialect="twilio") as carrier:
            call = carrier.new_call(speech, **options)
            call.stream_to(f"ws://localhost:{listener.port}/media", **stream or {})
            report = await call.finished()
        listener.close()
        return report

    report = run_virtual(main())
    return apps[0], report


def test_a_two_way_stream_is_exactly_this() -> None:
    app, report = streamed(
        {50: lambda app: app.say("mark", mark={"name": "my label"})},
        speech=bytes(16 * 60),
        dtmf=((30.0, "1"),),
        stream={"parameters": {"FirstName": "Jane", "RemoteParty": "Bob"}},
    )
    call, stream = report.call_control_id, report.stream_id
    account = app.of("start")[0]["start"]["accountSid"]
    payload = b64encode(SILENCE).decode()
    assert [len(one) for one in (call, stream, account)] == [34, 34, 34]
    assert (call[:2], stream[:2], account[:2]) == ("CA", "MZ", "AC")

    def chunk(number: int, sequence: int) -> dict[str, Any]:
        body = {"track": "inbound", "chunk": str(number), "timestamp": str(20 * (number - 1)), "payload": payload}
        return {"event": "media", "sequenceNumber": str(sequence), "media": body, "streamSid": stream}

    assert app.messages == [
        (0.0, {"event": "connected", "protocol": "Call", "version": "1.0.0"}),
        (
            0.0,
            {
                "event": "start",
                "sequenceNumber": "1",
                "start": {
                    "accountSid": account,
                    "streamSid": stream,
                    "callSid": call,
                    "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": {"FirstName": "Jane", "RemoteParty": "Bob"},
                },
                "streamSid": stream,
            },
        ),
        (20.0, chunk(1, 2)),
        (
            30.0,
            {
                "event": "dtmf",
                "streamSid": stream,
                "sequenceNumber": "3",
                "dtmf": {"track": "inbound_track", "digit": "1"},
            },
        ),
        (40.0, chunk(2, 4)),
        (50.0, {"event": "mark", "streamSid": stream, "sequenceNumber": "5", "mark": {"name": "my label"}}),
        (60.0, chunk(3, 6)),
        (
            80.0,
            {
                "event": "stop",
                "sequenceNumber": "7",
                "stop": {"accountSid": account, "callSid": call},
                "streamSid": stream,
            },
        ),
    ]


def test_the_caller_hears_the_media_of_the_app_and_its_mark_returns_behind_it() -> None:
    def speak(app: TwilioApp) -> None:
        app.play(TONE)
        app.say("mark", mark={"name": "said"})

    app, report = streamed({40: speak})
    assert [(at, message["mark"]) for at, message in app.messages if message["event"] == "mark"] == [
        (60.0, {"name": "said"})
    ]
    assert report.heard_pcm[640:960] == rtpcodec.pcmu_decode(TONE)
    assert (report.media_received, report.marks_returned, report.errors_sent, report.warnings) == (1, 1, 0, ())


def test_a_clear_empties_the_queue_and_returns_all_marks() -> None:
    def speak(app: TwilioApp) -> None:
        app.play(TONE * 4)
        app.say("mark", mark={"name": "a"})
        app.say("mark", mark={"name": "b"})

    app, report = streamed({20: speak, 50: lambda app: app.say("clear")})
    assert [(at, message["mark"]["name"]) for at, message in app.messages if message["event"] == "mark"] == [
        (50.0, "a"),
        (50.0, "b"),
    ]
    assert (report.clears_received, report.marks_cleared) == (1, 2)
    heard = memoryview(report.heard_pcm).cast("h")
    assert (any(heard[160:400]), any(heard[400:])) == (True, False), "30 ms of 80 were played"


@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")  # of the outbound track alone
@pytest.mark.parametrize("tracks", ["inbound_track", "outbound_track", "both_tracks"])
def test_a_one_way_stream_has_the_tracks_that_were_asked_for_and_no_keys(tracks: str) -> None:
    app, report = streamed(
        speech=bytes(16 * 60),
        dtmf=((30.0, "1"),),
        stream={"one_way": True, "plan": StreamPlan(tracks=tracks)},  # type: ignore[arg-type]
    )
    names = {"inbound_track": ["inbound"], "outbound_track": ["outbound"], "both_tracks": ["inbound", "outbound"]}
    assert app.of("start")[0]["start"]["tracks"] == names[tracks]
    assert [message["media"]["track"] for message in app.of("media")] == names[tracks] * 3
    assert [message["sequenceNumber"] for _, message in app.messages[1:]] == [
        str(n) for n in range(1, 3 + 3 * len(names[tracks]))
    ]
    assert not app.of("dtmf")
    assert report.end_reason == "speech_ended"


def test_chunks_of_both_tracks_may_share_their_numbers() -> None:
    """The documents leave it open: their example numbers the chunks of two tracks 1 and 2."""
    plan = StreamPlan(tracks="both_tracks")
    variations = Variations(chunk_numbers="shared")
    app, _ = streamed(speech=bytes(16 * 40), variations=variations, stream={"one_way": True, "plan": plan})
    assert [(m["media"]["chunk"], m["media"]["timestamp"]) for m in app.of("media")] == [
        ("1", "0"),
        ("2", "0"),
        ("3", "20"),
        ("4", "20"),
    ]


WRONG_MESSAGES = {
    "not JSON": "{",
    "not an object": "[]",
    "no event": '{"streamSid":"SID","media":{"payload":""}}',
    "unknown event": '{"event":"stop","streamSid":"SID"}',
    "no stream": '{"event":"media","media":{"payload":"AUDIO"}}',
    "another stream": '{"event":"media","streamSid":"MZ0","media":{"payload":"AUDIO"}}',
    "Telnyx's name": '{"event":"media","stream_id":"SID","media":{"payload":"AUDIO"}}',
    "no media": '{"event":"media","streamSid":"SID"}',
    "misspelled payload": '{"event":"media","streamSid":"SID","media":{"playload":"AUDIO"}}',
    "another member": '{"event":"media","streamSid":"SID","media":{"payload":"AUDIO","track":"inbound"}}',
    "member beside": '{"event":"media","streamSid":"SID","sequenceNumber":"1","media":{"payload":"AUDIO"}}',
    "payload is a number": '{"event":"media","streamSid":"SID","media":{"payload":7}}',
    "not base64": '{"event":"media","streamSid":"SID","media":{"payload":"a-_b"}}',
    "cut base64": '{"event":"media","streamSid":"SID","media":{"payload":"QUJ"}}',
    "mark without a name": '{"event":"mark","streamSid":"SID","mark":{}}',
    "mark without a mark": '{"event":"mark","streamSid":"SID","name":"a"}',
    "clear with a body": '{"event":"clear","streamSid":"SID","clear":{}}',
}


@pytest.mark.parametrize("text", WRONG_MESSAGES.values(), ids=WRONG_MESSAGES)
def test_a_wrong_message_has_no_effect_and_is_noted_once(text: str) -> None:
    def send(app: TwilioApp) -> None:
        app.socket.send(text.replace("SID", app.stream_sid).replace("AUDIO", b64encode(TONE).decode()))

    app, report = streamed({20: send, 40: send, 60: lambda app: app.play(TONE)})
    assert [warning.code for warning in report.warnings] == [31951]
    assert report.warnings[0].title == "Stream - Protocol - Invalid Message"
    assert (report.messages_received, report.media_received, report.errors_sent) == (3, 1, 0)
    assert report.end_reason == "speech_ended", "the stream continues"
    assert {message["event"] for _, message in app.messages} == {"connected", "start", "media", "stop"}


def test_a_binary_frame_is_noted_apart() -> None:
    stream = open_stream(dialect="twilio")
    stream.reject("text", "a binary frame, not a text", START_MS)
    stream.receive("{", START_MS)
    stream.end("hang_up", START_MS)
    stream.outgoing(START_MS)
    noted = stream.report().warnings
    assert (noted[0].code, noted[0].detail) == (31950, "a binary frame, not a text")
    assert [warning.code for warning in noted] == [31950, 31951]


def test_a_one_way_stream_takes_nothing_of_the_app() -> None:
    _, report = streamed({20: lambda app: app.play(TONE)}, stream={"one_way": True})
    assert (report.heard_pcm.strip(b"\0"), report.media_received) == (b"", 0)
    assert report.warnings == (
        StreamWarning(31951, "Stream - Protocol - Invalid Message", "a one-way stream takes no messages of the app"),
    )


def test_the_notes_show_no_values_of_the_app() -> None:
    secret = '{"event":"mark","streamSid":"SID","mark":{"name":["secret"]},"other":"secret"}'
    _, report = streamed({20: lambda app: app.socket.send(secret.replace("SID", app.stream_sid))})
    assert "secret" not in repr(report)


def test_the_end_of_a_two_way_stream_ends_the_call() -> None:
    """`<Connect>` alone: no verb is left."""
    _, report = streamed({40: lambda app: app.socket.close(1000)}, speech=bytes(16 * 1000))
    assert report.end_reason == "app_closed"


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
    parameter = '<Parameter name="FirstName" value="Jane"/>'
    app, call = streamed_by(f'<Response><Connect><Stream url="URL">{parameter}</Stream></Connect></Response>')
    start = app.of("start")[0]["start"]
    assert (start["customParameters"], start["tracks"], start["callSid"]) == (
        {"FirstName": "Jane"},
        ["inbound"],
        call.call_control_id,
    )
    app, _ = streamed_by(
        '<Response><Start><Stream url="URL" track="both_tracks"/></Start><Pause length="9"/></Response>'
    )
    assert app.of("start")[0]["start"]["tracks"] == ["inbound", "outbound"]


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
