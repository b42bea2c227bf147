"""The simulator as Twilio: every message as documented, and the app's messages read strictly.

The expected texts are copied from the documents (docs/twilio.md, "Messages"), independent of both sides.
"""

from __future__ import annotations

import ast
import inspect
import json
from base64 import b64encode
from typing import Any

import pytest

import rtpcodec
from rtpcodec.sim import StreamWarning, Variations
from rtpcodec.sim.wires import twilio as twilio_wire
from rtpcodec.stream.plan import StreamPlan
from tests.sim.streams import START_MS, open_stream
from tests.sim.test_independent_sources import typed_members
from tests.sim.twilio_app import SILENCE, TONE, TwilioApp, streamed
from tests.stream.twilio_texts import CONNECTED, DTMF, MARK, START, STOP, media


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

    start = {
        "accountSid": account,
        "streamSid": stream,
        "callSid": call,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"FirstName": "Jane", "RemoteParty": "Bob"},
    }
    key, stop = {"track": "inbound_track", "digit": "1"}, {"accountSid": account, "callSid": call}
    assert app.messages == [
        (0.0, {"event": "connected", "protocol": "Call", "version": "1.0.0"}),
        (0.0, {"event": "start", "sequenceNumber": "1", "start": start, "streamSid": stream}),
        (20.0, chunk(1, 2)),
        (30.0, {"event": "dtmf", "streamSid": stream, "sequenceNumber": "3", "dtmf": key}),
        (40.0, chunk(2, 4)),
        (50.0, {"event": "mark", "streamSid": stream, "sequenceNumber": "5", "mark": {"name": "my label"}}),
        (60.0, chunk(3, 6)),
        (80.0, {"event": "stop", "sequenceNumber": "7", "stop": stop, "streamSid": stream}),
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
def test_a_one_way_stream_has_the_requested_tracks_and_no_keys(tracks: str) -> None:
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


def test_a_one_way_stream_ignores_the_app() -> None:
    _, report = streamed({20: lambda app: app.play(TONE)}, stream={"one_way": True})
    assert (report.heard_pcm.strip(b"\0"), report.media_received) == (b"", 0)
    assert report.warnings == (
        StreamWarning(31951, "Stream - Protocol - Invalid Message", "a one-way stream takes no messages of the app"),
    )


def test_the_notes_show_no_values_of_the_app() -> None:
    secret = '{"event":"mark","streamSid":"SID","mark":{"name":["secret"]},"other":"secret"}'
    _, report = streamed({20: lambda app: app.socket.send(secret.replace("SID", app.stream_sid))})
    assert "secret" not in repr(report)


def test_the_messages_have_the_documented_members_of_the_documented_types() -> None:
    documented = {
        json.loads(text)["event"]: typed_members(json.loads(text))
        for text in (CONNECTED, START, STOP, DTMF, MARK, media(TONE, 1))
    }
    app, _ = streamed(
        {20: lambda app: app.say("mark", mark={"name": "m"})},
        dtmf=((30.0, "1"),),
        stream={"parameters": {"FirstName": "Jane", "LastName": "Doe", "RemoteParty": "Bob"}},
    )
    written = {message["event"]: typed_members(message) for _, message in app.messages}
    assert written == documented


def test_the_texts_are_written_apart_from_those_of_the_app_s_side() -> None:
    """The simulator would prove nothing about `stream.wire.twilio` if both shared code."""
    tree = ast.parse(inspect.getsource(twilio_wire))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(module is not None and module.startswith("rtpcodec.stream.wire") for module in imported)
