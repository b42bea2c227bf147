"""Requests and answers as values, without any I/O."""

from __future__ import annotations

import contextlib
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.client import Access, Answer, Command, CommandResult, read_answer
from rtpcodec.client.answer import MAX_ANSWER_OCTETS
from rtpcodec.client.command import start_streaming, stop_streaming
from rtpcodec.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CommandError,
    CommandRefused,
    CommandUnreachable,
    InvalidCallControlId,
    InvalidClientState,
    InvalidCommand,
    PermissionRefused,
    RateLimited,
    RefusalReason,
    ResourceNotFound,
    RtpcodecError,
    StreamingFailed,
    StreamingInUse,
    StreamingNotInUse,
    UnreadableAnswer,
)
from rtpcodec.stream.plan import StreamPlan

ACCESS = Access.of("KEY0123456789_abcdefghij", "https://carrier.example/v2/")
STOP = stop_streaming("v3:x", command_id="once")


def read(
    status: int, body: Any, command: Command[CommandResult] = STOP, content_type: str | None = None
) -> CommandResult:
    octets = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = {"content-type": content_type} if content_type else {}
    return read_answer(command, Answer(status, headers, bytearray(octets)), ACCESS)


def refused(
    status: int, body: Any, command: Command[CommandResult] = STOP, content_type: str | None = None
) -> CommandRefused:
    with pytest.raises(CommandRefused) as caught:
        read(status, body, command, content_type)
    return caught.value


def test_request() -> None:
    request = ACCESS.request(STOP)
    assert (request.method, request.url) == ("POST", "https://carrier.example/v2/calls/v3:x/actions/streaming_stop")
    assert request.headers["Authorization"] == "Bearer KEY0123456789_abcdefghij"
    assert request.headers["Content-Type"] == request.headers["Accept"] == "application/json"
    assert request.body == b'{"command_id":"once"}'
    assert repr(request) == f"Request(method='POST', url={request.url!r})"


def test_access_falls_back_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEYenv")
    assert Access.of() == Access("https://api.telnyx.com/v2", "KEYenv")
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:1/v2")
    assert Access.of("KEYown").base_url == "http://127.0.0.1:1/v2"
    assert Access.of("KEYown", "https://own.example").base_url == "https://own.example"
    assert "KEYenv" not in repr(Access.of())


@pytest.mark.parametrize(
    ("key", "url", "problems"),
    [
        (None, None, ["api_key is missing: give it or set the environment variable TELNYX_API_KEY"]),
        ("", None, ["api_key is missing: give it or set the environment variable TELNYX_API_KEY"]),
        ("KEYsecret\n", None, ["api_key has a blank, control or non-ASCII character at position 9"]),
        ("Bearer KEYsecret", None, ["api_key has a blank, control or non-ASCII character at position 6"]),
        (b"KEYsecret", None, ["api_key is bytes, must be str"]),
        ("KEY", 5, ["base_url is int, must be str"]),
        ("KEY", "ftp://h/", ["base_url has another scheme than http or https"]),
        ("KEY", "https:///v2", ["base_url names no host"]),
        ("KEY", "https://h:port/v2", ["base_url is not a URL: its host or port cannot be read"]),
        ("KEY", "https://a..b/v2", ["base_url is not a URL: its host or port cannot be read"]),
        *(
            ("KEY", url, ["base_url has a user, a query, a fragment or a character that no URL has"])
            for url in ("https://u:secret@h/v2", "https://h/v2?key=secret", "https://h/#secret", "https://h/sec ret")
        ),
        ("", "", [
            "api_key is missing: give it or set the environment variable TELNYX_API_KEY",
            "base_url has another scheme than http or https",
        ]),
    ],
)  # fmt: skip
def test_impossible_access(key: Any, url: Any, problems: list[str]) -> None:
    with pytest.raises(InvalidCommand) as caught:
        Access.of(key, url)
    assert str(caught.value) == f"call control was not set up: {'; '.join(problems)}"
    assert "secret" not in str(caught.value)


def test_success() -> None:
    result = read(200, b'{"data":{"result":"ok","more":1},"other":[]}')
    assert (result.result, result.command_id) == ("ok", "once")
    assert result.raw == {"data": {"result": "ok", "more": 1}, "other": []}
    assert repr(result) == "CommandResult(result='ok', command_id='once')"


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b"", "the body (no content type) of 0 octets is not whole JSON"),
        (b'{"data":{"resu', "the body (no content type) of 14 octets is not whole JSON"),
        (b"<html>", "the body (no content type) of 6 octets is not whole JSON"),
        (b"\xff\xfe", "the body (no content type) of 2 octets is not whole JSON"),
        (b"[" * 100_000, "the body (no content type) of 100000 octets is not whole JSON"),
        (b"[]", "the body (no content type) of 2 octets is JSON of another shape"),
        (b'{"data":null}', "the body (no content type) of 13 octets is JSON of another shape"),
        (b'{"data":{"result":1}}', "the body (no content type) of 21 octets is JSON of another shape"),
        (b" " * (MAX_ANSWER_OCTETS + 1), "the body (no content type) has more than 1048576 octets"),
    ],
)
def test_a_success_with_an_unreadable_body(body: bytes, about: str) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read(200, body)
    assert str(caught.value) == (
        f"streaming_stop was answered with status 200, but without data.result: {about}; "
        "it probably took effect (command_id once)"
    )
    assert (caught.value.status, caught.value.command_id) == (200, "once")


ENTRY = {
    "code": "90034",
    "title": "Call has not been answered yet",
    "detail": "Answer it first.",
    "source": {"pointer": "/call_control_id"},
    "meta": {"url": "https://carrier.example/90034"},
}


def test_a_refusal_is_kept_whole() -> None:
    error = refused(422, {"errors": [ENTRY, {"code": "77777", "source": {"parameter": "page"}}]})
    assert type(error) is CallNotAnswered
    assert str(error) == (
        "streaming_stop was refused with status 422: 90034 Call has not been answered yet: Answer it first.: "
        "at /call_control_id; 77777: at page (command_id once)"
    )
    assert (error.status, error.code, error.title, error.detail, error.command_id) == (
        422,
        "90034",
        "Call has not been answered yet",
        "Answer it first.",
        "once",
    )
    assert error.errors == (
        RefusalReason(
            code="90034",
            title="Call has not been answered yet",
            detail="Answer it first.",
            pointer="/call_control_id",
            meta={"url": "https://carrier.example/90034"},
            source={"pointer": "/call_control_id"},
        ),
        RefusalReason(code="77777", parameter="page", source={"parameter": "page"}),
    )


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", AuthenticationFailed),
        (401, "77777", AuthenticationFailed),
        (400, "10009", AuthenticationFailed),
        (403, "10010", PermissionRefused),
        (403, "90018", PermissionRefused),
        (404, "10005", ResourceNotFound),
        (404, "77777", ResourceNotFound),
        (404, "90015", InvalidCallControlId),
        (429, "10011", RateLimited),
        (429, "90045", RateLimited),
        (422, "10011", CommandRefused),
        (422, "90015", InvalidCallControlId),
        (422, "90018", CallEnded),
        (422, "90034", CallNotAnswered),
        (422, "90045", StreamingInUse),
        (422, "90046", StreamingFailed),
        (500, "90046", StreamingFailed),
        (422, "90048", StreamingNotInUse),
        (422, "90017", InvalidClientState),
        (400, "10032", CommandRefused),
        (409, "77777", CommandRefused),
        (500, "10007", CommandRefused),
        (503, None, CommandRefused),
    ],
)
def test_the_status_decides_and_the_code_refines(status: int, code: str | None, kind: type[CommandRefused]) -> None:
    error = refused(status, {"errors": [{"code": code, "title": "T"}]})
    assert type(error) is kind
    assert (error.status, error.code, error.title) == (status, code, "T")


def test_the_first_known_code_decides_the_class() -> None:
    error = refused(422, {"errors": [{"code": "10015"}, {"code": 90018}]})
    assert type(error) is CallEnded
    assert [reason.code for reason in error.errors] == ["10015", "90018"]


def test_description_is_read_where_detail_is_missing() -> None:
    assert refused(422, {"errors": [{"code": "1", "description": "told"}]}).detail == "told"
    assert refused(422, {"errors": [{"detail": "first", "description": "second"}]}).detail == "first"
    assert refused(422, {"errors": [{"detail": "", "description": "second"}]}).detail == "second"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ([ENTRY], 1),
        ({"errors": [ENTRY, "text", None, 5, []]}, 1),
        ({"errors": [{}]}, 1),
        ({"errors": [{"code": True, "title": [], "detail": {}, "source": "x", "meta": 1}]}, 1),
        ({"errors": []}, 0),
        ({"errors": ENTRY}, 0),
        ({"errors": None}, 0),
        ({"message": "other"}, 0),
        ("text", 0),
        (None, 0),
        (b"", 0),
        (b"<html>busy</html>", 0),
        (b'{"errors":[{"code":"900', 0),
        (b"\xff", 0),
        (b"[" * 5000, 0),
        (b'{"errors":[' + b"1" * 5000 + b"]}", 0),
        (b" " * (MAX_ANSWER_OCTETS + 1), 0),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 429, 502])
def test_a_refusal_of_any_shape_goes_by_its_status(body: Any, count: int, status: int) -> None:
    error = refused(status, body)
    assert error.status == status
    assert len(error.errors) == count
    kinds: dict[int, type[CommandRefused]] = {401: AuthenticationFailed, 429: RateLimited}
    assert isinstance(error, kinds.get(status, CommandRefused))
    assert f"status {status}" in str(error)
    if not count:
        assert (error.code, error.title, error.detail) == (None, None, None)


def test_a_body_without_errors_is_described() -> None:
    error = refused(502, b"<html>busy</html>", content_type="text/html")
    assert str(error) == (
        "streaming_stop was refused with status 502: no readable errors: "
        "the body (text/html) of 17 octets is not whole JSON (command_id once)"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused(status: int) -> None:
    error = refused(status, b"")
    assert type(error) is CommandRefused
    assert str(error) == (
        f"streaming_stop was refused with status {status}: a redirect, which is not followed because it would carry "
        "the API key elsewhere; check base_url (command_id once)"
    )


def test_long_and_hostile_words_stay_one_short_line() -> None:
    error = refused(422, {"errors": [{"code": "1", "detail": "a\nb\x1b[31m\u2028" + "x" * 500}] * 1000})
    assert len(error.errors) == 1000
    assert len(str(error)) < 1200
    assert "; and 997 more" in str(error)
    assert str(error).isprintable()
    assert (error.detail or "").endswith("x" * 500)


SECRETS: dict[str, Any] = {
    "stream_auth_token": "tok+/hidden",
    "client_state": "aGlkZGVu",
    "custom_parameters": {"pin": "42", "who": "Zoë Hidden"},
}


def test_our_secrets_are_struck_out_of_the_carriers_words() -> None:
    start = start_streaming("v3:x", stream_url="wss://h/", **StreamPlan().command_fields(), **SECRETS)
    told = "no key KEY0123456789_abcdefghij, id KEY0123456789; tok+/hidden aGlkZGVu=? 42 of 1425: Zoë Hidden!"
    entry: dict[str, Any] = {
        "code": "42",
        "title": told,
        "detail": told,
        "source": {"pointer": told, "parameter": told},
    }
    error = refused(422, {"errors": [{**entry, "meta": {"echo": told}}]}, start)
    clean = "no key ***, id ***; *** ***=? *** of 1425: ***!"
    assert error.errors == (RefusalReason("42", clean, clean, clean, clean, {"echo": told}, entry["source"]),)
    for shown in (str(error), repr(error), repr(error.errors)):
        assert not any(secret in shown for secret in ("KEY0123", "abcdefghij", "hidden", "aGlkZGVu", "Zoë"))


def test_errors_survive_pickling() -> None:
    whole = refused(422, {"errors": [ENTRY]})
    lost = CommandUnreachable("nothing came", nothing_sent=True, command_id="once")
    odd = UnreadableAnswer("odd", status=200, command_id="once")
    for error in (whole, lost, odd):
        twin = pickle.loads(pickle.dumps(error))
        assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
        assert isinstance(twin, (CommandError, RtpcodecError))
    assert isinstance(lost, ConnectionError)
    assert isinstance(odd, ValueError)


@given(
    status=st.integers(200, 599), body=st.binary(max_size=80) | st.text('{}[]",:0e-ntrs ', max_size=40).map(str.encode)
)
def test_no_answer_raises_anything_undocumented(status: int, body: bytes) -> None:
    with contextlib.suppress(CommandRefused, UnreadableAnswer):
        assert isinstance(read(status, body), CommandResult)
