"""The checks of single fields: valid values, wrong values, and secrets that are never shown."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.client import checks
from rtpcodec.client.checks import Findings
from rtpcodec.errors import CommandProblem, InvalidCommand

SURROGATE = "has a lone surrogate at position 1, which UTF-8 cannot carry"


def rules(check: Callable[[object, str, Findings], object], value: object) -> list[str]:
    findings = Findings("test")
    check(value, "field", findings)
    return [str(problem) for problem in (*findings.problems, *findings.warnings)]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("wss://media.example.com/ws", None),
        ("ws://127.0.0.1:8080/a?b=c", None),
        ("WSS://h", None),
        ("wss://[::1]:8080/", None),
        ("wss://h/" + "x" * 1992, None),
        ("wss://h/" + "x" * 1993, "has 2001 characters, at most 2000 are allowed"),
        ("https://h/", "has the scheme 'https', ws or wss is needed"),
        ("media.example.com/ws", "has the scheme '', ws or wss is needed"),
        ("", "has the scheme '', ws or wss is needed"),
        ("wss:///path", "names no host"),
        ("wss://:8080/", "names no host"),
        ("wss://h:99999/", "is not a URL: its host or port cannot be read"),
        ("wss://[::1/", "is not a URL: its host or port cannot be read"),
        ("wss://h/a b", "has a blank or control character at position 9"),
        ("wss://h/\n", "has a blank or control character at position 8"),
        (b"wss://h/", "is bytes, must be str"),
        ("w\ud800", SURROGATE),
    ],
)
def test_websocket_url(url: object, rule: str | None) -> None:
    assert rules(checks.websocket_url, url) == ([f"field {rule}"] if rule else [])


@pytest.mark.parametrize(
    ("token", "rule"),
    [
        ("t" * 4000, None),
        ("t" * 4001, "has 4001 characters, at most 4000 are allowed"),
        ("", "is empty; leave it out instead"),
        (b"token", "is bytes, must be str"),
        ("x\udfff", SURROGATE),
    ],
)
def test_secret_text(token: object, rule: str | None) -> None:
    assert rules(checks.secret_text, token) == ([f"field {rule}"] if rule else [])


@pytest.mark.parametrize("value", ["dGVzdA==", "", "AAAA", "+/+/", "QQ==", "QUI=", b"\x00\xff", b""])
def test_client_state_that_is_base64_or_bytes(value: str | bytes) -> None:
    assert rules(checks.client_state, value) == []


@pytest.mark.parametrize(
    "value", ["dGVzdA", "dGVzdA=", "dGVzdA===", "-_-_", "dGVz dA==", "dGVzdA==\n", "=", "tést", "\ud800"]
)
def test_client_state_that_is_not_base64(value: str) -> None:
    assert rules(checks.client_state, value) == [
        "field is not base64 (standard alphabet, padded); give bytes to have them encoded"
    ]


@given(st.binary(max_size=60))
def test_client_state_of_bytes_reads_back(octets: bytes) -> None:
    findings = Findings("test")
    encoded = checks.client_state(octets, "field", findings)
    assert rules(checks.client_state, encoded) == []
    assert findings.secrets == [encoded]


@pytest.mark.parametrize(
    ("parameters", "wire"),
    [
        ({"tenant": "t1", "empty": ""}, [{"name": "tenant", "value": "t1"}, {"name": "empty", "value": ""}]),
        ([{"name": "tenant", "value": "t1"}], [{"name": "tenant", "value": "t1"}]),
        (iter(({"value": "t1", "name": "tenant"},)), [{"name": "tenant", "value": "t1"}]),
        ({}, []),
    ],
)
def test_custom_parameters_as_mapping_and_as_list(parameters: object, wire: object) -> None:
    findings = Findings("test")
    assert checks.pairs(parameters, "field", findings) == wire
    assert not findings.problems


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("tenant=t1", ["field is str, must be a mapping or a list of name and value"]),
        (7, ["field is int, must be a mapping or a list of name and value"]),
        ({"pin": 1234}, ["field['pin'].value is int, must be str"]),
        ({"": "x"}, ["field[''].name is empty"]),
        ({5: "x"}, ["field[5].name is int, must be str"]),
        (["x"], ["field[0] is str, must be a mapping with name and value"]),
        ([{"name": "a"}], ["field[0] has the members 'name', must have name and value"]),
        (
            [{"name": ["a"], "value": None}],
            ["field[0].name is list, must be str", "field[0].value is NoneType, must be str"],
        ),
        ({"a": "b\ud800"}, [f"field['a'].value {SURROGATE}"]),
    ],
)
def test_custom_parameters_that_are_wrong(parameters: object, expected: list[str]) -> None:
    assert rules(checks.pairs, parameters) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (48000, []),
        (True, ["field is bool, must be int"]),
        ("8000", ["field is str, must be int"]),
        (8000.0, ["field is float, must be int"]),
        (0, ["field is 0, must be greater than 0"]),
        (-8000, ["field is -8000, must be greater than 0"]),
        (44100, ["field is 44100, known are 8000, 16000, 22050, 24000, 48000"]),
    ],
)
def test_sampling_rate(rate: object, expected: list[str]) -> None:
    assert rules(checks.sampling_rate_hz, rate) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMR-WB", []),
        ("amr-wb", ["field is 'amr-wb', the carrier spells it 'AMR-WB'"]),
        (" Pcmu ", ["field is ' Pcmu ', the carrier spells it 'PCMU'"]),
        ("AMRWB", ["field is 'AMRWB', known are PCMU, AMR-WB"]),
        ("x" * 99, [f"field is '{'x' * 39}..., known are PCMU, AMR-WB"]),
        (8, ["field is int, must be str"]),
    ],
)
def test_one_of(name: object, expected: list[str]) -> None:
    assert rules(checks.one_of("PCMU", "AMR-WB"), name) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"analyze_sentiment": True, "partial_automated_agent_reply": False}, []),
        ({"analyze_sentiment": "yes"}, ["field.analyze_sentiment is str, must be bool"]),
        ([], ["field is list, must be a mapping"]),
        ({3: True}, ["field member is int, must be str"]),
        ({"to_come": {"x": 1}}, ["field has 'to_come', known are analyze_sentiment, partial_automated_agent_reply"]),
        (
            {"to_come": object()},
            [
                "field.to_come cannot be written as JSON (TypeError)",
                "field has 'to_come', known are analyze_sentiment, partial_automated_agent_reply",
            ],
        ),
    ],
)
def test_dialogflow_config(config: object, expected: list[str]) -> None:
    assert rules(checks.dialogflow_config, config) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"octets", {1, 2}, {b"name": 1}, object(), 1j])
def test_values_without_a_json_form_are_refused_and_not_converted(value: object) -> None:
    kinds = {"ValueError", "TypeError"}
    for holder in (value, [value], {"a": {"b": value}}):
        (rule,) = rules(checks.json_value, holder)
        assert rule in {f"field cannot be written as JSON ({kind})" for kind in kinds}


def test_json_values_are_sent_unchanged() -> None:
    value = {"a": [1, 2.5, 2**70, True, None, "日本", ("b",)], "c": {}}
    assert rules(checks.json_value, value) == []


@pytest.mark.parametrize("check", [checks.secret_text, checks.client_state, checks.pairs])
def test_no_rule_shows_a_secret(check: Callable[[object, str, Findings], object]) -> None:
    secret = "s3cret!"
    values: list[Any] = [secret * 700, [secret], {"n": [secret]}, [{"name": "n", "value": {secret}}], secret.encode()]
    for value in values:
        assert secret not in "".join(rules(check, value))


def test_an_invalid_command_survives_pickling() -> None:
    findings = Findings("test")
    findings.wrong("field", "is empty")
    with pytest.raises(InvalidCommand, match="test was not sent: field is empty") as caught:
        findings.settle()
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (str(twin), twin.problems) == (str(caught.value), (CommandProblem("field", "is empty"),))
