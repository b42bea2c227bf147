"""The dialect of Twilio, by the texts of its documentation, and the features that its carrier lacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.errors import PlanError, PlanWarning, StreamEnded
from rtpcodec.stream import messages
from rtpcodec.stream.wire import TWILIO, BrokenMessage, Dialect, OddMessage
from tests.stream import twilio_texts
from tests.stream.carrier import FRAME, audio_of, kinds
from tests.stream.twilio_texts import ACCOUNT_SID, CALL_SID, STREAM_SID


def test_connected() -> None:
    assert TWILIO.parse(twilio_texts.CONNECTED) == messages.Connected("1.0.0")


def test_start() -> None:
    message = TWILIO.parse(twilio_texts.START)
    assert message == messages.Start(
        media_format=messages.MediaFormat("PCMU", 8000, 1),
        stream_id=STREAM_SID,
        sequence_number=1,
        call_control_id=CALL_SID,
        user_id=ACCOUNT_SID,
        custom_parameters={"FirstName": "Jane", "LastName": "Doe", "RemoteParty": "Bob"},
    )
    assert isinstance(message, messages.Start)
    assert message.raw["start"]["tracks"] == ["inbound"]  # type: ignore[index]


def test_media() -> None:
    text = twilio_texts.media(FRAME, 1, track="outbound", sequence=3)
    assert TWILIO.parse(text) == messages.Media(FRAME, "outbound", 1, 0, 3, STREAM_SID)


def test_stop_dtmf_and_mark() -> None:
    assert TWILIO.parse(twilio_texts.STOP) == messages.Stop(5, STREAM_SID, ACCOUNT_SID, CALL_SID)
    assert TWILIO.parse(twilio_texts.DTMF) == messages.Dtmf("1", None, 5, STREAM_SID)
    assert TWILIO.parse(twilio_texts.MARK) == messages.Mark("my label", 4, STREAM_SID)


def test_the_texts_of_the_app_have_the_documented_members_and_no_others() -> None:
    """Twilio reports error 31951 for other members."""
    assert json.loads(TWILIO.media_text(b"\xff\xff", "MZ1")) == {
        "event": "media",
        "streamSid": "MZ1",
        "media": {"payload": "//8="},
    }
    assert json.loads(TWILIO.mark_text('a "b"', "MZ1")) == {
        "event": "mark",
        "streamSid": "MZ1",
        "mark": {"name": 'a "b"'},
    }
    assert json.loads(TWILIO.clear_text("MZ1")) == {"event": "clear", "streamSid": "MZ1"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"event":"start","start":{"mediaFormat":{"sampleRate":8000}}}', "member"),
        ('{"event":"start","start":{"mediaFormat":{"encoding":""}}}', "value"),
        ('{"event":"start"}', "member"),
        ('{"event":"media","media":{"track":"inbound"}}', "member"),
        ('{"event":"media","media":{"payload":"*"}}', "base64"),
        ('{"event":"dtmf","dtmf":{"digit":"12"}}', "value"),
        ('{"event":"mark","mark":{}}', "member"),
        ('{"sequenceNumber":"1"}', "member"),
        ("[]", "object"),
        ("{", "json"),
    ],
)
def test_a_text_without_what_its_event_needs_is_broken(text: str, rule: str) -> None:
    with pytest.raises(BrokenMessage) as caught:
        TWILIO.parse(text)
    assert not isinstance(caught.value, OddMessage)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ('{"event":"media","sequenceNumber":"x","media":{"payload":"//8="}}', "sequenceNumber"),
        ('{"event":"media","media":{"payload":"//8=","chunk":-1}}', "media.chunk"),
        ('{"event":"media","media":{"payload":"//8=","track":7}}', "media.track"),
        (
            '{"event":"start","start":{"mediaFormat":{"encoding":"audio/x-mulaw"},"customParameters":7}}',
            "start.customParameters",
        ),
    ],
)
def test_a_member_that_nobody_needs_makes_a_message_odd(text: str, member: str) -> None:
    with pytest.raises(OddMessage) as caught:
        TWILIO.parse(text)
    assert [one.member for one in caught.value.oddities] == [member]


def test_unknown_events_and_members_are_not_errors() -> None:
    text = '{"event":"news","streamSid":"MZ1","media":7}'
    assert TWILIO.parse(text) == messages.Other("news", text)
    assert TWILIO.parse('{"event":"mark","mark":{"name":"a","later":1},"new":[]}') == messages.Mark("a")


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"mode": "mp3"}, "mode is 'mp3', twilio has rtp"),
        ({"send_codec": "L16"}, "send_codec is 'L16', twilio has PCMU"),
        ({"receive_codec": "PCMA"}, "receive_codec is 'PCMA', twilio has default, PCMU"),
        ({"tracks": "both_tracks"}, "tracks is 'both_tracks', twilio has inbound_track"),
        ({"target_legs": "both"}, "target_legs is 'both', twilio has self"),
        ({"send_silence_when_idle": True}, "send_silence_when_idle is True, twilio has False"),
    ],
)
def test_a_plan_that_twilio_cannot_do_is_refused_with_the_reason(plan: dict[str, Any], reason: str) -> None:
    made = StreamPlan(**plan)
    with pytest.raises(PlanError) as caught:
        MediaSession(made, dialect=TWILIO)
    assert str(caught.value) == reason
    session = MediaSession(made, dialect=None)
    session.receive(twilio_texts.CONNECTED, 0.0)
    diagnosis, stopped = session.events(0.0)
    assert isinstance(diagnosis, events.Diagnosis)
    assert (diagnosis.kind, stopped) == ("plan_impossible", events.Stopped("refused"))
    assert diagnosis.evidence.endswith(reason)
    with pytest.raises(StreamEnded) as ended:
        session.play(bytes(320))
    assert str(ended.value) == diagnosis.evidence


def test_a_call_from_its_start_to_its_end() -> None:
    session = MediaSession(dialect=TWILIO, lead_ms=None)
    for text in (twilio_texts.CONNECTED, twilio_texts.START):
        session.receive(text, 0.0)
    for chunk in range(1, 4):
        session.receive(twilio_texts.media(FRAME, chunk), 20.0 * chunk)
    session.play_payload(FRAME)
    session.mark("said")
    sent = [json.loads(text) for text in session.outgoing(60.0)]
    assert [text["event"] for text in sent] == ["media", "mark", "mark"]
    assert {text["streamSid"] for text in sent} == {STREAM_SID}
    for text in sent[1:]:
        session.receive(json.dumps({"sequenceNumber": "9"} | text), 90.0)
    session.receive(twilio_texts.DTMF, 95.0)
    session.receive(twilio_texts.STOP, 100.0)
    found = session.events(100.0)
    assert len(audio_of(found)) == 3
    assert kinds([event for event in found if not isinstance(event, events.Audio)]) == [
        *("Started", "MarkPlayed", "Dtmf", "Stopped")
    ]
    assert events.MarkPlayed("said") in found


def test_twiml_streams_the_call_both_ways() -> None:
    assert StreamPlan().twiml("wss://a.example/m", parameters={"name": 'Jane "J" <&>'}) == (
        '<Connect><Stream url="wss://a.example/m"><Parameter name="name" value="Jane &quot;J&quot; &lt;&amp;&gt;"/>'
        "</Stream></Connect>"
    )
    assert StreamPlan().twiml("wss://a.example/m") == '<Connect><Stream url="wss://a.example/m"/></Connect>'


@pytest.mark.parametrize(
    ("plan", "url", "parameters", "error"),
    [
        ({}, "https://a.example", {}, "url must be a ws or wss URL"),
        ({}, "wss://a.example/?token=1", {}, "url has a query"),
        ({}, "wss://a.example", {"a": 500 * "x"}, "parameter 'a' has 501 characters with its value, at most 500"),
        ({"send_codec": "PCMA"}, "wss://a.example", {}, "send_codec is 'PCMA', twilio has PCMU"),
    ],
)
def test_twiml_refuses_what_twilio_does_not_take(
    plan: dict[str, Any], url: str, parameters: dict[str, str], error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        StreamPlan(**plan).twiml(url, parameters=parameters)


RENAME = """
from rtpcodec.carriers.twilio import streaming
VALUES = ("INBOUND", "OUTBOUND", "MULAW", "CODEC", "CALL_PROTOCOL", "PROTOCOL_VERSION")
old = {}
for name, value in list(vars(streaming).items()):
    if name.isupper() and isinstance(value, str) and name not in VALUES:
        old[value] = "new_" + value
        setattr(streaming, name, old[value])
import re
from rtpcodec.stream.wire import TWILIO
from tests.stream import twilio_texts
from tests.stream.carrier import FRAME


def renamed(text):
    return re.sub(r'"(\\w+)"', lambda found: f'"{old.get(found[1], found[1])}"', text)


texts = (twilio_texts.START, twilio_texts.STOP, twilio_texts.DTMF, twilio_texts.MARK, twilio_texts.media(FRAME, 1))
for text in texts:
    print(TWILIO.parse(renamed(text)))
for text in (TWILIO.media_text(FRAME, "MZ"), TWILIO.mark_text("m", "MZ"), TWILIO.clear_text("MZ")):
    print(TWILIO.parse(text))
"""


def test_a_renamed_member_is_one_line_in_carriers() -> None:
    done = subprocess.run([sys.executable, "-c", RENAME], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    kinds_of = [line.partition("(")[0] for line in done.stdout.splitlines()]
    assert kinds_of == ["Start", "Stop", "Dtmf", "Mark", "Media", "Media", "Mark", "Clear"]
    assert STREAM_SID in done.stdout.splitlines()[0]


def test_twiml_warns_of_a_url_that_twilio_does_not_dial() -> None:
    """Error 31922 of Twilio: wss is the only scheme. The simulator accepts ws as well, so it is a warning."""
    with pytest.warns(PlanWarning, match=r"^StreamPlan.twiml: url has the scheme ws, Twilio connects by wss only$"):
        document = StreamPlan().twiml("ws://127.0.0.1:8765/calls")
    assert document == '<Connect><Stream url="ws://127.0.0.1:8765/calls"/></Connect>'


def test_twiml_names_the_type_of_a_parameter_that_is_not_a_str() -> None:
    with pytest.raises(TypeError, match=r"^value is of type int, a str is needed$"):
        StreamPlan().twiml("wss://a.example/m", parameters={"tenant": 7})  # type: ignore[dict-item]


@pytest.mark.parametrize("dialect", [TWILIO, None])
def test_a_one_way_stream_is_reported_with_what_to_do(dialect: Dialect | None, tmp_path: Path) -> None:
    """A plan with more tracks, the remedy for Telnyx, would be refused. A replay reports the same."""
    session = MediaSession(dialect=dialect)
    session.capture(tmp_path / "call.jsonl", 0.0, audio=True)
    session.receive(twilio_texts.START, 0.0)
    for chunk in range(1, 30):
        session.receive(twilio_texts.media(FRAME, chunk, track="outbound"), 20.0 * chunk)
    (found,) = [event for event in session.events(600.0) if isinstance(event, events.Diagnosis)]
    assert found == events.Diagnosis(
        "tracks_not_as_planned",
        "the plan requests inbound_track, but chunks of track outbound arrive, as in a one-way stream of twilio, which "
        "accepts no audio, marks or clears",
        "have the carrier open a two-way stream",
    )
    session.closed(600.0)
    session.events(600.0)
    assert found in rtpcodec.replay(tmp_path / "call.jsonl").events
