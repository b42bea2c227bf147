"""No piece of an answer shows the API key or a secret of the command."""

from __future__ import annotations

import base64
import time
import traceback
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from rtpcodec.client import Access, Answer, Command, CommandAttempts, Retry, read_answer
from rtpcodec.client.command import dial, hangup
from rtpcodec.client.redaction import STRUCK, Redaction
from rtpcodec.errors import CommandRefused, CommandUnreachable, UnreadableAnswer

KEY = "KEY0123456789_abc+efghij"
ACCESS = Access.of(KEY, "http://127.0.0.1:1/v2")
SPELLINGS = {
    "plain": KEY,
    "bearer": f"Bearer {KEY}",
    "id": "KEY0123456789",
    "lower case": KEY.lower(),
    "percent-encoded": quote(f"Bearer {KEY}"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of bearer": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 of basic": base64.b64encode(f"user:{KEY}:".encode()).decode(),
    "URL-safe base64": base64.urlsafe_b64encode(f"??{KEY}??".encode()).decode(),
}


def shown(error: BaseException) -> str:
    return "".join([*traceback.format_exception(error), repr(error), repr(getattr(error, "errors", ""))])


def refusal(body: bytes, **headers: str) -> CommandRefused:
    command = hangup("v3:x", command_id="once")
    with pytest.raises(CommandRefused) as caught:
        read_answer(command, Answer(400, headers, bytearray(body)), ACCESS)
    assert (caught.value.status, caught.value.command_id) == (400, "once")
    return caught.value


def is_clean(words: str) -> bool:
    plain = words.lower()
    return not any(spelling.lower() in plain for spelling in SPELLINGS.values())


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_member_of_an_error(name: str) -> None:
    told = f"a {SPELLINGS[name]} b"
    entry = {
        "code": told,
        "title": told,
        "detail": told,
        "meta": {"url": told, told: [{"deep": told}]},
        "source": {"pointer": told, "parameter": told, "more": told},
    }
    error = refusal(msgspec.json.encode({"errors": [entry]}))
    assert is_clean(shown(error))
    assert error.code is not None
    assert STRUCK in error.code


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_content_type(name: str) -> None:
    assert is_clean(shown(refusal(b"<html>", **{"content-type": f"text/{SPELLINGS[name]}"})))


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize(
    "command", [hangup("v3:x", command_id="once"), dial(to="+1", from_="+2", connection_id="3", command_id="once")]
)
def test_an_outcome_with_the_key_is_not_one(name: str, command: Command[Any]) -> None:
    body = msgspec.json.encode({"data": {"result": SPELLINGS[name], "call_control_id": SPELLINGS[name]}})
    with pytest.raises(UnreadableAnswer, match="with the API key in data; it probably took effect") as caught:
        read_answer(command, Answer(200, {}, bytearray(body)), ACCESS)
    assert is_clean(shown(caught.value))
    assert (caught.value.status, caught.value.command_id) == (200, "once")


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_loss_and_its_cause(name: str) -> None:
    attempts = CommandAttempts(hangup("v3:x"), ACCESS, Retry(0))
    root = ValueError(f"illegal header {SPELLINGS[name]!r}")
    cause = RuntimeError("no answer")
    cause.__cause__ = root
    for _ in attempts:
        attempts.lost(f"ProxyError: 407 {SPELLINGS[name]}", nothing_sent=True, cause=cause)
    with pytest.raises(CommandUnreachable, match=r"ProxyError: 407 .*\*\*\*") as caught:
        attempts.result()
    assert is_clean(shown(caught.value))


def test_a_clean_cause_is_kept() -> None:
    attempts = CommandAttempts(hangup("v3:x"), ACCESS, Retry(0))
    cause = RuntimeError("no answer")
    for _ in attempts:
        attempts.lost("ReadTimeout", nothing_sent=False, cause=cause)
    with pytest.raises(CommandUnreachable) as caught:
        attempts.result()
    assert caught.value.__cause__ is cause


def test_words_that_only_resemble_secrets_stay() -> None:
    redaction = Redaction([KEY], ["1", "state"])
    assert redaction.words("1 of 11 states: keyboard, state") == "*** of 11 states: keyboard, ***"
    assert Redaction([""]).words("nothing to strike") == "nothing to strike"


def test_a_secret_of_megabytes_is_struck_at_once() -> None:
    secret = "+" * (1 << 20)
    before_s = time.process_time()
    assert Redaction([KEY], [secret, "moved"]).words(f"{KEY} {secret} moved") == "*** *** ***"
    assert time.process_time() - before_s < 5
