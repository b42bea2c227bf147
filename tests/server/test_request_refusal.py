"""`request_refusal`: the access control of other servers has the rules and log records of the endpoint."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from multidict import CIMultiDict

from rtpcodec.errors import EndpointError
from rtpcodec.server import external_websockets
from rtpcodec.server.call_log import RefusalLog
from rtpcodec.server.external_websockets import request_refusal

TOKEN = "Zm9v-very-secret"


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a full quota of log records."""
    monkeypatch.setattr(external_websockets, "_refusals", RefusalLog())


def status(authorize: Any, **headers: str) -> int | None:
    """Return the status of the refusal, if any."""
    given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    refusal = request_refusal(authorize, "/media?leg=1", given)
    return None if refusal is None else int(refusal.status)


@pytest.mark.parametrize("given", ["", TOKEN[:-1], TOKEN + "x", f"Bearer {TOKEN}", "\xe9", "\udce9"])
def test_only_the_right_token_passes(given: str) -> None:
    assert status(TOKEN, X_Telnyx_Streaming_Auth_Token=TOKEN) is None
    assert status(TOKEN, X_Telnyx_Streaming_Auth_Token=given) == 401
    assert status(TOKEN) == 401


@pytest.mark.parametrize("tokens", [["new", "old"], ("new", "old")], ids=["list", "tuple"])
def test_each_of_two_tokens_passes(tokens: Any) -> None:
    for token, expected in (("new", None), ("old", None), ("new, old", 401)):
        assert status(tokens, X_Telnyx_Streaming_Auth_Token=token) == expected


def test_a_function_gets_headers_and_target() -> None:
    asked: list[tuple[str, str]] = []

    def authorize(headers: Any, target: str) -> bool:
        asked.append((headers["x-key"], target))
        return bool(headers["X-KEY"] == "1")

    assert status(authorize, X_Key="1", Origin="https://page.example") is None
    assert status(authorize, X_Key="2") == 401
    assert asked == [("1", "/media?leg=1"), ("2", "/media?leg=1")]


@pytest.mark.parametrize("answer", [lambda: 1, lambda: None, lambda: 1 / 0, lambda: sys.exit(3)])
def test_a_failing_function_refuses(answer: Any) -> None:
    assert status(lambda _headers, _target: answer()) == 500


@pytest.mark.parametrize("origin", ["https://page.example", "null", ""])
def test_without_authorize_web_pages_are_refused(origin: str) -> None:
    assert status(None) is None
    assert status(None, Origin=origin) == 403


async def _async_authorize(_headers: Any, _target: str) -> bool:
    return True


@pytest.mark.parametrize("authorize", ["", [], [""], ["a", ""], 7, _async_authorize])
def test_an_authorize_that_would_let_strangers_pass_is_an_error(authorize: Any) -> None:
    with pytest.raises(EndpointError, match=r"^authorize "):
        status(authorize)


def test_refusals_are_logged_as_the_endpoint_does_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    headers = CIMultiDict({"x-telnyx-streaming-auth-token": "a wrong one"})
    for _ in range(3):
        refusal = request_refusal(TOKEN, "/media", headers, "192.0.2.7")
        assert refusal is not None
        assert refusal.body == b"not authorized"
    assert [record.getMessage() for record in caplog.records] == [
        "request refused: 401 Unauthorized, from 192.0.2.7: x-telnyx-streaming-auth-token has a wrong token"
    ]
