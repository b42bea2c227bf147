from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, Endpoint
from rtpcodec.server.call_log import RefusalLog
from rtpcodec.server.loop_lag import LoopLag
from tests.server.dialler import call, dial, get, raw, refused_with, run, until

TOKEN = "Zm9v-very-secret"


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def statuses(*dials: dict[str, Any], **options: Any) -> list[int]:
    """Return the status with which an endpoint answers each attempt to dial it."""
    found: list[int] = []

    async def main() -> None:
        async with rtpcodec.serve(listen, **options) as endpoint:
            for attempt in dials:
                at = attempt.pop("at", "/")
                found.append(await refused_with(f"ws://127.0.0.1:{endpoint.port}{at}", **attempt))
            refused = endpoint.statistics().calls_refused
            assert refused == len(found) - found.count(101)

    run(main)
    return found


def test_only_the_right_token_is_accepted() -> None:
    wrong = [{}, {"token": ""}, {"token": TOKEN[:-1]}, {"token": TOKEN + "x"}, {"token": f"Bearer {TOKEN}"}]
    assert statuses({"token": TOKEN}, *wrong, authorize=TOKEN) == [101, 401, 401, 401, 401, 401]


def test_a_token_beyond_ascii_is_refused_like_any_wrong_one() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint, raw(endpoint.port) as http:
            assert (await http.upgrade(x_telnyx_streaming_auth_token="\xe9")).startswith("HTTP/1.1 401 ")

    run(main)


@pytest.mark.parametrize("tokens", [["new", "old"], ("new", "old")], ids=["list", "tuple"])
def test_each_of_two_tokens_is_accepted_while_they_are_exchanged(tokens: Any) -> None:
    dials: list[dict[str, Any]] = [{"token": token} for token in ("new", "old", "newold", "new, old", "")]
    assert statuses(*dials, {}, authorize=tokens) == [101, 101, 401, 401, 401, 401]


def test_tokens_of_a_list_that_changes_later_stay() -> None:
    tokens = ["new", "old"]

    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=tokens) as endpoint:
            tokens.clear()
            assert await refused_with(endpoint.url) == 401
            assert await refused_with(endpoint.url, token="old") == 101

    run(main)


ORIGINS = ["https://evil.example", "http://127.0.0.1", "null", "file://", ""]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_web_page_cannot_open_a_call(origin: str) -> None:
    dials: list[dict[str, Any]] = [{"token": TOKEN, "headers": {"Origin": origin}}, {"token": TOKEN}]
    assert statuses(*dials, authorize=TOKEN) == [403, 101]
    assert statuses({"headers": {"Origin": origin}}, {}) == [403, 101]


@pytest.mark.parametrize("origin", ["https://app.example", "HTTPS://App.Example:443", "http://[::1]:3000"])
def test_a_web_page_of_an_allowed_origin_can(origin: str) -> None:
    sent = {"https://app.example": origin, "HTTPS://App.Example:443": "https://app.example"}.get(origin, origin)
    others = ["https://app.example.evil.example", "http://app.example", "https://app.example:8443", "null"]
    dials = [{"headers": {"Origin": value}} for value in (sent, *others)]
    assert statuses(*dials, {}, allowed_origins=[origin]) == [101, 403, 403, 403, 403, 101]


def test_a_web_page_cannot_open_an_invitation_and_can_read_the_health() -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            invitation = endpoint._invitations.add("v3:a", endpoint.url)
            page = {"Origin": "https://evil.example"}
            assert await refused_with(invitation.url, token=invitation.token, headers=page) == 403
            assert (await get(endpoint.port, "/healthz", **page))[0] == 200
            assert endpoint.statistics().origins_refused == 1
            assert await refused_with(invitation.url, token=invitation.token) == 101
            invitation.withdraw()

    run(main)


def test_a_function_authorizes_by_headers_and_path() -> None:
    asked: list[tuple[str, str | None]] = []

    def authorize(headers: Mapping[str, str], path: str) -> bool:
        asked.append((path, headers.get("X-Key")))
        return path.endswith("?key=1") and headers["x-KEY"] == "2"

    both = {"at": "/?key=1", "headers": {"X-Key": "2"}}
    assert statuses(both, {"headers": {"X-Key": "2"}}, authorize=authorize) == [101, 401]
    assert asked == [("/?key=1", "2"), ("/", "2")]


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        (lambda: 1, "authorize returned a value of type int, a bool is needed; the call is refused"),
        (lambda: None, "authorize returned a value of type NoneType, a bool is needed; the call is refused"),
        (lambda: 1 / 0, "authorize raised an exception; the call is refused"),
    ],
)
def test_a_failing_authorize_function_refuses_the_call(
    answer: Any, record: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert statuses({}, authorize=lambda _headers, _path: answer()) == [500]
    assert [found.getMessage() for found in caplog.records if found.levelno >= logging.ERROR] == [record]


def test_the_path_is_compared_without_its_query() -> None:
    paths = ["/media", "/media?token=1", "/", "/media/", "/Media", "/other"]
    assert statuses(*({"at": at} for at in paths), path="/media") == [101, 101, 404, 404, 404, 404]


def test_without_a_path_any_path_is_accepted() -> None:
    assert statuses({"at": "/"}, {"at": "/a/b?c"}, path=None) == [101, 101]


def test_the_path_is_checked_before_the_token() -> None:
    assert statuses({"at": "/other"}, authorize=TOKEN) == [404]


def test_health_checks_need_no_token_and_report_nothing_but_the_status() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN, path="/media") as endpoint:
            assert await get(endpoint.port, "/healthz") == (200, json.dumps({"status": "ok"}))
            async with dial(endpoint.url, token=TOKEN) as carrier:
                await carrier.start()
                await until(lambda: endpoint.calls)
                assert await get(endpoint.port, "/healthz?x=1") == (200, json.dumps({"status": "ok"}))
            await endpoint.drain()
            assert await get(endpoint.port, "/healthz") == (200, json.dumps({"status": "draining"}))
            assert endpoint.statistics().calls_refused == 0

    run(main)


async def readiness(endpoint: Endpoint) -> tuple[int, str]:
    status, body = await get(endpoint.port, "/readyz")
    return status, json.loads(body)["status"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_calls_cannot_have_the_path_of_a_check(path: str) -> None:
    with pytest.raises(EndpointError, match=rf"^path is '{path}', which answers .* checks; another one is needed$"):
        rtpcodec.serve(listen, path=path)


def test_readiness_and_room_say_whether_one_more_call_is_accepted() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN, max_calls=1) as endpoint:
            assert (endpoint.has_room, await readiness(endpoint)) == (True, (200, "ok"))
            async with dial(endpoint.url, token=TOKEN):
                await until(lambda: endpoint.statistics().calls_running)
                assert (endpoint.has_room, await readiness(endpoint)) == (False, (503, "full"))
                assert (await get(endpoint.port, "/healthz"))[0] == 200
            await until(lambda: not endpoint.statistics().calls_running)
            assert (endpoint.has_room, await readiness(endpoint)) == (True, (200, "ok"))
            await endpoint.drain()
            assert (endpoint.has_room, await readiness(endpoint)) == (False, (503, "draining"))
            assert endpoint.statistics().calls_refused == 0

    run(main)


def test_streams_that_were_requested_need_room() -> None:
    async def main() -> None:
        async with rtpcodec.serve(max_calls=2) as endpoint:
            first = endpoint._invitations.add("v3:a", endpoint.url)
            assert endpoint.has_room
            second = endpoint._invitations.add("v3:b", endpoint.url)
            assert not endpoint.has_room
            assert await readiness(endpoint) == (200, "ok")
            assert await refused_with(first.url, token=first.token) == 101
            endpoint._invitations.remove(second)
            first.withdraw()

    run(main)


def late(lag: LoopLag, lags_ms: list[float]) -> None:
    for lag_ms in lags_ms:
        lag.take(lag_ms)


def test_calls_are_refused_while_the_event_loop_stays_late() -> None:
    limit_ms = 3.6e6  # so that a busy machine decides nothing

    async def main() -> None:
        async with rtpcodec.serve(listen, lag_period_s=1.0, max_lag_ms=limit_ms) as endpoint:
            assert endpoint._lag is not None
            late(endpoint._lag, [limit_ms + 1] * 59)
            assert (endpoint.has_room, await refused_with(endpoint.url)) == (True, 101)
            late(endpoint._lag, [limit_ms + 1])
            assert (endpoint.has_room, await refused_with(endpoint.url)) == (False, 503)
            assert await readiness(endpoint) == (503, "late")
            assert endpoint.statistics().loop_lag_p99_ms == limit_ms + 1
            late(endpoint._lag, [limit_ms] * 60)
            assert (endpoint.has_room, await refused_with(endpoint.url)) == (True, 101)

    run(main)


def test_a_request_without_upgrade_is_refused() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN) as endpoint:
            assert (await get(endpoint.port, "/"))[0] == 401
            assert (await get(endpoint.port, "/", **{"x-telnyx-streaming-auth-token": TOKEN}))[0] == 400
            async with raw(endpoint.port) as http:
                http.write(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert (await http.reader.read()).startswith(b"HTTP/1.1 400 ")
            assert endpoint.statistics().calls_taken == 0

    run(main)


@pytest.mark.parametrize("connection", ["keep-alive, Upgrade", "upgrade,close", "UPGRADE"])
def test_proxies_may_add_to_the_connection_header(connection: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, raw(endpoint.port) as http:
            assert (await http.upgrade(Connection=connection)).startswith("HTTP/1.1 101 ")

    run(main)


def test_more_calls_than_allowed_are_refused() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, max_calls=2) as endpoint:
            async with call(endpoint.url), call(endpoint.url):
                assert await refused_with(endpoint.url) == 503
            await until(lambda: endpoint.statistics().calls_running == 0)
            assert await refused_with(endpoint.url) == 101

    run(main)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.org"])
def test_a_public_address_needs_authorization(host: str) -> None:
    with pytest.raises(EndpointError) as refusal:
        rtpcodec.serve(listen, host=host)
    assert str(refusal.value) == (
        f"host {host!r} can be reached from other machines and no authorize is given: "
        "pass authorize=TOKEN or a function, or listen on 127.0.0.1"
    )
    rtpcodec.serve(listen, host=host, authorize=TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_loopback_address_needs_no_authorization(host: str) -> None:
    rtpcodec.serve(listen, host=host)


def test_a_public_address_with_authorization_serves() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, host="0.0.0.0", authorize=TOKEN) as endpoint:
            assert endpoint.url == f"ws://0.0.0.0:{endpoint.port}/"
            assert await refused_with(f"ws://127.0.0.1:{endpoint.port}/") == 401
            assert await refused_with(f"ws://127.0.0.1:{endpoint.port}/", token=TOKEN) == 101

    run(main)


def test_refusals_are_logged_seldom_with_their_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = RefusalLog()
    for number in range(1000):
        log.refused(HTTPStatus.UNAUTHORIZED, 5.0 + number / 1000)
    log.refused(HTTPStatus.FORBIDDEN, 5.5)
    log.refused(HTTPStatus.UNAUTHORIZED, 6.0)
    log.refused(HTTPStatus.UNAUTHORIZED, 8.0)
    assert caplog.messages == [
        "request refused: 401 Unauthorized",
        "request refused: 403 Forbidden",
        "request refused: 401 Unauthorized, and 999 more since the last report",
        "request refused: 401 Unauthorized",
    ]


def test_refusals_name_the_address_and_the_rule(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpcodec.server")
    page = {"token": TOKEN, "headers": {"Origin": "https://evil.example\x20 forged"}}

    async def main() -> None:
        async with rtpcodec.serve(listen, authorize=TOKEN, path="/media", max_calls=1) as endpoint:
            at = f"ws://127.0.0.1:{endpoint.port}"
            assert await refused_with(f"{at}/other", token=TOKEN) == 404
            assert await refused_with(endpoint.url, **page) == 403
            assert await refused_with(endpoint.url) == 401
            assert (await get(endpoint.port, "/media", **{"x-telnyx-streaming-auth-token": TOKEN}))[0] == 400
            async with dial(endpoint.url, token=TOKEN):
                await until(lambda: endpoint.statistics().calls_running)
                assert await refused_with(endpoint.url, token=TOKEN) == 503
        async with rtpcodec.serve(listen, authorize=lambda _headers, _path: False) as endpoint:
            assert await refused_with(endpoint.url) == 401

    run(main)
    assert [text.partition("refused: ")[2] for text in caplog.messages if "refused" in text] == [
        "404 Not Found, from 127.0.0.1: its path is neither `path` nor that of a requested stream",
        "403 Forbidden, from 127.0.0.1: origin https://evil.example??forged is not among allowed_origins",
        "401 Unauthorized, from 127.0.0.1: x-telnyx-streaming-auth-token is missing",
        "400 Bad Request, from 127.0.0.1: it does not request a WebSocket",
        "503 Service Unavailable, from 127.0.0.1: max_calls=1 calls run",
        "401 Unauthorized, from 127.0.0.1: authorize returned False",
    ]


def test_logs_contain_no_token_and_no_path(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    logging.getLogger("websockets.client").setLevel(logging.WARNING)
    try:
        with_token = {"token": TOKEN, "at": "/media?key=key-1234"}
        assert statuses(with_token, {"token": "wrong-5678"}, path="/media", authorize=TOKEN) == [101, 404]
        assert statuses({"token": "wrong-5678"}, authorize=TOKEN) == [401]
    finally:
        logging.getLogger("websockets.client").setLevel(logging.NOTSET)
    refused = "request refused: 401 Unauthorized, from 127.0.0.1: x-telnyx-streaming-auth-token has a wrong token"
    assert refused in caplog.messages
    assert not [word for word in (TOKEN, "wrong-5678", "key-1234") if word in caplog.text]
