"""`send_dtmf` and `client_state_update`: checked before anything is sent, digits never shown."""

from __future__ import annotations

from typing import Any

import pytest

from rtpcodec.client import Access, Answer, CommandAttempts, CommandResult, Retry, read_answer
from rtpcodec.client.command import Command, action, send_dtmf, update_client_state
from rtpcodec.errors import CommandRefused, InvalidCommand

ACCESS = Access.of("KEY0123456789_abcdefghij", "https://carrier.example/v2")
PIN = "4711*08#15"


def problems(make: Any, **given: Any) -> list[str]:
    with pytest.raises(InvalidCommand) as caught:
        make("v3:x", **given)
    assert PIN not in f"{caught.value} {caught.value!r}"
    return [str(problem) for problem in caught.value.problems]


def test_all_keys_and_pauses_in_the_documented_order() -> None:
    command = send_dtmf(
        "v3:x", command_id="once", client_state=b"test", duration_millis=100, digits="0123456789ABCD*#wW"
    )
    assert (command.name, command.method, command.path) == ("send_dtmf", "POST", "/calls/v3:x/actions/send_dtmf")
    assert list(command.body.items()) == [
        ("digits", "0123456789ABCD*#wW"),
        ("duration_millis", 100),
        ("client_state", "dGVzdA=="),
        ("command_id", "once"),
    ]


@pytest.mark.parametrize(
    ("digits", "rule"),
    [
        (None, "is missing"),
        ("", "is empty"),
        (PIN + "a", "has a character at position 10 that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)"),
        ("1 2", "has a character at position 1 that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)"),
        ("E", "has a character at position 0 that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)"),
        ("\u0661", "has a character at position 0 that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)"),
        ("1\ud800", "has a lone surrogate at position 1, which UTF-8 cannot carry"),
        (5, "is int, must be str"),
        (b"5", "is bytes, must be str"),
    ],
)
def test_digits(digits: object, rule: str) -> None:
    assert problems(send_dtmf, digits=digits) == [f"digits {rule}"]


@pytest.mark.parametrize(
    ("duration", "rule"),
    [
        (99, "is 99, must be 100 to 500 ms"),
        (501, "is 501, must be 100 to 500 ms"),
        (250.0, "is float, must be int"),
        (True, "is bool, must be int"),
        ("250", "is str, must be int"),
    ],
)
def test_duration(duration: object, rule: str) -> None:
    assert problems(send_dtmf, digits=PIN, duration_millis=duration) == [f"duration_millis {rule}"]


def test_all_errors_at_once_without_the_digits() -> None:
    assert problems(send_dtmf, digits=PIN + "x", duration_millis=0, client_state="?") == [
        "digits has a character at position 10 that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)",
        "duration_millis is 0, must be 100 to 500 ms",
        "client_state is not base64 (standard alphabet, padded); give bytes to have them encoded",
    ]


def refusal_of(command: Command[CommandResult], detail: str) -> CommandRefused:
    body = b'{"errors":[{"code":"10032","title":"Invalid","detail":"%s"}]}' % detail.encode()
    with pytest.raises(CommandRefused) as caught:
        read_answer(command, Answer(422, {}, bytearray(body)), ACCESS)
    return caught.value


@pytest.mark.parametrize("make", [send_dtmf, lambda call, **given: action(call, "send_dtmf", **given)])
def test_digits_are_never_shown(make: Any) -> None:
    command = make("v3:x", digits=PIN)
    attempts = CommandAttempts(command, ACCESS, Retry())
    attempts.lost("ReadTimeout", nothing_sent=False)
    refusal = refusal_of(command, f"digits {PIN} are invalid")
    shown = [command, attempts.request, attempts, refusal, refusal.errors, f"{refusal}"]
    assert not [each for each in shown if PIN in repr(each)]
    assert "digits *** are invalid" in str(refusal)


def test_a_misspelt_field_names_the_right_one() -> None:
    misspelt: Any = {"digits": "1", "duration_milis": 100}
    with pytest.raises(TypeError, match="unexpected keyword argument 'duration_milis'; 'duration_millis' is one"):
        send_dtmf("v3:x", **misspelt)


def test_a_client_state_is_put_without_a_command_id() -> None:
    command = update_client_state("v3:x", client_state=b"test")
    assert (command.method, command.path) == ("PUT", "/calls/v3:x/actions/client_state_update")
    assert command.body == {"client_state": "dGVzdA=="}
    assert ACCESS.request(command).method == "PUT"
    assert len(command.command_id) == 36
    assert command.secrets == ("dGVzdA==",)


def test_the_client_state_is_needed_and_checked() -> None:
    assert problems(update_client_state) == ["client_state is missing"]
    assert problems(update_client_state, client_state="?") == [
        "client_state is not base64 (standard alphabet, padded); give bytes to have them encoded"
    ]


@pytest.mark.parametrize(
    ("name", "method"), [("client_state_update", "PUT"), ("transfer", "POST"), ("an_action_to_come", "POST")]
)
def test_the_method_of_an_action(name: str, method: str) -> None:
    assert action("v3:x", name).method == method


def test_a_command_id_that_is_given_is_sent_with_any_method() -> None:
    command = action("v3:x", "client_state_update", client_state="", command_id="once")
    assert (command.command_id, command.body) == ("once", {"client_state": "", "command_id": "once"})
