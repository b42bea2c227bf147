"""JSON texts to messages and back: every form that carriers were seen to send, and the rules for each member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.stream import messages
from rtpcodec.stream.wire import (
    MAX_DEPTH,
    MAX_MESSAGE_OCTETS,
    RULES,
    BrokenMessage,
    OddMessage,
    build,
    encoding_name,
    media_text,
    parse,
)
from rtpcodec.stream.wire.rules import MAX_CONTROL_OCTETS
from tests import vectors as vector_files
from tests.stream import carrier

SHAPES = [
    json.loads(line)
    for line in (vector_files.SHIPPED / "messages" / "telnyx_shapes.jsonl").read_text("utf-8").splitlines()
]
KIND = {
    "connected": messages.Connected,
    "start": messages.Start,
    "media": messages.Media,
    "dtmf": messages.Dtmf,
    "mark": messages.Mark,
    "clear": messages.Clear,
    "stop": messages.Stop,
    "error": messages.Error,
}


def test_there_are_fifty_shapes() -> None:
    assert len(SHAPES) == 50


@pytest.mark.parametrize("shape", SHAPES, ids=[f"{at}-{shape['message']['event']}" for at, shape in enumerate(SHAPES)])
def test_every_shape_parses_and_returns_by_build(shape: dict[str, Any]) -> None:
    text = json.dumps(shape["message"])
    message = parse(text)
    assert type(message) is KIND.get(shape["message"]["event"], messages.Other)
    assert parse(text.encode()) == message
    if not isinstance(message, messages.Other):
        assert parse(build(message)) == message


def test_shape_with_everything_gives_everything() -> None:
    shape = next(shape["message"] for shape in SHAPES if "tags" in shape["message"].get("start", {}))
    message = parse(json.dumps(shape))
    assert message == messages.Start(
        media_format=messages.MediaFormat("PCMU", 8000, 1),
        stream_id="9b1f0c52-5a3e-4c1b-9a77-0d2f6f1e7c31",
        sequence_number=1,
        call_control_id="v3:Zk3pQ0exampleCallControlIdForTestsOnly00",
        call_session_id="6c2e7a10-2222-11f0-9d6e-02420a0b0c0d",
        user_id="1d0a8f3e-11aa-4d6b-8f3a-5c9c0b7d2e44",
        from_number="+15550100001",
        to_number="+15550100002",
        tags=("TAG-A", "TAG-B"),
        client_state="ZXhhbXBsZQ==",
        custom_parameters={"customer_id": "c-1"},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"event":"connected","connected":{"x-telnyx-streaming-auth-token":"t"}}',
            messages.Connected(None, auth_token="t"),
        ),
        (
            carrier.media(b"\xff\xff", "2", track="inbound", sequence="4", timestamp="20"),
            messages.Media(b"\xff\xff", "inbound", 2, 20, 4),
        ),
        ('{"event":"media","media":{"payload":""}}', messages.Media(b"")),
        ('{"event":"media","media":{"payload":"AA==","track":""}}', messages.Media(b"\0")),
        (
            '{"event":"dtmf","occurred_at":"2026-01-02T03:04:05.678901Z","dtmf":{"digit":"#"}}',
            messages.Dtmf("#", "2026-01-02T03:04:05.678901Z"),
        ),
        ('{"event":"stop","stop":{"user_id":7}}', messages.Stop(user_id="7")),
        (
            '{"event":"error","payload":{"code":"100004","title":"invalid_media"}}',
            messages.Error(100004, "invalid_media"),
        ),
        ('{"event":"error"}', messages.Error()),
        ('{"event":"mark","sequence_number":9,"mark":{"name":""}}', messages.Mark("", 9)),
    ],
)
def test_members_are_read(text: str, expected: messages.Message) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("member", ["sequence_number", "chunk", "timestamp"])
@pytest.mark.parametrize(
    ("spelling", "value"),
    [('"4"', 4), ("4", 4), ('"0"', 0), ('"007"', 7), ("null", None), ('"9223372036854775807"', 2**63 - 1)],
)
def test_counters_are_strings_or_numbers(member: str, spelling: str, value: int | None) -> None:
    outer, inner = (
        (f'"sequence_number":{spelling},', "") if member == "sequence_number" else ("", f'"{member}":{spelling},')
    )
    message = parse(f'{{"event":"media",{outer}"media":{{{inner}"payload":""}}}}')
    assert getattr(message, member) == value


@pytest.mark.parametrize(
    ("start_members", "expected"),
    [
        ('"media_format":{"encoding":"PCMU"}', messages.MediaFormat("PCMU")),
        (
            '"media_format":{"encoding":"L16","sample_rate":"16000","channels":"1"}',
            messages.MediaFormat("L16", 16000, 1),
        ),
        ('"media_format":{"encoding":"PCMU","sample_rate":0}', messages.MediaFormat("PCMU", None)),
        ('"media_format":{"encoding":"audio/x-mulaw"}', messages.MediaFormat("PCMU")),
        ('"media_format":{"encoding":" g729 "}', messages.MediaFormat("G729")),
    ],
)
def test_media_format(start_members: str, expected: messages.MediaFormat) -> None:
    message = parse(f'{{"event":"start","start":{{{start_members}}}}}')
    assert isinstance(message, messages.Start)
    assert message.media_format == expected


def test_encoding_names() -> None:
    known = {"audio/x-mulaw": "PCMU", "AUDIO/PCMU": "PCMU", "audio/x-alaw": "PCMA", "audio/PCMA": "PCMA"}
    known |= {"audio/x-l16": "L16", "audio/L16": "L16", "pcmu": "PCMU", "amr-wb": "AMR-WB"}
    assert {name: encoding_name(name) for name in known} == known


def test_start_takes_what_senders_do() -> None:
    message = parse(
        '{"event":"start","start":{"stream_id":"inner","user_id":5,"from":null,"tags":null,'
        '"custom_parameters":{"n":1,"f":1.5,"yes":true,"no":null,"s":"text"},"media_format":{"encoding":"PCMU"}}}'
    )
    assert isinstance(message, messages.Start)
    assert (message.stream_id, message.user_id, message.from_number, message.tags) == ("inner", "5", None, ())
    assert message.custom_parameters == {"n": "1", "f": "1.5", "yes": "true", "no": "", "s": "text"}


def test_long_track_names_are_the_short_ones() -> None:
    for long, short in (("inbound_track", "inbound"), ("outbound_track", "outbound"), ("other", "other")):
        message = parse(carrier.media(track=long))
        assert isinstance(message, messages.Media)
        assert message.track == short


def test_duplicate_keys_the_last_wins() -> None:
    message = parse(
        '{"event":"mark","event":"media","media":{"payload":"AA=="},"media":{"payload":"//8=","payload":"AQ=="}}'
    )
    assert message == messages.Media(b"\x01")


@pytest.mark.parametrize(
    ("payload", "octets"),
    [
        ("AB==", b"\0"),
        ("AAF=", b"\0\1"),
        ("/w==", b"\xff"),
        ("/x==", b"\xff"),
        (r"\/w==", b"\xff"),
        (r"\u0041A==", b"\0"),
    ],
)
def test_pad_bits_are_ignored_and_escapes_are_json(payload: str, octets: bytes) -> None:
    assert parse(f'{{"event":"media","media":{{"payload":"{payload}"}}}}') == messages.Media(octets)


@given(st.binary(max_size=2000))
def test_payloads_survive_the_wire(payload: bytes) -> None:
    assert parse(media_text(payload)) == messages.Media(payload)
    assert media_text(payload) == build(messages.Media(payload))
    assert parse(carrier.media(payload)) == messages.Media(payload)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_mark_names_survive_the_wire(name: str) -> None:
    assert parse(build(messages.Mark(name))) == messages.Mark(name)
    assert json.loads(build(messages.Mark(name))) == {"event": "mark", "mark": {"name": name}}


def test_unknown_events_and_members_are_ignored() -> None:
    text = '{"event":"future_event","media":5,"start":"now","sequence_number":-1.5,"x":[{}]}'
    assert parse(text) == messages.Other("future_event", text)
    assert parse('{"event":"clear","later":{"a":[1]}}') == messages.Clear()
    text = '{"event":"other","sequence_number":"8"}'
    assert parse(text) == messages.Other("other", text, 8)


def test_what_is_sent_is_small() -> None:
    assert media_text(b"\xff") == '{"event":"media","media":{"payload":"/w=="}}'
    assert build(messages.Clear()) == '{"event":"clear"}'
    assert build(messages.Mark("turn-7")) == '{"event":"mark","mark":{"name":"turn-7"}}'
    assert build(messages.Other("later", "")) == '{"event":"later"}'


def test_counters_are_written_as_strings_rates_and_codes_as_numbers() -> None:
    sent = json.loads(build(messages.Media(b"", "inbound", 2, 20, 4, "s")))
    assert sent == {
        "event": "media",
        "sequence_number": "4",
        "stream_id": "s",
        "media": {"track": "inbound", "chunk": "2", "timestamp": "20", "payload": ""},
    }
    sent = json.loads(build(messages.Start(media_format=messages.MediaFormat("L16", 16000, 1), from_number="+1")))
    assert sent["start"] == {"from": "+1", "media_format": {"encoding": "L16", "sample_rate": 16000, "channels": 1}}
    assert json.loads(build(messages.Error(100003, "t", "d")))["payload"] == {
        "code": 100003,
        "title": "t",
        "detail": "d",
    }


def test_any_buffer_of_utf8_is_a_text() -> None:
    text = build(messages.Mark("grüße"))
    for octets in (text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        assert parse(octets) == messages.Mark("grüße")


def test_broken_messages_name_rule_and_detail() -> None:
    with pytest.raises(BrokenMessage) as caught:
        parse("[]")
    assert (caught.value.rule, caught.value.detail) == ("object", "message is `array`, `object` is needed")
    assert str(caught.value) == "object: message is `array`, `object` is needed"
    assert all(rule.islower() and sentence for rule, sentence in RULES.items())


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"dtmf","dtmf":{"digit":"1"},"payload":"x","media":7,"version":2,"start":true}',
        '{"event":"dtmf","dtmf":5,"dtmf":{"digit":"1"}}',
        '{"event":"dtmf","dtmf":{"digit":5,"digit":"1"},"stop":[]}',
    ],
    ids=["members of other events", "a duplicate of another type", "both, one level down"],
)
def test_members_that_an_event_does_not_have_may_have_any_shape(text: str) -> None:
    assert parse(text) == messages.Dtmf("1")


def test_messages_at_the_limits_are_accepted() -> None:
    siblings = "[]," * 30
    deep = '{"event":"clear","x":' + "[" + siblings + "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 1) + "}"
    assert parse(deep) == messages.Clear()
    with pytest.raises(BrokenMessage, match=r"^depth: "):
        parse(deep.replace("[[", "[[[").replace("]]", "]]]"))
    head, tail = '{"event":"media","media":{"payload":""', "}}"
    longest = head + " " * (MAX_MESSAGE_OCTETS - len(head + tail)) + tail
    assert parse(longest) == parse(longest.encode()) == messages.Media(b"")
    head = '{"event":"mark","mark":{"name":"a"'
    assert parse(head + " " * (MAX_CONTROL_OCTETS - len(head + tail)) + tail) == messages.Mark("a")


def test_a_message_without_a_payload_is_short() -> None:
    with pytest.raises(BrokenMessage, match="size: 'mark' message has 70033 characters, at most 65536 are allowed"):
        parse('{"event":"mark","mark":{"name":"' + "x" * 69998 + '"}}')


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"payload": {"code": 100004, "title": "t", "detail": "d"}}, messages.Error(100004, "t", "d")),
        ({"error": {"code": 100004, "message": "m"}}, messages.Error(100004, None, "m")),
        ({"error": {"code": "invalid_media", "message": "m"}}, messages.Error(100004, "invalid_media", "m")),
        ({"payload": {"code": "rate_limit_reached"}}, messages.Error(100005, "rate_limit_reached")),
        ({"payload": {"code": "E_OTHER", "detail": "d"}}, messages.Error(None, "E_OTHER", "d")),
        ({"payload": {"code": "E_OTHER", "title": "t"}}, messages.Error(None, "t")),
        ({"payload": {"code": "100003", "message": "m", "detail": "d"}}, messages.Error(100003, None, "d")),
        ({"error": "went wrong"}, messages.Error(None, None, "went wrong")),
        ({"payload": "went wrong"}, messages.Error(None, None, "went wrong")),
        ({"payload": None, "error": {"code": 100002}}, messages.Error(100002)),
        ({}, messages.Error()),
    ],
)
def test_errors_are_read_in_each_shape(members: dict[str, object], expected: messages.Error) -> None:
    text = carrier.text("error", **members)
    message = parse(text)
    assert message == expected
    assert isinstance(message, messages.Error)
    assert message.raw == {"event": "error"} | members


@pytest.mark.parametrize("code", [1.5, True, [], {}, -1, "9" * 20])
def test_an_error_with_an_odd_code_is_read_without_it(code: object) -> None:
    with pytest.raises(OddMessage, match=r"payload\.code") as caught:
        parse(carrier.text("error", payload={"code": code, "title": "t", "detail": "d"}))
    assert caught.value.message == messages.Error(None, "t", "d")
    assert getattr(caught.value.message, "raw", {})["payload"]["code"] == code


def test_a_strict_reader_refuses_an_odd_message() -> None:
    with pytest.raises(BrokenMessage, match=r"^number: media\.chunk is outside 0 to \d+$") as caught:
        parse(carrier.media(chunk=-1))
    assert (caught.value.rule, caught.value.member) == ("number", "media.chunk")
    assert isinstance(caught.value, OddMessage)
    assert caught.value.message == messages.Media(carrier.FRAME)


@pytest.mark.parametrize("octets", [1, 2, 4, 5, 160, 641])
def test_base64_without_padding_is_read(octets: int) -> None:
    payload = bytes(range(256)) * 3
    text = carrier.media(payload[:octets])
    with pytest.raises(OddMessage, match=r"^base64: media\.payload has no base64 padding$") as caught:
        parse(text.replace("=", ""))
    assert caught.value.message == messages.Media(payload[:octets])


odd_values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value != int(value) or value < 0),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.integers(max_value=-1),
    st.sampled_from(["", "20.0", "20.5", "-1", "0x10", "9" * 20]),
)


@given(st.sampled_from(["chunk", "timestamp", "sequence_number"]), odd_values)
def test_any_odd_counter_is_left_out(member: str, value: object) -> None:
    message = json.loads(carrier.media(chunk=7, timestamp=140, sequence=9))
    (message if member == "sequence_number" else message["media"])[member] = value
    with pytest.raises(OddMessage) as caught:
        parse(json.dumps(message))
    expected = {"chunk": 7, "timestamp": 140, "sequence_number": 9} | {member: None}
    assert caught.value.message == messages.Media(carrier.FRAME, **expected)  # type: ignore[arg-type]
