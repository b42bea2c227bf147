"""The commands about calls: dial, answer, hangup and any other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any, get_type_hints

import pytest

import rtpcodec
from rtpcodec.client import AnswerFields, DialFields, HangupFields
from rtpcodec.client.command import action, answer, dial, hangup
from rtpcodec.errors import CommandWarning, InvalidCommand
from rtpcodec.stream.plan import StreamPlan

ENDS: dict[str, Any] = {"to": "+15550100", "from_": "+15550101", "connection_id": "c-1"}
RATE, TOKEN = "stream_bidirectional_sampling_rate", "stream_auth_token"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A warning that a test does not expect fails it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_dial() -> None:
    order = dial(**ENDS, client_state=b"test", timeout_secs=30, preferred_codecs="G722,PCMU", command_id="once")
    assert (order.name, order.path, order.command_id) == ("dial", "/calls", "once")
    assert dict(order.body) == {
        "to": "+15550100",
        "from": "+15550101",
        "connection_id": "c-1",
        "preferred_codecs": "G722,PCMU",
        "client_state": "dGVzdA==",
        "command_id": "once",
        "timeout_secs": 30,
    }


def test_a_plans_fields_fit_dial_and_answer() -> None:
    plan = rtpcodec.StreamPlan(send_codec="PCMA")
    for order in (
        dial(**ENDS, stream_url="wss://h/", stream_auth_token="t", **plan.command_fields()),
        answer("v3:x", stream_url="wss://h/", **plan.command_fields()),
    ):
        assert {name: order.body[name] for name in plan.command_fields()} == plan.command_fields()


def test_several_numbers_ring_together() -> None:
    assert dial(**{**ENDS, "to": ["+1", "sip:a@b"]}).body["to"] == ["+1", "sip:a@b"]


def test_answer_and_hangup() -> None:
    order = answer("v3:x", send_silence_when_idle=True, custom_headers={"X-A": "1"}, command_id="once")
    assert order.path == "/calls/v3:x/actions/answer"
    assert dict(order.body) == {
        "send_silence_when_idle": True,
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "command_id": "once",
    }
    order = hangup("v3:x", reason="elsewhere", command_id="once")
    assert order.path == "/calls/v3:x/actions/hangup"
    assert dict(order.body) == {"reason": "elsewhere", "command_id": "once"}


@pytest.mark.parametrize(
    ("make", "face", "given"),
    [
        (dial, DialFields, ENDS),
        (lambda **given: answer("v3:x", **given), AnswerFields, {}),
        (lambda **given: hangup("v3:x", **given), HangupFields, {}),
    ],
)
def test_every_typed_field_is_known_and_omitted_when_none(make: Any, face: type, given: Any) -> None:
    nothing = {**dict.fromkeys(get_type_hints(face)), **given, "strict": False}
    wire = {name.rstrip("_") for name in given}
    assert set(make(**nothing).body) == {*wire, "command_id"}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"to": None}, "to is missing"),
        ({"from_": ""}, "from_ is empty"),
        ({"to": []}, "to is empty"),
        ({"to": ["+1", 5]}, "to[1] is int, must be str"),
        ({"to": 15550100}, "to is int, must be str"),
        ({"connection_id": 5}, "connection_id is int, must be str"),
        ({"timeout_secs": "30"}, "timeout_secs is str, must be int"),
        ({"timeout_secs": -1}, "timeout_secs is -1, must be 0 or greater"),
        ({"preferred_codecs": "G722,pcmu"}, "preferred_codecs is 'pcmu', the carrier spells it 'PCMU'"),
        (
            {"record": "Record-From-Answer"},
            "record is 'Record-From-Answer', the carrier spells it 'record-from-answer'",
        ),
        ({"transcription_config": [1]}, "transcription_config is list, must be a mapping"),
        ({"assistant": {"x": object()}}, "assistant cannot be written as JSON (TypeError)"),
        ({"stream_url": "https://h/"}, "stream_url has the scheme 'https', ws or wss is needed"),
        ({"sip_auth_password": ""}, "sip_auth_password is empty; leave it out instead"),
        (
            {"client_state": "?"},
            "client_state is not base64 (standard alphabet, padded); give bytes to have them encoded",
        ),
        ({"extra_body": {"from": "+1"}}, "extra_body has from, which is a parameter of its own"),
    ],
)
def test_impossible_dial_commands(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        dial(**{**ENDS, **changes})
    assert str(caught.value) == f"dial was not sent: {rule}"
    assert "5550" not in str(caught.value)


def test_dial_lists_all_that_is_missing() -> None:
    with pytest.raises(InvalidCommand) as caught:
        dial()  # type: ignore[call-arg] # the missing keywords are the test
    assert str(caught.value) == "dial was not sent: to is missing; from_ is missing; connection_id is missing"


def doubts(make: Any, **given: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make(**given)
    assert {each.category for each in caught} <= {CommandWarning}
    return [str(each.message) for each in caught]


def test_answer_may_ignore_rate_and_token() -> None:
    stream: dict[str, Any] = {
        "stream_url": "wss://h/",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "L16",
        "stream_bidirectional_target_legs": "self",
    }
    ignored = "may be ignored on answer; start_streaming takes it"
    assert doubts(lambda **given: answer("v3:x", **given), **stream, **{RATE: 16000, TOKEN: "t"}) == [
        f"answer: {RATE} {ignored}",
        f"answer: {TOKEN} {ignored}",
    ]
    both: dict[str, Any] = {**stream, RATE: 16000, TOKEN: "t"}
    with pytest.raises(InvalidCommand, match=f"{RATE} {ignored}; {TOKEN} {ignored}"):
        answer("v3:x", strict=True, **both)
    assert doubts(lambda **given: answer("v3:x", **given), **stream, **{RATE: 8000}) == []


def test_stream_warnings_need_a_requested_stream() -> None:
    assert doubts(dial, **ENDS) == []
    assert doubts(dial, **ENDS, stream_track="both_tracks") == [
        "dial: stream_url is missing, so the carrier has nowhere to connect to"
    ]
    assert doubts(dial, **ENDS, preferred_codecs="EVS") == [
        "dial: preferred_codecs is 'EVS', known are G722, PCMU, PCMA, G729, OPUS, AMR-WB, VP8, H264"
    ]


@pytest.mark.parametrize(("name", "make"), [("dial", partial(dial, **ENDS)), ("answer", partial(answer, "v3:x"))])
def test_a_stream_of_a_url_alone_is_silent_and_says_what_to_add(name: str, make: Any) -> None:
    mode, legs = doubts(make, stream_url="wss://h/")
    assert mode.startswith(f"{name}: stream_bidirectional_mode is missing and the carrier's default is 'mp3', which")
    assert legs.startswith(f"{name}: stream_bidirectional_target_legs is missing and the carrier's default is 'opposit")
    assert doubts(make, stream_url="wss://h/", **StreamPlan(send_codec="PCMA").command_fields()) == []


def test_any_other_action() -> None:
    order = action(
        "v3:x", "transfer", to="+15550100", from_="+15550101", nested={"a": [1]}, gone=None,
        client_state=b"test", command_id="once", extra_body={"action": "x"},
    )  # fmt: skip
    assert (order.name, order.path) == ("transfer", "/calls/v3:x/actions/transfer")
    assert dict(order.body) == {
        "to": "+15550100",
        "from": "+15550101",
        "nested": {"a": [1]},
        "client_state": "dGVzdA==",
        "command_id": "once",
        "action": "x",
    }
    assert dict(action("v3:x", "speak", **{"from": 1}, command_id="c").body) == {"from": 1, "command_id": "c"}
    assert len(action("v3:x", "a/b").command_id) == 36
    assert action("v3:x", "a/b").path == "/calls/v3:x/actions/a%2Fb"


@pytest.mark.parametrize(
    ("name", "body", "rule"),
    [
        ("", {}, "action is empty"),
        ("..", {}, "action is '..', which means another path"),
        (None, {}, "action is NoneType, must be str"),
        ("x", {"a": object()}, "a cannot be written as JSON (TypeError)"),
        ("x", {"client_state": "?"}, "client_state is not base64 (standard alphabet, padded); give bytes to have them"),
        ("x", {"command_id": ""}, "command_id is empty"),
        ("x", {"extra_body": {"command_id": "c"}}, "extra_body has command_id, which is a parameter of its own"),
    ],
)
def test_impossible_actions(name: Any, body: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        action("v3:x", name, **body)
    assert rule in str(caught.value)


def test_private_values_are_among_the_secrets() -> None:
    order = dial(
        **ENDS,
        sip_auth_password="password",
        from_display_name="Zoe",
        assistant={"key": ["hidden"]},
        custom_headers={"X": "header"},
        extra_body={"later": {"also": "extra"}},
    )
    expected = {"+15550100", "+15550101", "password", "Zoe", "hidden", "header", "extra"}
    assert expected <= set(order.secrets)
    assert not [secret for secret in expected if secret in repr(order)]
    assert {"+1", "deep"} <= set(action("v3:x", "transfer", to="+1", more=[{"a": "deep"}]).secrets)
