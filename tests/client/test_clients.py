"""The same tests for the blocking and the async client, against a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rtpcodec.client import AsyncCallControl, CallControl, CommandResult, DialedCall, Retry
from rtpcodec.client.answer import MAX_ANSWER_OCTETS
from rtpcodec.client.command import hangup
from rtpcodec.errors import (
    AuthenticationFailed,
    CommandRefused,
    CommandUnreachable,
    CommandWarning,
    InvalidCommand,
    RateLimited,
    UnreadableAnswer,
)
from tests.client.conftest import SUCCESS, RecordingCarrier, write

KEY = "KEY0123456789_abcdefghij"
FIELDS: dict[str, Any] = {
    "stream_url": "wss://media.example.com/ws",
    "stream_track": "both_tracks",
    "stream_codec": "PCMA",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "L16",
    "stream_bidirectional_sampling_rate": 16000,
    "stream_bidirectional_target_legs": "self",
    "stream_auth_token": "tok_example",
    "custom_parameters": [{"name": "tenant", "value": "t1"}],
    "enable_dialogflow": False,
    "dialogflow_config": {"analyze_sentiment": False, "partial_automated_agent_reply": True},
    "client_state": "eyJzIjoxfQ==",
    "command_id": "7d8c5f0e-3f1c-4c57-9f0d-0f4f6a0c1a11",
}

AUDIBLE: dict[str, Any] = {"stream_bidirectional_mode": "rtp", "stream_bidirectional_target_legs": "self"}
"""Mode and legs with which a caller hears the app; without them a command is sent with warnings."""

Order = Callable[..., CommandResult]


def blocking(method: str, *args: Any, settings: dict[str, Any], **fields: Any) -> CommandResult:
    with CallControl(KEY, **settings) as control:
        result = getattr(control, method)(*args, **fields)
    assert isinstance(result, CommandResult)
    return result


def awaited(method: str, *args: Any, settings: dict[str, Any], **fields: Any) -> CommandResult:
    async def main() -> CommandResult:
        async with AsyncCallControl(KEY, **settings) as control:
            result = await getattr(control, method)(*args, **fields)
        assert isinstance(result, CommandResult)
        return result

    return asyncio.run(main())


@pytest.fixture(params=[blocking, awaited])
def send(request: pytest.FixtureRequest, carrier: RecordingCarrier) -> Order:
    """Send one command to the carrier of this test."""
    client: Order = request.param

    def order(method: str, *args: Any, settings: dict[str, Any] | None = None, **fields: Any) -> CommandResult:
        return client(
            method, *args, settings={"base_url": carrier.url, "retry": Retry(retries=0), **(settings or {})}, **fields
        )

    return order


def test_start_carries_every_field(send: Order, carrier: RecordingCarrier) -> None:
    result = send("start_streaming", "v3:EXAMPLE-abc_123", **FIELDS)
    assert (result.result, result.command_id) == ("ok", FIELDS["command_id"])
    (received,) = carrier.received
    assert (received.method, received.path) == ("POST", "/v2/calls/v3:EXAMPLE-abc_123/actions/streaming_start")
    assert msgspec.json.decode(received.body) == FIELDS
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["content-type"] == received.headers["accept"] == "application/json"


def test_stop_carries_every_field(send: Order, carrier: RecordingCarrier) -> None:
    send("stop_streaming", "v3:x", stream_id="s-1", client_state=b"test", extra_body={"more": 1})
    (received,) = carrier.received
    assert received.path == "/v2/calls/v3:x/actions/streaming_stop"
    body = msgspec.json.decode(received.body)
    assert len(body.pop("command_id")) == 36
    assert body == {"stream_id": "s-1", "client_state": "dGVzdA==", "more": 1}


@pytest.mark.parametrize(
    ("order", "fields", "action"),
    [
        (("answer", "v3:x"), {"stream_url": "wss://h/", **AUDIBLE, "send_silence_when_idle": True}, "answer"),
        (("hangup", "v3:x"), {"reason": "elsewhere"}, "hangup"),
        (("send_dtmf", "v3:x"), {"digits": "1w2W#", "duration_millis": 500, "client_state": "dGVzdA=="}, "send_dtmf"),
        (("command", "v3:x", "transfer"), {"to": "+15550100"}, "transfer"),
        (("command", "v3:x", "bridge"), {"call_control_id": "v3:y", "action": "a", "name": "n"}, "bridge"),
    ],
)
def test_the_commands_around_a_stream(
    send: Order, carrier: RecordingCarrier, order: tuple[str, ...], fields: dict[str, Any], action: str
) -> None:
    assert send(*order, command_id="once", **fields).result == "ok"
    (received,) = carrier.received
    assert (received.method, received.path) == ("POST", f"/v2/calls/v3:x/actions/{action}")
    assert msgspec.json.decode(received.body) == {**fields, "command_id": "once"}


@pytest.mark.parametrize("order", [("update_client_state", "v3:x"), ("command", "v3:x", "client_state_update")])
def test_a_client_state_is_put(send: Order, carrier: RecordingCarrier, order: tuple[str, ...]) -> None:
    assert send(*order, client_state=b"test").result == "ok"
    (received,) = carrier.received
    assert (received.method, received.path) == ("PUT", "/v2/calls/v3:x/actions/client_state_update")
    assert msgspec.json.decode(received.body) == {"client_state": "dGVzdA=="}


def test_a_dialed_call_comes_back_with_its_ids(carrier: RecordingCarrier) -> None:
    carrier.answer(200, b'{"data":{"call_control_id":"v3:new","call_leg_id":"l","call_session_id":"s"}}')
    ends: dict[str, Any] = {"to": "+15550100", "from_": "+15550101", "connection_id": "c-1"}
    with CallControl(KEY, base_url=carrier.url) as control:
        call = control.dial(**ends, command_id="once")

    async def main() -> DialedCall:
        async with AsyncCallControl(KEY, base_url=carrier.url) as control:
            return await control.dial(**ends, command_id="once")

    assert call == asyncio.run(main())
    assert (call.call_control_id, call.call_leg_id, call.call_session_id) == ("v3:new", "l", "s")
    assert [msgspec.json.decode(each.body) for each in carrier.received] == [
        {"to": "+15550100", "from": "+15550101", "connection_id": "c-1", "command_id": "once"}
    ] * 2


def test_connections_are_used_again_and_a_command_can_be(carrier: RecordingCarrier) -> None:
    order = hangup("v3:x")
    ports = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        ports.append(handler.client_address[1])
        write(handler, 200, SUCCESS)

    carrier.respond = respond
    with CallControl(KEY, base_url=carrier.url) as control:
        results = [control.send(order) for _ in range(3)]
    assert len(set(ports)) == 1
    assert {result.command_id for result in results} == {order.command_id}
    assert len({each.body for each in carrier.received}) == 1


def test_a_repeat_carries_the_same_command_id(send: Order, carrier: RecordingCarrier) -> None:
    def busy_once(handler: BaseHTTPRequestHandler) -> None:
        first = len(carrier.received) == 1
        write(handler, 429 if first else 200, b"" if first else SUCCESS, retry_after_ms="1")

    carrier.respond = busy_once
    assert send("stop_streaming", "v3:x", settings={"retry": Retry()}).result == "ok"
    assert len(carrier.received) == 2
    assert len({each.body for each in carrier.received}) == 1


def test_a_strange_id_stays_one_segment_on_the_wire(send: Order, carrier: RecordingCarrier) -> None:
    send("stop_streaming", "a/../b?c#d e%2Fü")
    assert carrier.received[0].path == "/v2/calls/a%2F..%2Fb%3Fc%23d%20e%252F%C3%BC/actions/streaming_stop"


def test_wrong_fields_never_leave(send: Order, carrier: RecordingCarrier) -> None:
    with pytest.raises(InvalidCommand, match="stream_url has the scheme 'http', ws or wss is needed"):
        send("start_streaming", "v3:x", stream_url="http://h/")
    with pytest.raises(InvalidCommand, match="call_control_id is empty"):
        send("stop_streaming", "")
    with pytest.raises(InvalidCommand, match="stream_codec is 'EVS'"):
        send("start_streaming", "v3:x", strict=True, stream_url="wss://h/", stream_codec="EVS")
    assert carrier.received == []


def test_a_warning_is_sent_and_names_the_callers_line(send: Order, carrier: RecordingCarrier) -> None:
    with pytest.warns(CommandWarning, match="stream_codec is 'EVS'") as caught:
        send("start_streaming", "v3:x", stream_url="wss://h/", stream_codec="EVS", **AUDIBLE)
    (line,) = [Path(__file__).read_text().splitlines()[each.lineno - 1] for each in caught]
    assert caught[0].filename == __file__
    assert "getattr(control, method)" in line
    assert msgspec.json.decode(carrier.received[0].body)["stream_codec"] == "EVS"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"errors":[{"code":"10009","title":"Authentication failed"}]}', (AuthenticationFailed, "10009 Auth")),
        (429, b'{"errors":[{"code":"10011","title":"Too many requests"}]}', (RateLimited, "10011 Too many")),
        (422, b'{"errors":[{"code":"12345","description":"new"}]}', (CommandRefused, "422: 12345: new")),
        (502, b"<html>", (CommandRefused, "of 6 octets is not whole JSON")),
        (500, b"", (CommandRefused, "of 0 octets is not whole JSON")),
        (500, b" " * (MAX_ANSWER_OCTETS + 1), (CommandRefused, "has more than 1048576 octets")),
        (200, b" " * (MAX_ANSWER_OCTETS + 1), (UnreadableAnswer, "has more than 1048576 octets")),
        (200, b'{"data":', (UnreadableAnswer, "of 8 octets is not whole JSON")),
        (204, b"", (UnreadableAnswer, "of 0 octets is not whole JSON")),
    ],
)
def test_answers_other_than_success(
    send: Order, carrier: RecordingCarrier, status: int, body: bytes, error: tuple[type[CommandRefused], str]
) -> None:
    kind, told = error
    carrier.answer(status, body)
    with pytest.raises(kind, match=told) as caught:
        send("start_streaming", "v3:x", **FIELDS)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.command_id) == (status, FIELDS["command_id"])


@pytest.mark.parametrize("location", ["http://256.1.1.1/", "http://xn--/"])
def test_a_redirect_to_nowhere_is_refused_or_leaves_the_outcome_unknown(
    send: Order, carrier: RecordingCarrier, location: str, http_library: str
) -> None:
    """Although redirects are not followed, httpx reads the address and fails; httpx2 since 2.16 does not."""
    release = [int(part) for part in version(http_library).split(".")[:2]]
    kind, told = (
        (CommandRefused, "status 302: a redirect, which is not followed")
        if http_library == "httpx2" and release >= [2, 16]
        else (CommandUnreachable, "whether it took effect is unknown")
    )
    carrier.answer(302, b"", Location=location)
    with pytest.raises(kind, match=told):
        send("stop_streaming", "v3:x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(send: Order, carrier: RecordingCarrier, status: int) -> None:
    carrier.answer(status, b"", Location=f"{carrier.url}/elsewhere")
    with pytest.raises(CommandRefused, match=f"status {status}: a redirect, which is not followed"):
        send("stop_streaming", "v3:x")
    assert len(carrier.received) == 1


def test_a_compressed_answer_is_not_inflated(send: Order, carrier: RecordingCarrier) -> None:
    carrier.answer(500, b"\x1f\x8b\x08", Content_Encoding="gzip")
    with pytest.raises(CommandRefused, match="of 3 octets is not whole JSON"):
        send("stop_streaming", "v3:x")
    assert carrier.received[0].headers["accept-encoding"] == "identity"


def cut_short(handler: BaseHTTPRequestHandler, status: int) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"errors":[')
    handler.close_connection = True


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (200, UnreadableAnswer)])
def test_the_status_holds_when_the_body_breaks_off(
    send: Order, carrier: RecordingCarrier, status: int, kind: type[Exception]
) -> None:
    carrier.respond = lambda handler: cut_short(handler, status)
    with pytest.raises(kind, match="of 11 octets is not whole JSON"):
        send("stop_streaming", "v3:x")


def test_a_body_that_arrives_slowly_ends_at_the_timeout(send: Order, carrier: RecordingCarrier) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(500)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not carrier.released.wait(0.02):
            handler.wfile.write(b" ")

    carrier.respond = drip
    before_s = time.monotonic()
    with pytest.raises(CommandRefused, match="is not whole JSON"):
        send("stop_streaming", "v3:x", settings={"timeout_s": 0.6})
    assert time.monotonic() - before_s < 5


def test_a_hanging_carrier_leaves_the_outcome_unknown(send: Order, carrier: RecordingCarrier) -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        carrier.released.wait(20)

    carrier.respond = hang
    with pytest.raises(CommandUnreachable) as caught:
        send("start_streaming", "v3:x", settings={"timeout_s": 0.2}, **FIELDS)
    assert str(caught.value) == (
        f"streaming_start got no answer from 127.0.0.1:{carrier.server_port} (ReadTimeout); whether it took effect is "
        f"unknown (command_id {FIELDS['command_id']})"
    )
    assert (caught.value.nothing_sent, caught.value.command_id) == (False, FIELDS["command_id"])


@pytest.mark.parametrize("octets", [b"", b"SSH-2.0-nonsense\r\n\r\n"])
def test_a_connection_without_an_http_answer(send: Order, carrier: RecordingCarrier, octets: bytes) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(octets)
        handler.close_connection = True

    carrier.respond = hang_up
    with pytest.raises(
        CommandUnreachable, match=r"\(RemoteProtocolError\); whether it took effect is unknown"
    ) as caught:
        send("stop_streaming", "v3:x")
    assert not caught.value.nothing_sent


def test_a_refused_connection_has_sent_nothing(send: Order) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(CommandUnreachable) as caught:
            send("stop_streaming", "v3:x", command_id="once", settings={"base_url": f"http://127.0.0.1:{port}"})
    assert str(caught.value).startswith(f"streaming_stop found no connection to 127.0.0.1:{port} (ConnectError: ")
    assert str(caught.value).endswith("; nothing was sent (command_id once)")
    assert (caught.value.nothing_sent, caught.value.command_id) == (True, "once")


def test_failed_tls_has_sent_nothing(send: Order, carrier: RecordingCarrier) -> None:
    with pytest.raises(CommandUnreachable, match="nothing was sent") as caught:
        send("stop_streaming", "v3:x", settings={"base_url": carrier.url.replace("http:", "https:")})
    assert caught.value.nothing_sent
    assert carrier.received == []


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(send: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert send("stop_streaming", "v3:x").result == "ok"


SECRET_FIELDS: dict[str, Any] = {
    **FIELDS,
    "stream_auth_token": "tok_hidden",
    "client_state": "aGlkZGVu",
    "custom_parameters": {"who": "Hidden Name"},
}
SECRETS = (KEY, "KEY0123456789", "abcdefghij", "tok_hidden", "aGlkZGVu", "Hidden Name")


@pytest.mark.parametrize("status", [200, 204, 302, 401, 422, 502, None])
def test_no_secret_is_shown_anywhere(
    send: Order, carrier: RecordingCarrier, caplog: pytest.LogCaptureFixture, status: int | None
) -> None:
    caplog.set_level(logging.DEBUG)
    told = " ".join(SECRETS)
    entry = {
        "code": "1",
        "title": told,
        "detail": told,
        "source": {"pointer": told, "parameter": told},
        "meta": {"m": told},
    }

    def echo(handler: BaseHTTPRequestHandler) -> None:
        if status is None:
            handler.wfile.write(told.encode())
        else:
            handler.send_response(status)
            body = (
                b""
                if status == 204
                else msgspec.json.encode({"errors": [entry], "data": {"result": "ok", "echo": told}})
            )
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        handler.close_connection = True

    carrier.respond = echo
    shown: list[object] = []
    try:
        shown.append(send("start_streaming", "v3:x", **SECRET_FIELDS))
    except (CommandRefused, CommandUnreachable, UnreadableAnswer) as error:
        shown += [error, traceback.format_exception(error), getattr(error, "errors", ())]
    assert carrier.received
    assert caplog.records, "the HTTP library logs at this level"
    log = "".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    for words in (*map(str, shown), *map(repr, shown), log):
        assert not [secret for secret in SECRETS if secret in words]


def test_a_control_never_shows_its_key(http_library: str) -> None:
    with CallControl(KEY, base_url="http://127.0.0.1:1/v2/") as control:
        assert repr(control) == str(control) == "CallControl(api_key=***, base_url='http://127.0.0.1:1/v2')"
    assert repr(AsyncCallControl(KEY)) == "AsyncCallControl(api_key=***, base_url='https://api.telnyx.com/v2')"
