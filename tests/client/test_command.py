"""Commands as values: bodies, identifiers, combinations, typed keywords."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict, get_type_hints
from urllib.parse import unquote

import msgspec
import pytest

from rtpcodec.client import StartFields, StopFields, command
from rtpcodec.client.command import start_streaming, stop_streaming
from rtpcodec.errors import CommandWarning, InvalidCommand

EXAMPLE = (
    b'{"stream_url":"wss://media.example.com/ws","stream_track":"both_tracks","stream_codec":"PCMA",'
    b'"stream_bidirectional_mode":"rtp","stream_bidirectional_codec":"L16","stream_bidirectional_sampling_rate":16000,'
    b'"stream_bidirectional_target_legs":"self","stream_auth_token":"tok_example",'
    b'"custom_parameters":[{"name":"tenant","value":"t1"}],'
    b'"client_state":"eyJzIjoxfQ==","command_id":"7d8c5f0e-3f1c-4c57-9f0d-0f4f6a0c1a11"}'
)
"""The carrier's own example of `streaming_start`, without white space."""
SOUND: dict[str, Any] = {
    "stream_url": "wss://media.example.com/ws",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "PCMU",
    "stream_bidirectional_sampling_rate": 8000,
    "stream_bidirectional_target_legs": "self",
}


class FieldsOfAPlan(TypedDict):
    """Like the return type of a plan's command_fields: mypy must accept it after two asterisks."""

    stream_track: str
    stream_bidirectional_mode: str
    stream_bidirectional_target_legs: str
    stream_bidirectional_codec: NotRequired[str]
    stream_bidirectional_sampling_rate: NotRequired[int]
    stream_codec: NotRequired[str]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A warning that a test does not expect fails it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_carriers_example_octet_for_octet() -> None:
    command = start_streaming(
        "v3:EXAMPLE-abc_123",
        stream_url="wss://media.example.com/ws",
        stream_track="both_tracks",
        stream_codec="PCMA",
        stream_bidirectional_mode="rtp",
        stream_bidirectional_codec="L16",
        stream_bidirectional_sampling_rate=16000,
        stream_bidirectional_target_legs="self",
        stream_auth_token="tok_example",
        custom_parameters={"tenant": "t1"},
        client_state=b'{"s":1}',
        command_id="7d8c5f0e-3f1c-4c57-9f0d-0f4f6a0c1a11",
    )
    assert msgspec.json.encode(command.body) == EXAMPLE
    assert command.path == "/calls/v3:EXAMPLE-abc_123/actions/streaming_start"
    assert command.command_id == "7d8c5f0e-3f1c-4c57-9f0d-0f4f6a0c1a11"


def test_a_plans_fields_are_accepted_after_asterisks() -> None:
    fields: FieldsOfAPlan = {
        "stream_track": "inbound_track",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_target_legs": "self",
        "stream_bidirectional_codec": "PCMA",
    }
    command = start_streaming("v3:x", stream_url="wss://media.example.com/ws", **fields)
    assert dict(command.body) == {
        "stream_url": "wss://media.example.com/ws",
        **fields,
        "command_id": command.command_id,
    }


def test_every_typed_field_is_known_and_omitted_when_none() -> None:
    nothing: Any = dict.fromkeys(get_type_hints(StartFields)) | {"stream_url": "wss://h/"}
    with pytest.warns(CommandWarning):
        assert set(start_streaming("v3:x", **nothing).body) == {"stream_url", "command_id"}
    nothing = dict.fromkeys(get_type_hints(StopFields))
    assert set(stop_streaming("v3:x", **nothing).body) == {"command_id"}


def test_stop_carries_its_three_fields() -> None:
    command = stop_streaming("v3:x", stream_id="s-1", client_state="dGVzdA==", command_id="once")
    assert command.path == "/calls/v3:x/actions/streaming_stop"
    assert dict(command.body) == {"stream_id": "s-1", "client_state": "dGVzdA==", "command_id": "once"}


def test_dialogflow_needs_no_url() -> None:
    command = start_streaming("v3:x", enable_dialogflow=True, dialogflow_config={"analyze_sentiment": False})
    assert dict(command.body) == {
        "enable_dialogflow": True,
        "dialogflow_config": {"analyze_sentiment": False},
        "command_id": command.command_id,
    }


def test_a_command_id_is_a_new_uuid4_for_every_command() -> None:
    made = {stop_streaming("v3:x").command_id for _ in range(20)}
    assert len(made) == 20
    assert {uuid.UUID(command_id).version for command_id in made} == {4}


@pytest.mark.parametrize("call_control_id", ["v3:a-b_c", "a/b", "a?b#c", "a b", "ünï", "%2e", "../up", "a\nb", "+&="])
def test_a_call_control_id_is_one_path_segment(call_control_id: str) -> None:
    before, segment, after = stop_streaming(call_control_id).path.split("/actions/")[0].rpartition("/")
    assert (before, segment) == ("/calls", "/")
    assert unquote(after) == call_control_id
    assert after.isascii()
    assert not set(after) & set("/?# \n")


@pytest.mark.parametrize(
    ("call_control_id", "rule"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("..", "is '..', which means another path"),
        (None, "is NoneType, must be str"),
        ("v" * 2001, "has 2001 characters, at most 2000 are allowed"),
        ("\ud800", "has a lone surrogate at position 0, which UTF-8 cannot carry"),
    ],
)
def test_a_call_control_id_that_names_no_call(call_control_id: Any, rule: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        stop_streaming(call_control_id)
    assert str(caught.value) == f"streaming_stop was not sent: call_control_id {rule}"


def test_all_problems_come_in_one_error_in_order() -> None:
    fields: Any = {
        "stream_url": "https://h/",
        "stream_track": "Both_Tracks",
        "enable_dialogflow": 1,
        "stream_codec": "EVS",
    }
    with pytest.raises(InvalidCommand) as caught:
        start_streaming("", **fields)
    assert str(caught.value) == (
        "streaming_start was not sent: stream_url has the scheme 'https', ws or wss is needed; "
        "stream_track is 'Both_Tracks', the carrier spells it 'both_tracks'; "
        "enable_dialogflow is int, must be bool; call_control_id is empty"
    )
    assert [problem.field for problem in caught.value.problems] == [
        "stream_url",
        "stream_track",
        "enable_dialogflow",
        "call_control_id",
    ]
    assert caught.value.problems[3].rule == "is empty"


def test_an_unknown_keyword_is_pythons_type_error_with_a_hint() -> None:
    with pytest.raises(
        TypeError, match=r"start_streaming\(\) got an unexpected keyword argument 'stream_trak'; 'stream_track' is one"
    ):
        start_streaming("v3:x", stream_trak="x")  # type: ignore[call-arg] # the typing mistake is the test
    with pytest.raises(TypeError, match="extra_body carries fields that are not known here"):
        stop_streaming("v3:x", zzz=1)  # type: ignore[call-arg] # the unknown field is the test


def test_extra_body_adds_fields() -> None:
    command = start_streaming("v3:x", **SOUND, extra_body={"stream_new": [1, None]})
    assert command.body["stream_new"] == [1, None]
    assert dict(stop_streaming("v3:x", command_id="c", extra_body={}).body) == {"command_id": "c"}


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ([1], "is list, must be a mapping"),
        ({"stream_url": "x"}, "has stream_url, which is a parameter of its own"),
        ({1: 2}, "has a key of type int, must be str"),
        ({"x": object()}, "cannot be written as JSON (TypeError)"),
        ({"x": "\ud800"}, "cannot be written as JSON (UnicodeEncodeError)"),
    ],
)
def test_impossible_extra_body(extra: Any, rule: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        start_streaming("v3:x", **SOUND, extra_body=extra)
    assert str(caught.value) == f"streaming_start was not sent: extra_body {rule}"


RATE, LEGS, CODEC = (
    "stream_bidirectional_sampling_rate",
    "stream_bidirectional_target_legs",
    "stream_bidirectional_codec",
)
IGNORED = "is ignored by the carrier unless stream_bidirectional_mode is 'rtp'"
TWICE = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
SWITCHES = "analyze_sentiment, partial_automated_agent_reply"
ONE_LEG = "a call of one leg hears nothing of it, add 'self'"
MODE = "stream_bidirectional_mode"
TRACK = "stream_track"
UNHEARD = (
    f"{TRACK} is 'outbound_track': it has the audio that the phone plays, which may include ours, but not the speech "
    "into that phone; add 'inbound_track' or 'both_tracks' to hear it"
)
NO_LEGS = f"{LEGS} is missing and the carrier's default is 'opposite': {ONE_LEG}"
NO_MODE = (
    f"{MODE} is missing and the carrier's default is 'mp3', which plays MP3 files only: "
    "add 'rtp' to send audio of a codec, or the fields of StreamPlan.command_fields()"
)
BARE: dict[str, Any] = {MODE: None, CODEC: None, RATE: None, LEGS: None}


DOUBTS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"stream_codec": "EVS"}, ["stream_codec is 'EVS', known are PCMU, PCMA, G722, OPUS, AMR-WB, L16, default"]),
    ({"stream_track": "third"}, ["stream_track is 'third', known are inbound_track, outbound_track, both_tracks"]),
    ({RATE: 11025}, [f"{RATE} is 11025, known are 8000, 16000, 22050, 24000, 48000"]),
    ({RATE: 16000}, [f"{RATE} is 16000, usual for PCMU is 8000"]),
    ({CODEC: None, RATE: 16000}, [f"{RATE} is 16000, usual for PCMU is 8000"]),
    ({CODEC: "G722", RATE: 24000}, [f"{RATE} is 24000, usual for G722 is 8000 or 16000"]),
    ({CODEC: "OPUS", RATE: 48000}, [f"{RATE} is 48000, usual for OPUS is 8000 or 16000"]),
    ({CODEC: "AMR-WB", RATE: 16000}, []),
    ({CODEC: "L16", RATE: 22050}, []),
    ({CODEC: "L16", RATE: None}, [f"{RATE} is missing, and its default for L16 is disputed"]),
    ({LEGS: "opposite"}, [f"{LEGS} is 'opposite': {ONE_LEG}"]),
    ({LEGS: None}, [NO_LEGS]),
    ({TRACK: "outbound_track"}, [UNHEARD]),
    ({TRACK: "outbound_track", LEGS: "both"}, [UNHEARD]),
    ({TRACK: "outbound_track", LEGS: "opposite"}, [f"{LEGS} is 'opposite': {ONE_LEG}"]),
    ({TRACK: "both_tracks"}, []),
    ({TRACK: "both_tracks", LEGS: "both"}, []),
    ({MODE: "mp3", CODEC: None, RATE: None, LEGS: None}, [NO_LEGS]),
    ({"stream_bidirectional_mode": "mp3"}, [f"{CODEC} {IGNORED}", f"{RATE} {IGNORED}"]),
    ({"stream_bidirectional_mode": None}, [f"{CODEC} {IGNORED}", f"{RATE} {IGNORED}"]),
    (BARE, [NO_MODE, NO_LEGS]),
    ({**BARE, LEGS: "self"}, [NO_MODE]),
    ({**BARE, LEGS: "both", "stream_track": "both_tracks"}, [NO_MODE]),
    ({**BARE, MODE: "mp3", LEGS: "both"}, []),
    ({**BARE, "enable_dialogflow": True}, []),
    ({**BARE, "enable_dialogflow": True, "stream_url": None}, []),
    ({**BARE, "enable_dialogflow": True, LEGS: "opposite"}, [f"{LEGS} is 'opposite': {ONE_LEG}"]),
    ({"stream_bidirectional_mode": "ogg"}, ["stream_bidirectional_mode is 'ogg', known are mp3, rtp"]),
    ({"stream_url": None}, ["stream_url is missing, so the carrier has nowhere to connect to"]),
    ({"custom_parameters": TWICE}, ["custom_parameters[1].name repeats 'a', only one of its values can arrive"]),
    ({"dialogflow_config": {"new": 1}}, [f"dialogflow_config has 'new', known are {SWITCHES}"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "doubts"), DOUBTS)
def test_doubtful_values_are_warnings_and_with_strict_an_error(changes: dict[str, Any], doubts: list[str]) -> None:
    fields: Any = {**SOUND, **changes}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        command = start_streaming("v3:x", **fields)
    assert [str(each.message) for each in caught] == [f"streaming_start: {doubt}" for doubt in doubts]
    assert {each.category for each in caught} <= {CommandWarning}
    assert {each.filename for each in caught} <= {__file__}
    assert set(command.body) == {name for name, value in fields.items() if value is not None} | {"command_id"}
    if not doubts:
        start_streaming("v3:x", strict=True, **fields)
        return
    with pytest.raises(InvalidCommand) as refused:
        start_streaming("v3:x", strict=True, **fields)
    assert [str(problem) for problem in refused.value.problems] == doubts


def test_strict_reports_errors_and_warnings_together_and_lax_the_errors_alone() -> None:
    fields: Any = {**SOUND, "stream_codec": "EVS", "stream_track": 3}
    with pytest.raises(InvalidCommand) as strict:
        start_streaming("v3:x", strict=True, **fields)
    with pytest.raises(InvalidCommand) as lax:
        start_streaming("v3:x", **fields)
    assert [problem.field for problem in strict.value.problems] == ["stream_track", "stream_codec"]
    assert [problem.field for problem in lax.value.problems] == ["stream_track"]


def test_a_command_shows_neither_body_nor_secrets() -> None:
    command = start_streaming("v3:x", **SOUND, stream_auth_token="tok_hidden", client_state=b"hidden", command_id="c")
    assert repr(command) == (
        "Command(name='streaming_start', path='/calls/v3:x/actions/streaming_start', command_id='c')"
    )


def test_a_conference_is_created_and_acted_on() -> None:
    made = command.create_conference(call_control_id="v3:a", name="room 1", command_id="once", comfort_noise=True)
    assert (made.path, made.method) == ("/conferences", "POST")
    assert made.body == {"call_control_id": "v3:a", "name": "room 1", "comfort_noise": True, "command_id": "once"}
    joined = command.conference_action("room 1/2", "join", call_control_id="v3:b", hold=True, command_id="twice")
    assert joined.path == "/conferences/room%201%2F2/actions/join"
    assert joined.body == {"call_control_id": "v3:b", "hold": True, "command_id": "twice"}
    for action in ("hold", "unhold"):
        assert command.conference_action("c", action, call_control_ids=["v3:b"]).body == {"call_control_ids": ["v3:b"]}


def test_a_conference_without_a_call_a_name_or_an_id_is_refused() -> None:
    with pytest.raises(InvalidCommand, match="call_control_id is missing; name is missing"):
        command.create_conference()  # type: ignore[call-arg]
    with pytest.raises(InvalidCommand, match=r"conference_id is '\.\.', which means another path"):
        command.conference_action("..", "join", call_control_id="v3:b")
